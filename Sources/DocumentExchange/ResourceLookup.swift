import ExchangeCore
import FHIRModel
import JSON

/// Finds what a resource refers to: contained in it, or beside it in the same Bundle.
struct ResourceLookup {
    /// The resource whose contained ones count.
    var container: JSONObject
    /// Resources of the Bundle by fullUrl.
    var beside: [String: JSONObject] = [:]

    func resource(_ reference: FHIRReference?) -> JSONObject? {
        switch reference?.target {
        case .contained(let id):
            (container["contained"]?.items ?? []).first { $0["id"]?.string.map { same($0, id) } ?? false }?.object
        case .urn, .absolute, .relative, .other: reference?.reference.flatMap { beside[$0] }
        case nil: nil
        }
    }
}

import ExchangeCore
import HTTPTypes
import Transactions

/// The header `X-Emergency-Reason`: why the glass is broken, percent-encoded UTF-8, for a token that does not say.
enum EmergencyHeader {
    /// The reason; nil when there is no such header, refused when there are two or it cannot be read.
    static func reason(_ headers: HTTPFields) throws(EdgeRefusal) -> String? {
        let values = headers[values: .emergencyReason]
        guard let value = values.first else { return nil }
        guard values.count == 1, value.utf8.count <= 3 * EmergencyAccess.reasonBytes.upperBound else {
            throw .exchange(ExchangeError(.badRequest, "X-Emergency-Reason is one header of 500 bytes at the most"))
        }
        do {
            return try PercentEncoding.decode(Array(value.utf8)[...], plusIsSpace: false)
        } catch {
            throw .exchange(error)
        }
    }
}

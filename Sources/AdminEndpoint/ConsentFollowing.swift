import ConsentEngine
import ExchangeCore
import JSON
import Transactions

extension AdminService {
    /// A directive with how it stands at every other community; or, when it came from one, where it was recorded.
    func following(_ version: ConsentVersion, _ shown: JSONValue) async throws -> JSONValue {
        guard var object = shown.object else { return shown }
        if let origin = version.directive.origin {
            object["origin"] = [
                "community": .string(origin.community.urn), "directive": .string(origin.directive.description),
                "version": .number(String(origin.version)),
            ]
            return .object(object)
        }
        object["communities"] = .array(try await exchange.standings(of: version.id).map { .object(Self.row($0)) })
        return .object(object)
    }

    private static func row(_ standing: ConsentStanding) -> JSONObject {
        var row: JSONObject = [
            "community": .string(standing.community.urn), "name": .string(standing.name),
            "state": .string(standing.state.word),
        ]
        switch standing.state {
        case .inForce(let since, let remark):
            row["since"] = .string(since.description)
            row["reason"] = remark.map { .string($0) }
        case .pending(let why), .refused(let why): row["reason"] = .string(why)
        case .none: break
        }
        row["earlierVersion"] = standing.earlier.map { .number(String($0)) }
        return row
    }
}

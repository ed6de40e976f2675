import ExchangeCore
import GossipDirectory
import JSON
import Transactions
import Trust

extension AdminService {
    func directoryRecords() -> AdminAnswer {
        let rows = exchange.directory.communities(at: exchange.world.now())
        return AdminAnswer(["communities": .array(rows.map { .object(summary($0)) })])
    }

    func directoryRecord(_ call: AdminCall) throws -> AdminAnswer {
        let community = try call.community()
        let rows = exchange.directory.communities(at: exchange.world.now())
        guard let row = rows.first(where: { $0.community == community }) else {
            throw ExchangeError(.notFound, "nothing is known of that community; see hie directory list")
        }
        var object = summary(row)
        if let statement = row.record?.statement {
            object["issued"] = .string(statement.issued.description)
            object["sequence"] = .number(String(statement.sequence))
            object["epoch"] = .number(String(statement.epoch))
            object["identifiers"] = .array(statement.profile.identifiers.map { .string($0.urn) })
            object["capabilities"] = .array(statement.profile.capabilities.map { .string($0) })
            object["keys"] = .array(statement.keys.map { .string($0.text) })
        }
        if let grant = row.admission?.grant {
            object["admission"] = [
                "organization": .string(grant.organization), "network": .string(grant.network.text),
                "issued": .string(grant.issued.description), "expires": .string(grant.expires.description),
            ]
        }
        object["record"] = row.record.map { .string($0.token.compact) }
        return AdminAnswer(.object(object))
    }

    private func summary(_ row: DirectoryCommunity) -> JSONObject {
        var object: JSONObject = [
            "community": .string(row.community.urn), "name": .string(row.name),
            "standing": .string(row.standing.rawValue), "own": .bool(row.community == exchange.settings.community),
            "endpoints": .array(
                (row.record?.statement.profile.endpoints ?? []).map {
                    ["role": .string($0.role), "url": .string($0.url.description)]
                }),
        ]
        object["expires"] = row.record.map { .string($0.statement.expires.description) }
        object["lastContact"] = row.lastContact.map { .string($0.description) }
        return object
    }
}

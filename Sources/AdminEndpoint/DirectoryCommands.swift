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

    /// Everything, in three lists that do not depend on each other: who is admitted, what they say of themselves, and what
    /// this node saw of them. The signed texts are in it, so that anybody can verify the first two.
    func directoryExport() -> AdminAnswer {
        let now = exchange.world.now()
        let rows = exchange.directory.communities(at: now)
        let admissions = rows.compactMap { row in row.admission.map { admission(row, $0) } }
        let records = rows.compactMap { row in row.record.map { record(row, $0) } }
        let seen = rows.filter { $0.community != exchange.settings.community }.map { row in
            var object: JSONObject = ["community": .string(row.community.urn), "reach": .string(row.reach.rawValue)]
            object["lastContact"] = row.lastContact.map { .string($0.description) }
            return JSONValue.object(object)
        }
        return AdminAnswer([
            "at": .string(now.description), "node": .string(exchange.settings.community.urn),
            "admissions": .array(admissions), "records": .array(records), "reachability": .array(seen),
        ])
    }

    private func admission(_ row: DirectoryCommunity, _ admission: Admission) -> JSONValue {
        let grant = admission.grant
        return [
            "community": .string(row.community.urn), "organization": .string(grant.organization),
            "network": .string(grant.network.text), "epoch": .number(String(grant.epoch)),
            "identifiers": .array(grant.identifiers.map { .string($0.urn) }),
            "keys": .array(grant.keys.map { .string($0.thumbprint.text) }),
            "roles": .array(grant.roles.map { .string($0) }), "notBefore": .string(grant.notBefore.description),
            "expires": .string(grant.expires.description), "standing": .string(row.standing.rawValue),
            "text": .string(admission.token.compact),
        ]
    }

    private func record(_ row: DirectoryCommunity, _ record: DirectoryRecord) -> JSONValue {
        let statement = record.statement
        return [
            "community": .string(row.community.urn), "status": .string(statement.status.rawValue),
            "epoch": .number(String(statement.epoch)), "sequence": .number(String(statement.sequence)),
            "issued": .string(statement.issued.description), "expires": .string(statement.expires.description),
            "organization": .string(statement.profile.organization),
            "identifiers": .array(statement.profile.identifiers.map { .string($0.urn) }),
            "endpoints": .array(
                statement.profile.endpoints.map {
                    [
                        "role": .string($0.role), "url": .string($0.url.description),
                        "weight": .number(String($0.weight)),
                    ]
                }),
            "capabilities": .array(statement.profile.capabilities.map { .string($0) }),
            "keys": .array(statement.keys.map { .string($0.text) }), "text": .string(record.token.compact),
        ]
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

    func directoryDoctor(_ call: AdminCall) throws -> AdminAnswer {
        let findings = exchange.directory.doctor(try call.community())
        return AdminAnswer([
            "well": .bool(findings.allSatisfy(\.isWell)),
            "findings": .array(
                findings.map { finding in
                    var object: JSONObject = [
                        "name": .string(finding.name), "well": .bool(finding.isWell), "seen": .string(finding.seen),
                    ]
                    object["next"] = finding.next.map { .string($0) }
                    return .object(object)
                }),
        ])
    }

    func directoryLines(_ call: AdminCall) -> AdminAnswer {
        let after = call.arguments["after"]?.integer.flatMap { UInt64(exactly: $0) } ?? 0
        return AdminAnswer([
            "lines": .array(
                exchange.directory.lines(after: after).map { line in
                    var object: JSONObject = [
                        "number": .number(String(line.number)), "at": .string(line.at.description),
                        "text": .string(line.text),
                    ]
                    object["community"] = line.community.map { .string($0.urn) }
                    return .object(object)
                })
        ])
    }

    func directoryEvent(_ event: DirectoryEvent) async throws -> AdminAnswer {
        try await exchange.advanceDirectory(event)
        return AdminAnswer(["done": .bool(true)])
    }

    func ping(_ call: AdminCall) async throws -> AdminAnswer {
        let took = try await vitals.ping(try call.community())
        return AdminAnswer(["microseconds": .number(String(took.components.seconds * 1_000_000 + took.components.attoseconds / 1_000_000_000_000))])
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
        object["reach"] = .string(row.reach.rawValue)
        object["lastContact"] = row.lastContact.map { .string($0.description) }
        return object
    }
}

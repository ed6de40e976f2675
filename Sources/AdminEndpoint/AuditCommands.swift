import ExchangeCore
import JSON
import Transactions

extension AdminService {
    func accessLog(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try await patient(call)
        let limit = call.arguments["limit"]?.integer ?? 1000
        let events = try await exchange.accessLog(of: id, limit: limit, for: call.context)
        return AdminAnswer(["patient": .string(id.description), "events": .array(events.map(Self.json))])
    }

    func verifyJournal() async throws -> AdminAnswer {
        let verdict = try await vitals.verifyJournal()
        return AdminAnswer(Self.json(verdict))
    }

    /// The verdict as `hie audit verify --json` prints it.
    package static func json(_ verdict: JournalVerdict) -> JSONValue {
        [
            "entries": .number(String(verdict.entries)), "root": .string(Hexadecimal.encode(verdict.root)),
            "checkpoint": verdict.checkpoint.map { .number(String($0)) } ?? .null,
            "verified": .bool(verdict.damage.isEmpty), "damage": .array(verdict.damage.map { .string($0) }),
        ]
    }

    private static func json(_ event: AccessEvent) -> JSONValue {
        let record = event.record
        func documents(_ isPermitted: Bool) -> JSONValue {
            .array(
                record.decisions.filter { $0.isPermitted == isPermitted }.flatMap(\.documents)
                    .map { .string($0.description) })
        }
        var rules: [String] = []
        for rule in record.decisions.flatMap(\.rules) where !rules.contains(rule) { rules.append(rule) }
        return [
            "position": .number(String(event.position)), "time": .string(event.time.description),
            "user": .string(record.user), "role": record.role.map { .string($0) } ?? .null,
            "organization": .string(record.organization), "community": .string(record.community.urn),
            "purpose": record.purpose.map { .string($0) } ?? .null, "transaction": .string(record.transaction),
            "door": .string(record.door), "shown": documents(true), "withheld": documents(false),
            "rules": .array(rules.map { .string($0) }),
            "communities": .array(record.communities.map { .string($0) }), "trace": .string(record.traceID),
        ]
    }
}

import ExchangeCore
import FHIRModel
import JSON
import Transactions

extension AdminService {
    func accessLog(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try await patient(call)
        let limit = call.arguments["limit"]?.integer ?? 1000
        let events = try await exchange.accessLog(
            of: id, limit: limit, exports: call.arguments["export"]?.bool == true, for: call.context)
        if call.arguments["fhir"]?.bool == true { return AdminAnswer(.object(try await auditEvents(events, of: id))) }
        return AdminAnswer(["patient": .string(id.description), "events": .array(events.map(Self.json))])
    }

    /// The decisions as a Bundle of BALP AuditEvents, each directive in the version it had then.
    private func auditEvents(_ events: [AccessEvent], of patient: PatientID) async throws -> JSONObject {
        var versions: [DirectiveID: [ConsentVersion]] = [:]
        for consent in try await exchange.consents(of: patient) {
            versions[consent.id] = try await exchange.versions(of: consent.id)
        }
        let rendered = events.flatMap { event in
            AuthorizationEvent.json(event, patient: patient, node: exchange.settings.community) { id, position in
                versions[id]?.first { $0.position < position }?.number
            }
        }
        return Bundle.bundle(type: "collection", entries: rendered.map { BundleEntry(resource: $0) })
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
            "emergency": .bool(record.isEmergency), "reason": record.reason.map { .string($0) } ?? .null,
            "purpose": record.purpose.map { .string($0) } ?? .null, "transaction": .string(record.transaction),
            "door": .string(record.door), "shown": documents(true), "withheld": documents(false),
            "rules": .array(rules.map { .string($0) }),
            "communities": .array(record.communities.map { .string($0) }), "trace": .string(record.traceID),
        ]
    }
}

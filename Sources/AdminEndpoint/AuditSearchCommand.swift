import ExchangeCore
import FHIRModel
import JSON
import Transactions
import XDSMetadata

extension AdminService {
    func replayJournal(_ call: AdminCall) async throws -> AdminAnswer {
        AdminAnswer(try await exchange.replayJournal(for: call.context).json)
    }

    /// ITI-81 at the socket: the same events, as a Bundle, and where the search goes on.
    func searchAudit(_ call: AdminCall) async throws -> AdminAnswer {
        var query = AuditQuery()
        let now = exchange.world.now()
        query.date = [
            try date(call, "from").map { DateFilter(.ge, $0, asked: now) }, try date(call, "until").map { DateFilter(.le, $0, asked: now) },
        ].compactMap { $0 }
        if call.arguments["patient"] != nil || call.arguments["identifier"] != nil {
            query.patient = try await patient(call)
        }
        if let agent = try call.optionalText("agent") { query.agents = [agent] }
        if let entity = try call.optionalText("entity") { query.entities = [entity] }
        if let type = try call.optionalText("type") { query.types = [.init(code: type)] }
        if let subtype = try call.optionalText("subtype") { query.subtypes = [.init(code: subtype)] }
        if let outcome = try call.optionalText("outcome") { query.outcomes = [outcome] }
        let limit = min(max(call.arguments["limit"]?.integer ?? 100, 1), 1000)
        let before = call.arguments["before"]?.integer.flatMap { UInt64(exactly: $0) }
        let found = try await exchange.findAuditEvents(query, before: before, count: limit, for: call.context)
        return AdminAnswer([
            "events": .array(found.events.map { .object($0) }),
            "next": found.next.map { .number(String($0)) } ?? .null,
        ])
    }

    private func date(_ call: AdminCall, _ name: String) throws(ExchangeError) -> PartialDate? {
        guard let text = try call.optionalText(name) else { return nil }
        guard let date = PartialDate(text) else {
            throw ExchangeError(.badRequest, "a date is written 2026-11-22 or 2026-11-22T10:00:00Z", at: name)
        }
        return date
    }
}

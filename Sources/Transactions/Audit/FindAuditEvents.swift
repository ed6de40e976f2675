import ExchangeCore
import JSON
import Journal
import XDSMetadata

/// A search for audit events as understood (ITI-81).
package struct AuditQuery: Sendable {
    /// When it was recorded.
    package var date: [DateFilter] = []
    /// About whom.
    package var patient: PatientID?
    /// Identifiers of agents, as written in the event; any of them.
    package var agents: [String] = []
    /// References to entities, or identifiers; any of them.
    package var entities: [String] = []
    /// Types; any of them.
    package var types: [DocumentQuery.CodeFilter] = []
    /// Subtypes; any of them.
    package var subtypes: [DocumentQuery.CodeFilter] = []
    /// Outcomes 0, 4, 8, 12; any of them.
    package var outcomes: [String] = []
    /// Ids of events; any of them.
    package var ids: [String] = []

    /// A search for everything.
    package init() {}

    func matches(_ event: JSONObject) -> Bool {
        let json = JSONValue.object(event)
        func codes(_ values: [JSONValue?], _ filters: [DocumentQuery.CodeFilter]) -> Bool {
            filters.isEmpty || values.contains { value in
                filters.contains { filter in
                    value?["code"]?.string == filter.code
                        && (filter.system == nil || value?["system"]?.string == filter.system)
                }
            }
        }
        guard ids.isEmpty || ids.contains(json["id"]?.string ?? ""),
            outcomes.isEmpty || outcomes.contains(json["outcome"]?.string ?? ""),
            codes([json["type"]], types), codes(json["subtype"]?.items ?? [], subtypes)
        else { return false }
        guard agents.isEmpty || (json["agent"]?.items ?? []).contains(where: { Self.names($0["who"], agents) }) else {
            return false
        }
        return entities.isEmpty || (json["entity"]?.items ?? []).contains { Self.names($0["what"], entities) }
    }

    /// Whether an event names the patient as one of its entities.
    func names(_ event: JSONObject) -> Bool {
        guard let patient else { return true }
        return (event["entity"]?.items ?? []).contains { $0["what"]?["reference"]?.string == "Patient/\(patient)" }
    }

    /// Whether a reference is one of those meant, as a reference, or as a value with or without its system.
    private static func names(_ reference: JSONValue?, _ wanted: [String]) -> Bool {
        if let text = reference?["reference"]?.string, wanted.contains(text) { return true }
        guard let value = reference?["identifier"]?["value"]?.string else { return false }
        let system = reference?["identifier"]?["system"]?.string ?? ""
        return wanted.contains(value) || wanted.contains(system + "|" + value)
    }
}

/// Audit events found, newest first.
package struct FoundAuditEvents: Sendable {
    /// The events.
    package let events: [JSONObject]
    /// Where the search goes on: entries before this position were not looked at; nil when there are none.
    package let next: JournalPosition?
}

extension Exchange {
    /// Entries one search looks at; what lies before them is another page.
    static let auditEntriesMax: UInt64 = 50_000

    /// ITI-81 Retrieve AuditEvent, newest first; reading is recorded for each patient who is shown.
    ///
    /// - Parameters:
    ///   - before: where the page begins: only entries before this position; nil begins at the newest.
    ///   - count: about how many events; an entry's events stay together.
    /// - Throws: `.forbidden` unless the node's administrator or an auditor of this facility asks.
    package func findAuditEvents(
        _ query: AuditQuery, before: JournalPosition? = nil, count: Int, for context: AccessContext,
    ) async throws(ExchangeError) -> FoundAuditEvents {
        guard context.door != .peer, context.community == settings.community else {
            throw ExchangeError(.forbidden, "audit events are read at the node that recorded them")
        }
        try Permissions.readAudit.demand(context)
        let view = AuditEventView(node: settings.community, base: settings.clientBase)
        var events: [JSONObject] = []
        var shown: Set<PatientID> = []
        var position = min(before ?? journal.size, journal.size)
        let floor = position > Self.auditEntriesMax ? position - Self.auditEntriesMax : 0
        while position > floor, events.count < count {
            let start = position > 256 ? position - 256 : 0
            let entries = try await reader.entries(in: max(start, floor)..<position) { header in
                // What stands in clear may name a patient, too: an erasure does.
                (query.patient == nil || header.subject == nil || header.subject == query.patient)
                    && query.date.hold(at: header.time)
            }
            position = max(start, floor)
            for entry in entries.reversed() where events.count < count || entry.position > position {
                let isAbout = query.patient == nil || entry.subject == query.patient
                let found = view.events(entry).filter { query.matches($0) && (isAbout || query.names($0)) }
                if found.isEmpty { continue }
                events += found
                if let subject = entry.subject { shown.insert(subject) }
                if events.count >= count {
                    position = entry.position
                    break
                }
            }
        }
        for patient in shown.sorted() { try await recordReading(of: patient, for: context) }
        return FoundAuditEvents(events: events, next: position > 0 ? position : nil)
    }
}

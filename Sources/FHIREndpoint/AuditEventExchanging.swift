import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import PatientIndex
import Transactions

extension FHIRService {
    /// ITI-81 Retrieve AuditEvent: the journal's entries as audit events, newest first, for those who may.
    func searchAuditEvents(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await searchFields(&exchanged)
        let search = try exchanged.reading { () throws(ExchangeError) in
            try AuditEventSearch(fields, isStrict: Negotiation.isStrict(exchanged.request.headers), asked: exchange.world.now())
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: search.frame.format)
        var query = search.query
        query.patient = try await patient(of: search)
        let wanted = query
        let count = min(search.frame.count ?? 100, exchange.settings.limits.pageEntriesMax)
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.findAuditEvents(wanted, before: search.frame.cursor, count: count, for: context)
        }
        var entries = found.events.map { event in
            BundleEntry(
                fullUrl: "\(base)/AuditEvent/\(event["id"]?.string ?? "")", resource: event, search: .init(.match))
        }
        if !search.frame.ignored.isEmpty {
            entries.append(
                BundleEntry(
                    resource: OperationOutcome(search.frame.ignored.map(CompletenessOutcome.leftOut)).json,
                    search: .init(.outcome)))
        }
        var links = [Bundle.Link("self", search.link(base: base, before: search.frame.cursor))]
        if let next = found.next { links.append(.init("next", search.link(base: base, before: next))) }
        return Answer(.ok, resource: Bundle.bundle(type: "searchset", links: links, entries: entries))
    }

    /// ITI-20 Record Audit Event: `POST AuditEvent`; what does not follow BALP is taken all the same.
    func recordAuditEvent(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let reading = BodyReading(
            limits: exchange.settings.limits, bytesMax: 1 << 20, uptime: exchange.world.uptime)
        try Negotiation.demandJSON(exchanged.request.headers, format: try exchanged.format())
        guard try Negotiation.bodyForm(exchanged.request.headers) == .json else { throw .unsupportedMediaType }
        let bytes = try await exchanged.body(reading)
        let depth = exchange.settings.limits.nestingMax
        // Read, not validated: an event that breaks the profile is better kept than lost.
        guard let event = try? JSONReader.read(bytes, limits: JSONLimits(depthMax: depth)).object,
            event["resourceType"]?.string == "AuditEvent"
        else { throw .exchange(ExchangeError(.badRequest, "send an AuditEvent (ITI-20)", at: "resourceType")) }
        let id = try await asking { () throws(ExchangeError) in try await exchange.recordAuditEvent(event, for: context) }
        var answer = Answer(empty: .created)
        answer.headers[.location] = "\(base)/AuditEvent/\(id)"
        return answer
    }

    private func patient(of search: AuditEventSearch) async throws(EdgeRefusal) -> PatientID? {
        guard let given = search.patientIdentifier else { return search.query.patient }
        guard let identifier = given else { return DocumentSearch.unknownPatient }
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.activePatients(identifier: identifier)
        }
        guard found.count < 2 else {
            throw .exchange(ExchangeError(.badRequest, "the identifier names several patients here"))
        }
        return found.first?.id ?? DocumentSearch.unknownPatient
    }
}

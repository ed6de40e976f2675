import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import PatientIndex
import Transactions

extension FHIRService {
    /// ITI-108 search by GET or by a form: the newest version of each directive meant.
    func searchConsents(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await searchFields(&exchanged)
        var search = try exchanged.reading { () throws(ExchangeError) in
            try ConsentSearch(fields, isStrict: Negotiation.isStrict(exchanged.request.headers), asked: exchange.world.now())
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: search.frame.format)
        search.query.patient = try await patient(of: search)
        let query = search.query
        let found = try await asking { () throws(ExchangeError) in try await exchange.findConsents(query, for: context) }
        do {
            return Answer(.ok, resource: try page(of: found.versions, search), tickets: found.tickets)
        } catch {
            for ticket in found.tickets { ticket.end() }
            throw .exchange(error)
        }
    }

    /// The patient a search means; one that nobody is when it means none, so that the road is the same.
    private func patient(of search: ConsentSearch) async throws(EdgeRefusal) -> PatientID? {
        guard let given = search.patientIdentifier else { return search.query.patient }
        guard let identifier = given else { return DocumentSearch.unknownPatient }
        let found = try await asking { () throws(ExchangeError) in
            try await exchange.activePatients(identifier: identifier)
        }
        guard found.count < 2 else {
            throw .exchange(
                ExchangeError(.badRequest, "XDSResultNotSinglePatient: the identifier names several patients here"))
        }
        guard let record = found.first else { return DocumentSearch.unknownPatient }
        if let patient = search.query.patient, patient != record.id { return DocumentSearch.unknownPatient }
        return record.id
    }

    private func page(of versions: [ConsentVersion], _ search: ConsentSearch) throws(ExchangeError) -> JSONObject {
        let (shown, next) = search.frame.page(of: versions, sizeMax: exchange.settings.limits.pageEntriesMax) { $0.id.description }
        var entries: [BundleEntry] = []
        for version in shown {
            entries.append(
                BundleEntry(
                    fullUrl: "\(base)/Consent/\(version.id)", resource: try version.json, search: .init(.match)))
        }
        if !search.frame.ignored.isEmpty {
            let outcome = OperationOutcome(search.frame.ignored.map(CompletenessOutcome.leftOut))
            entries.append(BundleEntry(resource: outcome.json, search: .init(.outcome)))
        }
        var links = [Bundle.Link("self", search.link(base: base, page: search.frame.cursor))]
        if let next { links.append(.init("next", search.link(base: base, page: next))) }
        return Bundle.searchset(total: versions.count, links: links, entries: entries)
    }
}

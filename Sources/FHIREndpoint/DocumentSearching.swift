import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import NIOCore
import PatientIndex
import Transactions
import XDSMetadata

extension FHIRService {
    /// ITI-67 Find Document References, by GET or by a form: across communities for clients, at this node for peers.
    func searchDocuments(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let fields = try await searchFields(&exchanged)
        let search = try exchanged.reading { () throws(ExchangeError) in
            try DocumentSearch(fields, isStrict: Negotiation.isStrict(exchanged.request.headers), asked: exchange.world.now())
        }
        try Negotiation.demandJSON(exchanged.request.headers, format: search.format)
        try demandKnown(search.communities)
        let patient = try await patient(given: search.patientIdentifier, search.patient)
        let found = try await find(search, patient, for: context)
        let outcome = outcome(of: found.receipt, leftOut: search.ignored)
        var random = exchange.world.random
        let page = SearchsetPage(
            base: base, search: search, pageEntriesMax: exchange.settings.limits.pageEntriesMax, outcome: outcome,
            outcomeID: outcome == nil ? "" : LocalID<OutcomeSubject>.random(using: &random).description)
        return Answer(.ok, json: page.bytes(of: found), tickets: found.ticket.map { [$0] } ?? [])
    }

    /// What communities said, to the facility's own, and which parameters were left out; nil when there is nothing to say.
    func outcome(of receipt: CompletenessReceipt, leftOut names: [String]) -> OperationOutcome? {
        var outcome = outcome(
            (door == .client ? CompletenessOutcome.issues(receipt) : []) + names.map(CompletenessOutcome.leftOut))
        if let signed = receipt.signed {
            outcome?.extensions = [.init(url: CompletenessOutcome.receiptExtension, value: .string(signed))]
        }
        return outcome
    }

    /// The parameters of a search: of the query, and of the form behind it when it came by POST.
    func searchFields(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> [RequestField] {
        var fields = try exchanged.fields()
        guard exchanged.request.method == .post else { return fields }
        try Negotiation.demandForm(exchanged.request.headers)
        let reading = BodyReading(
            limits: exchange.settings.limits, bytesMax: RequestTarget.formBytesMax, uptime: exchange.world.uptime)
        let form = try await exchanged.body(reading)
        fields += try exchanged.reading { () throws(ExchangeError) in try RequestTarget.fields(form: form) }
        exchanged.formFormat = fields.first { $0.name == "_format" }?.value
        guard fields.count <= RequestTarget.fieldsMax else {
            throw .exchange(
                ExchangeError(.badRequest, "a search may have \(RequestTarget.fieldsMax) parameters at the most"))
        }
        return fields
    }

    private func find(_ search: DocumentSearch, _ patient: PatientID, for context: AccessContext)
        async throws(EdgeRefusal) -> FoundDocuments
    {
        try await asking { () throws(ExchangeError) in
            switch door {
            case .client:
                try await exchange.locateDocuments(
                    of: patient, matching: search.query, search.locating, for: context)
            case .peer, .administration:
                try await exchange.findDocuments(of: patient, matching: search.query, for: context)
            }
        }
    }

    /// Target Communities Option: a community that cannot be served is an error, not a gap (MHD 4.2.4).
    func demandKnown(_ communities: Set<CommunityID>?) throws(EdgeRefusal) {
        guard let communities else { return }
        var known: Set<CommunityID> = [exchange.settings.community]
        if door == .client { known.formUnion(exchange.directory.peers(at: exchange.world.now()).map(\.community)) }
        guard communities.isSubset(of: known) else {
            throw .exchange(
                ExchangeError(
                    .notFound, "XDSUnknownCommunity: a community of targetCommunityIdList cannot be asked here",
                    at: "targetCommunityIdList"))
        }
    }

    /// The record a search means; one that no patient has when it means none, so that the road is the same.
    func patient(given identifier: PatientIdentifier??, _ id: PatientID?) async throws(EdgeRefusal) -> PatientID {
        guard let given = identifier else { return id ?? DocumentSearch.unknownPatient }
        guard let identifier = given else { return DocumentSearch.unknownPatient }
        let records = try await asking { () throws(ExchangeError) in
            try await exchange.activePatients(identifier: identifier)
        }
        guard records.count < 2 || door == .peer else {
            throw .exchange(
                ExchangeError(.badRequest, "XDSResultNotSinglePatient: the identifier names several patients here"))
        }
        guard let record = records.first, records.count == 1 else { return DocumentSearch.unknownPatient }
        if let id, id != record.id { return DocumentSearch.unknownPatient }
        return record.id
    }
}

/// What the id of an OperationOutcome in a searchset names.
private enum OutcomeSubject {}

import DocumentExchange
import ExchangeCore
import PatientIndex
import Simulation
import Transactions
import XDSMetadata

/// A document about to be published somewhere: what a seed made of it.
struct RandomDocument: Sendable {
    /// Which node publishes it, for which of its people.
    let node: Int
    let person: Int
    let bytes: [UInt8]
    /// An earlier document of the plan it relates to.
    let relation: (kind: RelationKind, target: Int)?
    private let draft: DocumentDraft

    /// A document of the small world; `number` makes its unique id and its bytes.
    init(_ chance: inout Chance, number: Int, node: Int, person: Int, target: Int?) {
        self.node = node
        self.person = person
        let size = chance.oneIn(12) ? chance.number(60_000...150_000) : chance.number(20...400)
        let line = Array("document \(number) of node \(node)\n".utf8)
        bytes = Array((0...(size / line.count)).map { _ in line }.joined())
        relation = target.flatMap { target in
            chance.one(of: RelationKind.allCases).map { ($0, target) }
        }
        var draft = DocumentDraft(mimeType: chance.one(of: SmallWorld.media, or: "text/plain"))
        draft.uniqueID = "urn:oid:\(SmallWorld.communities[node].oid.dotted).8.\(number)"
        draft.title = "Document \(number)"
        draft.typeCode = chance.one(of: SmallWorld.types)
        draft.classCode = chance.one(of: SmallWorld.classes)
        if chance.oneIn(2) { draft.formatCode = chance.one(of: SmallWorld.formats) }
        if chance.oneIn(2) { draft.facilityType = chance.one(of: SmallWorld.facilities) }
        if chance.oneIn(2) { draft.practiceSetting = chance.one(of: SmallWorld.settings) }
        if chance.oneIn(2) { draft.eventCodes = chance.some(of: SmallWorld.events, atMost: 2) }
        if chance.oneIn(2) { draft.creationTime = chance.one(of: SmallWorld.days).flatMap { PartialDate($0) } }
        if chance.oneIn(3) { draft.serviceStart = PartialDate("2025-01-10") }
        if chance.oneIn(3) { draft.serviceStop = PartialDate("2026-02-12") }
        if !chance.oneIn(8) { draft.securityCodes = [chance.one(of: SmallWorld.confidentialities)].compactMap { $0 } }
        if chance.oneIn(4) { draft.securityCodes += chance.some(of: SmallWorld.sensitivities, atMost: 2) }
        if chance.oneIn(2) {
            draft.authors = [
                DocumentAuthor(
                    person: PersonName(family: chance.one(of: SmallWorld.families, or: "Strand"), given: ["Ada"]),
                    personIdentifier: PatientIdentifier(
                        system: "http://hl7.org/fhir/sid/us-npi", value: "100000000\(chance.number(1...3))"))
            ]
        }
        let digest = ContentDigest(bytes)
        draft.sha1 = digest.sha1
        draft.size = bytes.count
        self.draft = draft
    }

    /// The submission of the document for a patient; `published` are the entries of earlier documents of the plan.
    func request(for patient: PatientID, published: [Int: DocumentEntry]) -> ProvideRequest {
        var draft = draft
        if let relation, let target = published[relation.target] {
            draft.relations = [.init(relation.kind, target: target.id, reference: "DocumentReference/\(target.id)")]
        }
        var request = ProvideRequest(patient: SubmittedPatient(record: patient))
        request.documents = [(draft, bytes)]
        request.parts = [.document(0)]
        // Every other document goes into one of two folders of its patient; whichever comes first makes it.
        if bytes.count % 2 == 0 {
            request.folders = [
                FolderDraft(
                    uniqueID: "urn:concordat:folder:\(patient):\(bytes.count % 4)", mayExist: true, title: "Folder",
                    members: [.submitted(0)], path: "Bundle.entry")
            ]
        }
        return request
    }
}

extension Region {
    /// Registers a person of the small world at one node.
    func register(_ person: Int, at node: Int) async throws -> PatientID {
        try await nodes[node].exchange.registerPatient(
            PatientRegistration(
                identifiers: [Self.identifier(of: person, at: node)].compactMap { $0 },
                demographics: Self.demographics(person)), for: administrator(of: node)
        ).id
    }

    /// Registers a person, and says that it is the one another record names.
    func registerLinked(_ person: Int, with record: PatientID, at node: Int) async throws -> PatientID {
        let id = try await register(person, at: node)
        let desk = nodes[node].exchange.desk
        _ = try await desk.record(try await desk.linking(record, id, actor: "steward", reason: "the same person"))
        return id
    }

    /// The number a facility knows a person by.
    static func identifier(of person: Int, at node: Int) -> PatientIdentifier? {
        PatientIdentifier(system: "\(SmallWorld.communities[node].urn).1", value: "MRN-\(person)")
    }

    /// A person: the second is easily taken for the first, the third is not.
    static func demographics(_ person: Int) -> Demographics {
        Demographics(
            names: [PersonName(family: person < 2 ? "Quintero" : "Aldous", given: ["Marisol"])],
            birthDate: PartialDate(person < 2 ? "1957-03-14" : "1990-11-02"), sex: .female,
            addresses: [
                PostalAddress(
                    lines: [person == 1 ? "2 Mill Road" : "48 Tamarack Lane"], city: "Alderbrook", state: "VT",
                    postalCode: "05999")
            ], phones: ["802-555-010\(person)"])
    }

    /// Publishes a document; nil when the node refused it, as for a relation to what was replaced.
    func publish(_ document: RandomDocument, for patient: PatientID, published: [Int: DocumentEntry]) async throws
        -> DocumentEntry?
    {
        let own = SmallWorld.communities[document.node]
        let registrar = Requester(
            user: "registrar", role: "registrar", organization: own.urn, community: own, purpose: "HOPERAT")
        let request = document.request(for: patient, published: published)
        do throws(ExchangeError) {
            return try await nodes[document.node].exchange.provideAndRegister(
                request, for: registrar.context(.client, at: world.uptime())
            ).documents.first?.entry
        } catch {
            guard error.code == .internal || error.code == .unavailable else { return nil }
            throw error
        }
    }
}

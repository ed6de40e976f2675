import ConsentEngine
import DocumentExchange
import ExchangeCore
import PatientIndex
import Simulation
import Testing
import Transactions
import Trust
import XDSMetadata

/// One simulated node and the people who use it, for tests of single transactions.
struct OneNode: Sendable {
    static let community = CommunityID("1.3.6.1.4.1.21367.2026.10")!
    static let elsewhere = CommunityID("1.3.6.1.4.1.21367.2026.11")!

    let world: World
    let facility: SimulatedFacility
    let node: SimulatedNode
    var exchange: Exchange { node.exchange }

    init(
        _ world: World, consent: ConsentPolicyDefault = .optOut, notifications: NotificationRules = NotificationRules(),
    ) async throws {
        let authority = SigningKey()
        self.world = world
        facility = try SimulatedFacility(
            community: Self.community, name: "Hospital", consent: consent, authority: authority, world: world)
        node = try await SimulatedNode(
            facility, seeds: [], authority: authority.publicKey, network: SimulatedNetwork(world: world),
            notifications: notifications, world: world)
    }

    /// Runs a test on one thread from a seed, with a node of its own.
    static func run<Value: Sendable>(
        seed: UInt64 = 1, consent: ConsentPolicyDefault = .optOut, notifications: NotificationRules = NotificationRules(),
        _ body: @escaping @Sendable (OneNode) async throws -> Value,
    ) throws -> Value {
        let scheduler = SeededScheduler(seed: seed)
        let world = scheduler.world
        return try scheduler.run { try await body(OneNode(world, consent: consent, notifications: notifications)) }
    }

    func context(
        _ door: AccessContext.Door = .client, user: String = "dr.test", purpose: String? = "TREAT",
        community: CommunityID = Self.community,
    ) -> AccessContext {
        AccessContext(
            door: door, user: user, role: "physician", organization: community.urn, community: community,
            purpose: purpose, deadline: world.uptime() + .seconds(30), traceID: world.newTraceID())
    }

    var administrator: AccessContext { context(.administration, user: "admin", purpose: "HOPERAT") }

    func register(_ mrn: String, family: String = "Mohr", given: [String] = ["Alice"]) async throws -> PatientRecord {
        try await exchange.registerPatient(
            PatientRegistration(
                identifiers: [PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: mrn)!],
                demographics: Demographics(
                    names: [PersonName(family: family, given: given)], birthDate: PartialDate("1958-01-30"),
                    sex: .female,
                    addresses: [PostalAddress(lines: ["1 Main St"], city: "Town", state: "VT", postalCode: "05999")],
                    phones: ["802-555-0100"])), for: administrator)
    }

    /// A feed tells of a stay of a record that is in use, with nothing new about who the patient is.
    func tell(_ stay: FedEncounter, of patient: PatientID) async throws {
        let known = try #require(try await exchange.projection.patient(patient))
        let answer = try await exchange.feedPatient(
            PatientRegistration(identifiers: known.identifiers, demographics: known.demographics),
            with: FedMessage(stay: stay), for: administrator)
        #expect(answer.outcome == .unchanged && answer.record.id == patient && answer.omission == nil)
    }

    /// Publishes one document of a patient; `number` makes its unique id and bytes.
    @discardableResult
    func publish(
        _ number: Int, for patient: PatientID, replaces target: DocumentID? = nil, bytes: [UInt8]? = nil,
        classCode: String = "18842-5",
    ) async throws -> DocumentEntry {
        var request = ProvideRequest(patient: SubmittedPatient(record: patient))
        let content = bytes ?? Array("document \(number)".utf8)
        let digest = ContentDigest(content)
        var draft = DocumentDraft(mimeType: "text/plain")
        draft.uniqueID = "urn:oid:1.3.6.1.4.1.21367.2026.10.8.\(number)"
        draft.sha1 = digest.sha1
        draft.size = content.count
        draft.typeCode = CodedValue(code: "18842-5", system: CodeSystems.loinc)
        draft.classCode = CodedValue(code: classCode, system: CodeSystems.loinc)
        draft.creationTime = PartialDate("2026-02-\(10 + number % 18)")
        draft.securityCodes = [CodedValue(code: "N", system: CodeSystems.confidentiality)]
        if let target {
            draft.relations = [.init(.replaces, target: target, reference: "DocumentReference/\(target)")]
        }
        request.documents = [(draft, content)]
        return try await exchange.provideAndRegister(request, for: context()).documents[0].entry
    }

    /// Records a directive that denies everything to everybody.
    @discardableResult
    func refuse(_ patient: PatientID) async throws -> ConsentDirective {
        var random = world.random
        let directive = ConsentDirective(
            id: .ordered(at: world.now(), using: &random), patient: patient, base: ConsentRule(.deny),
            recorded: world.now())
        try await exchange.recordConsent(directive, for: administrator)
        return directive
    }

    /// Finds a patient's documents and ends the answer, as an edge would.
    func find(_ patient: PatientID, as context: AccessContext? = nil, _ query: DocumentQuery = DocumentQuery())
        async throws -> [DocumentEntry]
    {
        let found = try await exchange.findDocuments(of: patient, matching: query, for: context ?? self.context())
        found.ticket?.end()
        return try found.references.map { try DocumentEntry(reference: $0) }
    }
}

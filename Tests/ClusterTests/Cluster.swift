import ConsentEngine
import DocumentExchange
import ExchangeCore
import Simulation
import Synchronization
import Testing
import Transactions
import Trust
import XDSMetadata

/// Hospital, clinic and emergency department, and the steps they go through.
struct Cluster: Sendable {
    let world: World
    let network: SimulatedNetwork
    let authority: SigningKey
    let facilities: [SimulatedFacility]
    let nodes: [SimulatedNode]
    let killed = Killed()
    var hospital: SimulatedNode { nodes[0] }
    var clinic: SimulatedNode { nodes[1] }
    var emergency: SimulatedNode { nodes[2] }

    init(_ world: World) async throws {
        self.world = world
        network = SimulatedNetwork(world: world)
        authority = SigningKey()
        var facilities: [SimulatedFacility] = []
        for (number, name) in ["Hospital", "Clinic", "Emergency"].enumerated() {
            facilities.append(
                try SimulatedFacility(
                    community: CommunityID("1.3.6.1.4.1.21367.2026.1\(number)")!, name: name, consent: .optOut,
                    authority: authority, world: world))
        }
        self.facilities = facilities
        var nodes: [SimulatedNode] = []
        for (number, facility) in facilities.enumerated() {
            nodes.append(
                try await SimulatedNode(
                    facility, seeds: number == 0 ? [] : [facilities[0]], authority: authority.publicKey,
                    network: network, world: world))
        }
        self.nodes = nodes
    }

    func context(_ node: SimulatedNode, _ door: AccessContext.Door = .client) -> AccessContext {
        AccessContext(
            door: door, user: "dr.brattain", role: door == .administration ? "administrator" : "physician", organization: node.facility.community.urn,
            community: node.facility.community, purpose: "TREAT", deadline: world.uptime() + .seconds(30),
            traceID: world.newTraceID())
    }

    /// Waits until every node lists the other two, at most a simulated minute.
    func converge() async throws {
        for _ in 0..<600 {
            if nodes.allSatisfy({ $0.exchange.directory.peers(at: world.now()).count == 3 }) { return }
            try await world.sleep(.milliseconds(100))
        }
        Issue.record("the directories did not converge")
    }

    func register(_ node: SimulatedNode, mrn: String, given: [String], phone: String) async throws -> PatientID {
        try await node.exchange.registerPatient(
            PatientRegistration(
                identifiers: [PatientIdentifier(system: "\(node.facility.community.urn).1", value: mrn)!],
                demographics: Demographics(
                    names: [PersonName(family: "Quintero Vasquez", given: given)],
                    birthDate: PartialDate("1957-03-14"), sex: .female,
                    addresses: [
                        PostalAddress(lines: ["48 Tamarack Lane"], city: "Alderbrook Falls", state: "VT", postalCode: "05999")
                    ], phones: [phone])), for: context(node, .administration)
        ).id
    }

    func publish(_ node: SimulatedNode, _ number: Int, for patient: PatientID) async throws -> DocumentEntry {
        let bytes = Array("summary \(number) of \(node.facility.name)".utf8)
        var draft = DocumentDraft(mimeType: "text/plain")
        draft.uniqueID = "\(node.facility.community.urn).8.\(number)"
        draft.typeCode = CodedValue(code: "18842-5", system: CodeSystems.loinc)
        draft.securityCodes = [CodedValue(code: "N", system: CodeSystems.confidentiality)]
        let digest = ContentDigest(bytes)
        draft.sha1 = digest.sha1
        draft.size = bytes.count
        var request = ProvideRequest(patient: SubmittedPatient(record: patient))
        request.documents = [(draft, bytes)]
        return try await node.exchange.provideAndRegister(request, for: context(node)).documents[0].entry
    }

    /// Waits until the newest version of a directive is in force at others, at most five simulated minutes.
    func inForce(_ id: DirectiveID, from origin: SimulatedNode, at others: [SimulatedNode]) async throws {
        for _ in 0..<3000 {
            let standings = try await origin.exchange.standings(of: id)
            let settled = standings.filter { $0.state.word == "in-force" }.map(\.community)
            if others.allSatisfy({ settled.contains($0.facility.community) }) { return }
            try await world.sleep(.milliseconds(100))
        }
        Issue.record("not in force: \(try await origin.exchange.standings(of: id).map(\.state))")
    }

    /// The word for how a directive stands at one community.
    func standing(_ id: DirectiveID, from origin: SimulatedNode, at other: SimulatedNode) async throws -> String {
        try await origin.exchange.standings(of: id).first { $0.community == other.facility.community }?.state.word ?? "unlisted"
    }

    /// Records a directive at a node.
    func record(
        _ rule: ConsentRule, for patient: PatientID, at node: SimulatedNode, exceptions: [ConsentRule] = [],
    ) async throws -> DirectiveID {
        var random = world.random
        let directive = ConsentDirective(
            id: .ordered(at: world.now(), using: &random), patient: patient, base: rule, exceptions: exceptions,
            recorded: world.now())
        try await node.exchange.recordConsent(directive, for: context(node, .administration))
        return directive.id
    }

    /// The patient of the scene, registered everywhere, with a document at hospital and clinic.
    func settle() async throws -> (hospital: PatientID, clinic: PatientID, here: PatientID, ids: Set<DocumentID>) {
        try await converge()
        let atHospital = try await register(hospital, mrn: "RH-1", given: ["Marisol", "Elena"], phone: "+1-802-555-0142")
        let atClinic = try await register(clinic, mrn: "C-1", given: ["Marisol"], phone: "(802) 555-0142")
        let here = try await register(emergency, mrn: "ED-1", given: ["Marisol", "E"], phone: "8025550142")
        let one = try await publish(hospital, 1, for: atHospital)
        let two = try await publish(clinic, 2, for: atClinic)
        return (atHospital, atClinic, here, [one.id, two.id])
    }

    /// Waits until a node holds that version of another's directive, at most five simulated minutes.
    func holds(_ version: Int, of id: DirectiveID, from origin: SimulatedNode, at others: [SimulatedNode]) async throws {
        for other in others {
            for round in 0..<3000 {
                let copies = try await other.exchange.projection.copies(of: id, from: origin.facility.community)
                if copies.contains(where: { $0.version.directive.origin?.version == version }) { break }
                try await world.sleep(.milliseconds(100))
                if round == 2999 { Issue.record("version \(version) never came to \(other.facility.name)") }
            }
        }
    }

    /// Kills a facility's node and starts another from its disk, without the loops of its life.
    func restart(_ facility: SimulatedFacility) async throws -> SimulatedNode {
        killed.insert(facility.community)
        network.set(facility.community, .down)
        try await world.sleep(.milliseconds(500))
        facility.disk.crash()
        let before = nodes.first { $0.facility.community == facility.community }
        return try await SimulatedNode(
            facility, seeds: [facilities[0]], authority: authority.publicKey, network: network,
            remembering: before?.exchange.projection.directoryFacts() ?? [], world: world)
    }

    /// Runs a scene beside the nodes' own lives.
    @discardableResult
    static func run<Value: Sendable>(
        seed: UInt64, _ scene: @escaping @Sendable (Cluster) async throws -> Value,
    ) throws -> Value {
        let scheduler = SeededScheduler(seed: seed)
        let world = scheduler.world
        return try scheduler.run {
            let cluster = try await Cluster(world)
            return try await withThrowingTaskGroup(of: Void.self) { group in
                for node in cluster.nodes {
                    group.addTask {
                        await cluster.killed.race(node.facility.community, world) { try? await node.gossip() }
                    }
                }
                defer { group.cancelAll() }
                return try await scene(cluster)
            }
        }
    }

    /// Asks across communities from the emergency department.
    func locate(_ patient: PatientID) async throws -> (ids: Set<DocumentID>, receipt: CompletenessReceipt) {
        let found = try await emergency.exchange.locateDocuments(
            of: patient, matching: DocumentQuery(), for: context(emergency))
        found.ticket?.end()
        return (Set(try found.references.map { try DocumentEntry(reference: $0).id }), found.receipt)
    }

    /// Steps 2 to 6 of the demonstration.
    func play() async throws {
        try await converge()
        let atHospital = try await register(hospital, mrn: "RH-1", given: ["Marisol", "Elena"], phone: "+1-802-555-0142")
        let atClinic = try await register(clinic, mrn: "C-1", given: ["Marisol"], phone: "(802) 555-0142")
        let here = try await register(emergency, mrn: "ED-1", given: ["Marisol", "E"], phone: "8025550142")
        let one = try await publish(hospital, 1, for: atHospital)
        let two = try await publish(clinic, 2, for: atClinic)

        var answer = try await locate(here)
        #expect(answer.ids == [one.id, two.id])
        #expect(answer.receipt.communities.map(\.word) == ["answered", "answered", "none"])
        #expect(answer.receipt.isComplete)
        let document = try await emergency.exchange.retrieveDocument(
            one.id, from: hospital.facility.community, of: here, for: context(emergency))
        defer { document.ticket.end() }
        #expect(try await document.collected() == Array("summary 1 of Hospital".utf8))

        var random = world.random
        let refusal = ConsentDirective(
            id: .ordered(at: world.now(), using: &random), patient: atHospital, base: ConsentRule(.deny),
            recorded: world.now())
        try await hospital.exchange.recordConsent(refusal, for: context(hospital, .administration))
        answer = try await locate(here)
        #expect(answer.ids.isSubset(of: [two.id]), "at once where it was recorded")
        try await inForce(refusal.id, from: hospital, at: [clinic, emergency])
        answer = try await locate(here)
        #expect(answer.ids.isEmpty, "and everywhere once it is in force there")
        #expect(answer.receipt.communities.map(\.word) == ["none", "none", "none"])
        _ = try await hospital.exchange.revokeConsent(refusal.id, for: context(hospital, .administration))
        try await inForce(refusal.id, from: hospital, at: [clinic, emergency])
        answer = try await locate(here)
        #expect(answer.ids == [one.id, two.id])

        network.set(clinic.facility.community, .silent)
        let asked = world.uptime()
        answer = try await locate(here)
        #expect(answer.ids == [one.id])
        #expect(answer.receipt.communities.map(\.word) == ["answered", "timed-out", "none"])
        #expect(!answer.receipt.isComplete)
        #expect(world.uptime() - asked <= .seconds(ExchangeLimits().locateSecondsMax + 1))
        network.set(clinic.facility.community, .down)
        answer = try await locate(here)
        #expect(answer.receipt.communities.map(\.word) == ["answered", "unreachable", "none"])

        facilities[1].disk.crash()
        _ = try await SimulatedNode(
            facilities[1], seeds: [facilities[0]], authority: authority.publicKey, network: network, world: world)
        answer = try await locate(here)
        #expect(answer.ids == [one.id, two.id])
    }
}

/// Nodes whose processes are gone: their loops end, as a process's do.
final class Killed: Sendable {
    private let communities = Mutex<Set<CommunityID>>([])

    func insert(_ community: CommunityID) { communities.withLock { _ = $0.insert(community) } }

    /// Runs a node's loops until they end or the node is killed.
    func race(_ community: CommunityID, _ world: World, _ life: @escaping @Sendable () async -> Void) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await life() }
            group.addTask {
                while !self.communities.withLock({ $0.contains(community) }) {
                    guard (try? await world.sleep(.milliseconds(100))) != nil else { return }
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}

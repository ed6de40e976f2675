import ConsentEngine
import ExchangeCore
import JSON
import Simulation
import Testing
import Transactions

/// What a directive would change at every community, before it is signed.
@Suite struct PreviewTests {
    /// A draft at the hospital that keeps documents from one community, as FHIR and as the engine reads it.
    private func draft(_ cluster: Cluster, _ patient: PatientID, from community: CommunityID) async throws
        -> (directive: ConsentDirective, consent: JSONObject)
    {
        var random = cluster.world.random
        let consent = ConsentMapping.json(
            ConsentDirective(
                id: .ordered(at: cluster.world.now(), using: &random), patient: patient,
                base: ConsentRule(.deny, actors: [.organization(community.urn)]), recorded: cluster.world.now()))
        let directive = try await cluster.hospital.exchange.draftConsent(
            consent, for: cluster.context(cluster.hospital, .administration))
        return (directive, consent)
    }

    private func physicians(_ cluster: Cluster, seenFrom node: SimulatedNode) -> [AccessContext] {
        cluster.nodes.map { cluster.context($0, $0.facility.community == node.facility.community ? .client : .peer) }
    }

    private func preview(_ cluster: Cluster, _ patient: PatientID, from community: CommunityID) async throws
        -> [CommunityID: CommunityPreview]
    {
        let (directive, consent) = try await draft(cluster, patient, from: community)
        let previews = try await cluster.hospital.exchange.previewElsewhere(
            directive, as: consent, requesters: physicians(cluster, seenFrom: cluster.hospital),
            for: cluster.context(cluster.hospital, .administration))
        return Dictionary(previews.map { ($0.answer.community, $0) }) { first, _ in first }
    }

    @Test(arguments: Seeds.all)
    func `every community says what each would lose, and the directive then does just that`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            let emergency = cluster.emergency.facility.community
            let clinic = cluster.clinic.facility.community
            let before = try await preview(cluster, patients.hospital, from: emergency)
            #expect(Set(before.keys) == [clinic, emergency])
            let said = try #require(before[clinic]?.preview)
            #expect(said.documents == 1)
            #expect(said.changes.map(\.lost) == [0, 0, 1], "hospital, clinic, emergency")
            #expect(said.changes.map(\.permitted) == [1, 1, 0])
            #expect(said.changes.allSatisfy { $0.gained == 0 })
            #expect(before[emergency]?.preview?.documents == 0)
            #expect(try await cluster.locate(patients.here).ids == patients.ids, "nothing was recorded")

            let (_, consent) = try await draft(cluster, patients.hospital, from: emergency)
            let id = try await cluster.hospital.exchange.createConsent(
                consent, for: cluster.context(cluster.hospital, .administration)
            ).id
            try await cluster.inForce(id, from: cluster.hospital, at: [cluster.clinic, cluster.emergency])
            #expect(try await cluster.locate(patients.here).ids.isEmpty)
            let again = try await preview(cluster, patients.hospital, from: emergency)
            #expect(again[clinic]?.preview?.changes.map(\.lost) == [0, 0, 0], "it is lost already")
        }
    }

    @Test(arguments: Seeds.all)
    func `who may not be shown a patient hears the same as of nobody`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            let emergency = cluster.emergency.facility.community
            let hospital = cluster.hospital.facility.community
            let clinic = cluster.clinic.facility.community
            let refusal = ConsentRule(.deny, actors: [.organization(hospital.urn)])
            _ = try await cluster.record(refusal, for: patients.clinic, at: cluster.clinic)
            let hidden = try await preview(cluster, patients.hospital, from: emergency)
            let stranger = try await cluster.register(cluster.hospital, mrn: "RH-9", given: ["Nobody"], phone: "8025559999")
            let unknown = try await preview(cluster, stranger, from: emergency)
            #expect(hidden[clinic]?.preview == unknown[clinic]?.preview)
            #expect(hidden[clinic]?.preview?.documents == 0)
            #expect(hidden[clinic]?.answer.state == CommunityAnswer.State.none)
        }
    }

    @Test(arguments: Seeds.all)
    func `a community that does not answer is named`(seed: UInt64) throws {
        try Cluster.run(seed: seed) { cluster in
            let patients = try await cluster.settle()
            let clinic = cluster.clinic.facility.community
            cluster.network.set(clinic, .silent)
            let previews = try await preview(cluster, patients.hospital, from: clinic)
            #expect(previews[clinic]?.preview == nil)
            #expect(previews[clinic]?.answer.isGap == true)
            #expect(previews[cluster.emergency.facility.community]?.preview != nil)
        }
    }

    @Test func `who treats is refused before anybody is looked up`() throws {
        try Cluster.run(seed: 1) { cluster in
            _ = try await cluster.settle()
            let draft = ConsentDraft(directive: nil, consent: [:], subject: [:], askers: [])
            let error = await #expect(throws: ExchangeError.self) {
                _ = try await cluster.clinic.exchange.previewConsent(draft, for: cluster.context(cluster.hospital, .peer))
            }
            #expect(error?.code == .forbidden)
        }
    }

    @Test func `a draft or a preview that is none is refused`() throws {
        for wrong: JSONObject in [
            [:], ["consent": [:]], ["consent": [:], "subject": [:]], ["consent": [:], "subject": [:], "askers": ["x"]],
            ["consent": [:], "subject": [:], "askers": [["organization": "urn:oid:1.2", "community": "no"]]],
            ["consent": [:], "subject": [:], "askers": [], "directive": "x"],
        ] {
            #expect(throws: ExchangeError.self) { try ConsentDraft(json: wrong) }
        }
        let many = JSONValue.array((0...ConsentDraft.askersMax).map { _ in [:] })
        #expect(throws: ExchangeError.self) { try ConsentDraft(json: ["consent": [:], "subject": [:], "askers": many]) }
        for wrong: JSONObject in [
            [:], ["documents": 1, "changes": []], ["documents": 1, "changes": [[0, 0]]],
            ["documents": 1, "changes": [[0, 2, 0]]], ["documents": -1, "changes": [[0, 0, 0]]],
        ] {
            #expect(ConsentPreview(json: wrong, askers: 1) == nil)
        }
        let good = ConsentPreview(documents: 2, changes: [.init(gained: 0, lost: 1, permitted: 1)])
        #expect(ConsentPreview(json: good.json, askers: 1) == good)
    }
}

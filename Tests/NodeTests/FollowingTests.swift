import ConsentEngine
import ExchangeCore
import ExchangeNode
import Testing
import Transactions

extension RealNodes {
    /// Consent that follows a patient between nodes with real sockets, disks and certificates.
    @Suite struct FollowingTests {
        @Test func `recorded at one node, another stops showing; a node that was down never answers with what is forbidden`()
            async throws
        {
            try await Region.run { region in
                try await region.publish(2, at: region.clinic, of: "C-1")
                #expect(try await region.find().matches.count == 1)
                try await region.preview(lost: 1, at: region.clinic)
                try await region.clinic.stop()
                let refusal = try await region.hospital.refuse(region.atHospital)
                try await region.follow(refusal.id, from: region.hospital, to: [region.emergency])
                let waiting = try await region.hospital.exchange.standings(of: refusal.id)
                #expect(waiting.first { $0.community == region.clinic.community }?.state.word == "pending")

                try await region.clinic.start()
                try await until("the clinic answers again") {
                    let found = try await region.find()
                    #expect(try found.matches.isEmpty, "never what is forbidden")
                    return try Region.receipt(found)["11"] == "none"
                }
                try await region.follow(refusal.id, from: region.hospital, to: [region.clinic])

                _ = try await region.hospital.exchange.revokeConsent(refusal.id, for: region.hospital.administrator)
                try await region.follow(refusal.id, from: region.hospital, to: [region.clinic, region.emergency])
                #expect(try await region.find().matches.count == 1)
            }
        }

        @Test func `a receipt and what is waiting survive restarts of both sides`() async throws {
            try await Region.run { region in
                try await region.publish(2, at: region.clinic, of: "C-1")
                let refusal = try await region.hospital.refuse(region.atHospital)
                try await region.follow(refusal.id, from: region.hospital, to: [region.clinic, region.emergency])
                for node in [region.hospital, region.clinic] {
                    try await node.stop()
                    try await node.start()
                }
                let standings = try await region.hospital.exchange.standings(of: refusal.id)
                #expect(standings.map(\.state.word) == ["in-force", "in-force"])
                try await until("the clinic answers again") {
                    let found = try await region.find()
                    #expect(try found.matches.isEmpty)
                    return try Region.receipt(found)["11"] == "none"
                }
            }
        }
    }
}

extension Region {
    /// Asks the others what a refusal at the hospital would change for the emergency department's physicians.
    fileprivate func preview(lost: Int, at holder: RunningNode) async throws {
        let asker = hospital.administrator
        let exchange = try hospital.exchange
        var random = World.system.random
        let now = World.system.now()
        let draft = ConsentDirective(
            id: .ordered(at: now, using: &random), patient: atHospital, base: ConsentRule(.deny), recorded: now)
        let physician = AccessContext(
            door: .peer, user: "", role: "physician", organization: emergency.community.urn,
            community: emergency.community, purpose: "TREAT", deadline: asker.deadline, traceID: asker.traceID)
        let previews = try await exchange.previewElsewhere(
            draft, as: ConsentMapping.json(draft), requesters: [physician], for: asker)
        let said = previews.first { $0.answer.community == holder.community }
        #expect(said?.preview?.changes == [.init(gained: 0, lost: lost, permitted: 0)], "\(said?.answer.sentence ?? "")")
        #expect(try await find().matches.count == lost, "nothing was recorded")
    }
}

import ConsentEngine
import ExchangeCore
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

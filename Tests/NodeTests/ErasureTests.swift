import ExchangeCore
import ExchangeNode
import Foundation
import PeerTransport
import Storage
import Testing
import Transactions

extension RealNodes {
    /// What is left of an erased patient in the files of a node.
    @Suite struct ErasureTests {
        private func files(holding text: [UInt8], below folder: URL) throws -> [String] {
            try RawBytes.files(holding: text, below: folder)
        }

        @Test func `T58 no file of the node holds a word of an erased patient, nor the key, before and after a restart`() async throws {
            try await Network.one { network, node in
                let person = Demographics(
                    names: [PersonName(family: "Erasmusdotter", given: ["Wilhelmina"])],
                    birthDate: PartialDate("1958-01-30"), sex: .female,
                    addresses: [PostalAddress(lines: ["1 Erasure Row"], city: "Town", state: "VT", postalCode: "05999")],
                    phones: ["802-555-0100"])
                let patient = try await node.register("ERASE-4711", person).id
                let client = try node.client("writer")
                let answer = try await client.post(
                    "/DocumentReference",
                    Submissions.simplified(Array("a summary of Erasmusdotter".utf8), at: node, of: "ERASE-4711"))
                try #require(answer.status == 201, "\(answer.text)")
                _ = try await client.send(.get, "/DocumentReference?patient=\(patient)")
                let store = node.home.store
                let words = ["Erasmusdotter", "Erasure Row", "ERASE-4711"].map { Array($0.utf8) }
                for word in words {
                    let holding = try files(holding: word, below: store)
                    #expect(holding.contains { $0.hasPrefix("projection") }, "the search finds what is there")
                    #expect(!holding.contains { $0.hasSuffix(".segment") }, "the journal never had it in clear")
                }
                let keyring = try Data(contentsOf: store.appendingPathComponent("keyring"))
                let handle = try #require(keyring.range(of: Data(patient.bytes)))
                let wrapped = Array(keyring[handle.upperBound..<min(handle.upperBound + 32, keyring.endIndex)])
                #expect(try files(holding: wrapped, below: store) == ["keyring"])
                let recovery = try RecoveryKey(world: .system)
                let backup = Backup(network.folder.appendingPathComponent("backup").path)
                let standby = Standby(network.folder.appendingPathComponent("standby").path)
                func copies() throws {
                    let end = try node.node.store.store.end
                    _ = try backup.create(node.home, upTo: end, for: recovery.publicHalf, world: .system)
                    _ = try standby.catchUp(node.home, to: end)
                }
                try copies()
                #expect(try files(holding: wrapped, below: standby.home.folder) == ["keyring"])
                #expect(try RawBytes.pieces(holding: wrapped, of: backup, recovery).count == 1, "before, it is there")
                _ = try await node.exchange.erasePatient(patient, ground: .request, for: node.administrator)
                try copies()
                for word in words + [wrapped] {
                    #expect(try RawBytes.pieces(holding: word, of: backup, recovery) == [], "in a backup made after")
                    #expect(try files(holding: word, below: backup.location) == [])
                    #expect(try files(holding: word, below: standby.home.folder) == [], "in the standby")
                }
                func expectNothing(_ when: String) throws {
                    for word in words + [wrapped] {
                        #expect(try files(holding: word, below: store) == [], "\(when)")
                    }
                }
                try expectNothing("right after")
                try await node.stop()
                try expectNothing("after the stop")
                try await node.start()
                try expectNothing("after the start")
                let report = try await node.exchange.replayJournal(for: node.administrator)
                #expect(report.erased >= 3 && report.findings.isEmpty)
                try await node.stop()
                try FileManager.default.removeItem(at: node.home.projection)
                try await node.start()
                try expectNothing("after the tables were made anew")
            }
        }
    }
}

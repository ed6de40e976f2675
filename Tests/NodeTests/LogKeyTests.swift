import AdminEndpoint
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import Storage
import Testing
import Transactions
import Trust

extension RealNodes {
    /// Keys that are exchanged while the node runs.
    @Suite(.enabled(if: HieProcess.executable != nil, "the program hie was not built"))
    struct LogKeyTests {
        /// Waits until the process answers again after it was told to open itself anew.
        private func reopened(_ process: HieProcess) async throws {
            try await until("the node has opened itself anew", within: .seconds(60)) {
                guard process.isRunning else { throw ExchangeError(.unavailable, "it ended: \(process.lines.suffix(3))") }
                guard let status = try? await process.status() else { return false }
                return status["reopening"]?.bool == false && status["listeners"]?.items.count ?? 0 >= 3
            }
        }

        @Test func `a running node signs its heads by another key, and everything before still verifies`() async throws {
            try await Network.process { network, node, process in
                let client = try node.client()
                let bytes = Array(Canary.document(1).utf8)
                let reply = try await client.post("/DocumentReference", Submissions.simplified(bytes, at: node))
                try #require(reply.status == 201)
                client.close()
                let origin = "oid/\(node.community.oid.dotted)"
                let old = try LogKeyFile.signer(node.home, origin: origin).verifier
                try await until("a head is signed by the old key") { try signer(of: node) == old.keyID }
                let answer = try await process.ask("journal/rotate-key", [:])
                let new = try #require(answer["key"]?.string.flatMap { NoteVerifier(text: $0) })
                #expect(new != old && new.name == origin, "the log keeps its name")
                try await reopened(process)
                #expect(try LogKeyFile.keys(node.home, origin: origin) == [new, old])
                #expect(try signer(of: node) == new.keyID, "signed anew before anything is shown")
                let known = try await process.ask("audit/keys", [:])
                #expect(known["log"]?.string == new.text && known["former"]?.items.map(\.string) == [old.text])
                #expect(known["keys"]?.items.prefix(3).map(\.string) == [new.text, new.cosigningText, old.text])
                #expect(try await process.damage().isEmpty)
                let again = try node.known()
                defer { again.close() }
                let after = try await again.post("/DocumentReference", Submissions.simplified(bytes, at: node, uniqueID: "urn:oid:1.2.3.9"))
                #expect(after.status == 201)
                await process.end(SIGTERM)
                #expect(JournalAudit.walk(node.home, isLive: false, resumes: false).damage.isEmpty)
                let store = try await NodeStore.open(
                    node.home, configuration: try NodeConfiguration(of: node.home), world: .system,
                    logger: node.logged.logger("log-key"))
                let entries = try await store.reader.entries(from: 0, limit: 1000)
                let act = try #require(
                    entries.compactMap { try? JSONReader.read($0.payload) }
                        .first { $0["act"]?.string == "journal/rotate-key" })
                let note = try SignedNote(parsing: act["signed"]?.string ?? "")
                #expect(old.verifies(note) && note.text.contains(new.text), "the old key vouches for the new")
                try await store.close()
                try await process.start()
            }
        }

        @Test func `a node opens itself anew without anybody's hand, and what it holds is there`() async throws {
            try await Network.process { network, node, process in
                let client = try node.client()
                let reply = try await client.post(
                    "/DocumentReference", Submissions.simplified(Array(Canary.document(1).utf8), at: node),
                    headers: [("prefer", "return=representation")])
                client.close()
                let url = try path(try reply.json["content"]?[0]?["attachment"]?["url"]?.string ?? "")
                let begun = try network.authority.beginRotation(node.home)
                _ = try await process.ask("directory/admit", ["admission": .string(begun.admission)])
                #expect(try await process.ask("node/reopen", [:])["reopening"]?.bool == true)
                try await reopened(process)
                let used = try await process.status()["certificates"]?.items.first { $0["use"]?.string == "peers" }
                #expect(used?["key"]?.string == begun.key.text, "under the new key")
                let again = try node.known()
                defer { again.close() }
                #expect(try await again.document(url).text == Canary.document(1))
            }
        }

        /// The id of the key that signed the kept checkpoint.
        private func signer(of node: RunningNode) throws -> [UInt8]? {
            let file = node.home.store.appendingPathComponent("journal/checkpoint")
            guard let bytes = FileManager.default.contents(atPath: file.path) else { return nil }
            return try SignedNote(parsing: String(decoding: bytes, as: UTF8.self)).signatures.first?.keyID
        }
    }
}

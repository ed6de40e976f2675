import AdminEndpoint
import Crypto
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import Logging
import PeerTransport
import Storage
import Testing
import Transactions
import XDSMetadata

extension RealNodes {
    /// What has to lie elsewhere, and how it comes back.
    @Suite struct BackupTests {
        private static let silent = Logger(label: "backup") { _ in SwiftLogNoOpLogHandler() }

        /// Publishes documents; where they are to be found.
        private static func publish(_ numbers: ClosedRange<Int>, _ client: NodeClient, _ node: RunningNode) async throws
            -> [(path: String, text: String)]
        {
            var all: [(String, String)] = []
            for number in numbers {
                let text = Canary.document(number) + String(repeating: "\(number)", count: 3000)
                let reply = try await client.post(
                    "/DocumentReference", Submissions.simplified(Array(text.utf8), at: node),
                    headers: [("prefer", "return=representation")])
                try #require(reply.status == 201)
                all.append((try path(try reply.json["content"]?[0]?["attachment"]?["url"]?.string ?? ""), text))
            }
            return all
        }

        private static func expect(_ documents: [(path: String, text: String)], at node: RunningNode) async throws {
            let client = try node.known()
            defer { client.close() }
            for document in documents { #expect(try await client.document(document.path).text == document.text) }
        }

        private static func run(_ node: RunningNode, _ backup: Backup, _ key: RecoveryKey) throws -> Backup.Report {
            try backup.create(node.home, upTo: try node.node.store.store.end, for: key.publicHalf, world: .system)
        }

        @Test func `a backup made while the node runs goes on where it ended, verifies, and becomes a node elsewhere`()
            async throws
        {
            try await Network.one(.init(limits: ["segment-bytes: 65536"])) { network, node in
                let client = try node.client()
                try await node.register()
                let key = try RecoveryKey(world: .system)
                let backup = Backup(network.folder.appendingPathComponent("backup").path)
                var documents = try await Self.publish(1...12, client, node)
                let first = try Self.run(node, backup, key)
                #expect(first.added == first.manifest.end.frontier.size && first.added > 12)
                documents += try await Self.publish(13...40, client, node)
                let second = try Self.run(node, backup, key)
                #expect(second.added >= 28 && second.manifest.pieces.count == 5)
                #expect(second.manifest.pieces[0] == first.manifest.pieces[0], "what was there is not written again")
                #expect(try Self.run(node, backup, key).added == 0)
                let finding = try backup.verify(key: key)
                #expect(finding.journal?.entries == finding.manifest.end.frontier.size && finding.keys == 1)
                #expect(try backup.verify(key: nil).journal == nil)
                for name in try FileManager.default.contentsOfDirectory(atPath: backup.path) {
                    let bytes = try Data(contentsOf: URL(fileURLWithPath: backup.path + "/" + name))
                    for secret in [Canary.words, Canary.family, node.name] where name != "manifest" {
                        #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name) in clear")
                    }
                }
                try await node.stop()
                try FileManager.default.removeItem(at: node.home.folder)
                let restored = try await backup.restore(to: node.home, key: key, world: .system, logger: Self.silent)
                #expect(restored.journal?.root == finding.journal?.root)
                try await node.start()
                try await Self.expect(documents, at: node)
                let entries = try await node.node.store.reader.entries(from: finding.manifest.end.frontier.size, limit: 1)
                let trace = try #require(entries.first)
                #expect(trace.kind == .repair)
                #expect(String(decoding: trace.payload, as: UTF8.self).contains("restored"), "it says so in its own log")
                let again = await #expect(throws: ExchangeError.self) {
                    try await backup.restore(to: node.home, key: key, world: .system, logger: Self.silent)
                }
                #expect(again?.code == .conflict)
            }
        }

        @Test func `T67 T124 one changed byte in any file of a backup is found, and another key opens nothing`() async throws {
            try await Network.one { network, node in
                let client = try node.client()
                try await node.register()
                _ = try await Self.publish(1...3, client, node)
                let key = try RecoveryKey(world: .system)
                let backup = Backup(network.folder.appendingPathComponent("backup").path)
                let report = try Self.run(node, backup, key)
                for name in report.manifest.pieces.map(\.name) + ["manifest"] {
                    let file = URL(fileURLWithPath: backup.path + "/" + name)
                    let bytes = [UInt8](try Data(contentsOf: file))
                    for place in [0, bytes.count / 3, bytes.count / 2, bytes.count - 2] {
                        var changed = bytes
                        changed[place] ^= 1
                        try Data(changed).write(to: file)
                        #expect(throws: ExchangeError(.corrupted, ""), "\(name), byte \(place)") {
                            try backup.verify(key: nil)
                        }
                    }
                    try Data(bytes.dropLast(40)).write(to: file)
                    #expect(throws: ExchangeError(.corrupted, ""), "\(name), cut") { try backup.verify(key: key) }
                    try Data(bytes).write(to: file)
                }
                _ = try backup.verify(key: key)
                let other = try RecoveryKey(world: .system)
                #expect(throws: ExchangeError(.conflict, "")) { try backup.verify(key: other) }
                #expect(throws: ExchangeError(.conflict, "")) { try Self.run(node, backup, other) }
                let piece = try #require(report.manifest.pieces.first)
                #expect(throws: ExchangeError(.corrupted, "")) {
                    try SealedPiece.read(backup.path + "/" + piece.name, name: piece.name, key: other) { _ in }
                }
            }
        }

        @Test func `a keyring that is lost or old stops the start, and comes back from its own backup`() async throws {
            try await Network.one { network, node in
                let client = try node.client()
                try await node.register()
                var documents = try await Self.publish(1...3, client, node)
                let key = try RecoveryKey(world: .system)
                let old = try Data(contentsOf: node.home.keyring)
                try await node.register("MRN-2")
                documents += try await Self.publish(4...4, client, node)
                let file = network.folder.appendingPathComponent("keyring.sealed").path
                #expect(try KeyringBackup.create(node.home, to: file, for: key.publicHalf) == 2)
                try await node.stop()
                func seen() -> [String: HealthFinding.Grade] {
                    let findings = FolderCheckup.findings(node.home, isRunning: false, world: .system)
                    return Dictionary(findings.map { ($0.component, $0.grade) }) { $1 }
                }
                #expect(seen()["journal"] == .pass && seen()["keyring"] == .pass)
                for fate in ["lost", "old", "damaged"] {
                    switch fate {
                    case "lost": try FileManager.default.removeItem(at: node.home.keyring)
                    case "old": try old.write(to: node.home.keyring)
                    default:
                        var bytes = try Data(contentsOf: node.home.keyring)
                        bytes[200] ^= 1
                        try bytes.write(to: node.home.keyring)
                    }
                    try? FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: node.home.keyring.path)
                    // Whether a keyring that opens is an old one, the journal's entries alone say.
                    #expect(seen()["keyring"] == (fate == "old" ? .pass : .fail), "\(fate): the doctor says so before the start")
                    let refusal = await #expect(throws: ExchangeError.self, "\(fate)") { try await node.start() }
                    #expect(refusal?.code == .corrupted, "\(fate)")
                    #expect(refusal?.description.contains("keyring") == true, "\(fate): \(refusal?.description ?? "")")
                    #expect(try KeyringBackup.restore(file, to: node.home, key: key) == 2)
                    try await node.start()
                    try await Self.expect(documents, at: node)
                    try await node.stop()
                }
            }
        }

        @Test func `the wrapping key is exchanged while the node runs, and a rotation that is cut off ends either way`()
            async throws
        {
            try await Network.one { _, node in
                let client = try node.client()
                try await node.register()
                var documents = try await Self.publish(1...3, client, node)
                let before = try Data(contentsOf: node.home.wrappingKey)
                let keyring = try Data(contentsOf: node.home.keyring)
                let journal = try node.journalSize
                #expect(try await WrappingKeyFile.rotate(node.home, keyring: node.node.store.keyring, world: .system) == 1)
                #expect(try node.journalSize == journal, "no document is written again")
                #expect(try Data(contentsOf: node.home.wrappingKey) != before)
                try await Self.expect(documents, at: node)
                try await node.register("MRN-3")
                documents += try await Self.publish(4...5, client, node)
                let found = try await client.post("/Patient/$match", Submissions.match())
                #expect(try found.matches.isEmpty == false, "the index of patients did not change")
                try await node.stop()
                try await node.start()
                try await Self.expect(documents, at: node)
                try await node.stop()
                // Cut off before the keyring was replaced: the old key holds on. After: the new one does.
                let current = try Data(contentsOf: node.home.wrappingKey)
                try SecretFile.create(node.home.nextWrappingKey, World.system.randomBytes(32))
                try await node.start()
                try await Self.expect(documents, at: node)
                try await node.stop()
                #expect(!FileManager.default.fileExists(atPath: node.home.nextWrappingKey.path))
                try SecretFile.create(node.home.nextWrappingKey, [UInt8](current))
                try before.write(to: node.home.wrappingKey)
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: node.home.wrappingKey.path)
                try await node.start()
                try await Self.expect(documents, at: node)
                #expect(keyring.count > 0)
            }
        }

        @Test func `a standby follows a running node, refuses to run beside it, and takes its place`() async throws {
            try await Network.one(.init(limits: ["segment-bytes: 65536"])) { network, node in
                let client = try node.client()
                try await node.register()
                let standby = Standby(network.folder.appendingPathComponent("standby").path)
                var documents = try await Self.publish(1...20, client, node)
                let first = try standby.catchUp(node.home, to: try node.node.store.store.end)
                #expect(first.added == first.entries && first.entries > 20)
                documents += try await Self.publish(21...40, client, node)
                let second = try standby.catchUp(node.home, to: try node.node.store.store.end)
                #expect(second.entries == (try node.journalSize) && second.added >= 20)
                let refusal = await #expect(throws: ExchangeError.self) {
                    _ = try await Node(standby.home, logger: network.log.logger("standby"))
                }
                #expect(refusal?.code == .conflict)
                let root = try node.node.store.writer.root
                try await node.stop()
                #expect(try await standby.promote(world: .system, logger: Self.silent).entries == second.entries)
                // In the place of the node it followed: same ports, same certificates.
                try FileManager.default.removeItem(at: node.home.folder)
                try FileManager.default.moveItem(at: standby.home.folder, to: node.home.folder)
                try await node.start()
                try await Self.expect(documents, at: node)
                let leaves = try await node.node.store.store.leaves(0..<second.entries)
                #expect(MerkleTree(leaves: leaves).root(at: second.entries) == root)
            }
        }
    }
}

extension Backup {
    /// Where it lies.
    fileprivate var path: String { location.path }
}

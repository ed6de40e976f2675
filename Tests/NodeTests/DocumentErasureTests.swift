import AdminEndpoint
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

/// Looks for bytes in whatever lies below folders.
enum RawBytes {
    /// Every file below a folder whose bytes hold a text.
    static func files(holding text: [UInt8], below folder: URL) throws -> [String] {
        let found = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: [.isRegularFileKey])
        var names: [String] = []
        for case let file as URL in found ?? .init() {
            // A running node replaces small files: one that has gone meanwhile holds nothing.
            guard (try? file.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true,
                let bytes = try? Data(contentsOf: file)
            else { continue }
            if bytes.range(of: Data(text)) != nil { names.append(file.lastPathComponent) }
        }
        return names.sorted()
    }

    /// Every piece of a backup that holds a text once it is opened with the recovery key.
    static func pieces(holding text: [UInt8], of backup: Backup, _ key: RecoveryKey) throws -> [String] {
        var names: [String] = []
        for piece in try #require(try backup.manifest()).pieces {
            var clear: [UInt8] = []
            let path = backup.location.appendingPathComponent(piece.name).path
            try SealedPiece.read(path, name: piece.name, key: key) { clear += $0 }
            if Data(clear).range(of: Data(text)) != nil { names.append(piece.name) }
        }
        return names
    }
}

extension RealNodes {
    /// What is left of one erased document: in a node, in a backup, in a standby, after every way of starting again.
    @Suite struct DocumentErasureTests {
        private static let silent = Logger(label: "erasure") { _ in SwiftLogNoOpLogHandler() }

        private static func unique(_ number: Int) -> String { "urn:oid:1.3.6.1.4.1.21367.2026.10.77.\(number).77" }

        /// A document of a scene: its id, and its sealed bytes as they lie in the segment.
        private struct Published {
            let content: ContentReference
            let sealed: [UInt8]
            let clear: [UInt8]
            var id: DocumentID { content.document }
        }

        private func publish(_ number: Int, _ client: NodeClient, _ node: RunningNode) async throws -> Published {
            let clear = Array((Canary.document(number) + String(repeating: " page \(number)", count: 900)).utf8)
            let answer = try await client.post(
                "/DocumentReference", Submissions.simplified(clear, at: node, uniqueID: Self.unique(number)),
                headers: [("prefer", "return=representation")])
            try #require(answer.status == 201, "\(answer.text)")
            let id = try #require(try answer.json["id"]?.string.flatMap { DocumentID($0) })
            let facts = try #require(try await node.node.store.projection.facts(aboutDocument: id))
            let content = try #require(facts.documents.first).content
            return Published(
                content: content, sealed: try await node.node.store.store.readContent(content), clear: clear)
        }

        private func isSealed(_ document: Published, below folder: URL) throws -> Bool {
            // The first bytes and some in the middle: what is half there is there.
            for piece in [document.sealed.prefix(48), document.sealed.dropFirst(document.sealed.count / 2).prefix(48)] {
                if try !RawBytes.files(holding: Array(piece), below: folder).isEmpty { return true }
            }
            return false
        }

        private func isIn(_ backup: Backup, _ document: Published, _ key: RecoveryKey) throws -> Bool {
            try !RawBytes.pieces(holding: Array(document.sealed.prefix(48)), of: backup, key).isEmpty
        }

        @Test func `T58 an erased document is in no segment, table, later backup or standby, and the tree stays whole`()
            async throws
        {
            try await Network.one(.init(limits: ["segment-bytes: 65536", "witness-seconds: 1"])) { network, node in
                let client = try node.client()
                let patient = try await node.register().id
                let key = try RecoveryKey(world: .system)
                let backup = Backup(network.folder.appendingPathComponent("backup").path)
                let standby = Standby(network.folder.appendingPathComponent("standby").path)
                func copies() throws {
                    let end = try node.node.store.store.end
                    _ = try backup.create(node.home, upTo: end, for: key.publicHalf, world: .system)
                    _ = try standby.catchUp(node.home, to: end)
                }
                var documents: [Published] = []
                for number in 1...20 { documents.append(try await publish(number, client, node)) }
                let (gone, kept) = (documents[3], documents[4])
                try copies()
                #expect(try isSealed(gone, below: node.home.store) && isSealed(gone, below: standby.home.folder))
                #expect(try isIn(backup, gone, key), "the search finds what is there")
                let before = try node.node.store.store.end
                let path = "/Binary/\(gone.id)"
                #expect(try await client.send(.get, path).status == 200)

                _ = try await node.exchange.hold(
                    patient, isHeld: true, reason: "case 2026-114, county court", for: node.administrator)
                await #expect(throws: ExchangeError(.conflict, "")) {
                    try await node.exchange.eraseDocument(gone.id, ground: .order, for: node.administrator)
                }
                _ = try await node.exchange.hold(
                    patient, isHeld: false, reason: "case 2026-114 was settled", for: node.administrator)
                let receipt = try await node.exchange.eraseDocument(gone.id, ground: .error, for: node.administrator)
                await #expect(throws: ExchangeError(.notFound, "")) {
                    try await node.exchange.eraseDocument(gone.id, ground: .error, for: node.administrator)
                }
                try copies()
                func expectGone(_ when: String, _ place: NodeHome) throws {
                    #expect(try !isSealed(gone, below: place.store), "\(when)")
                    #expect(try isSealed(kept, below: place.store), "\(when)")
                    let (one, other) = (Array(Self.unique(4).utf8), Array(Self.unique(5).utf8))
                    #expect(try RawBytes.files(holding: one, below: place.store).isEmpty, "its rows: \(when)")
                    if FileManager.default.fileExists(atPath: place.projection.path) {
                        #expect(try !RawBytes.files(holding: other, below: place.store).isEmpty, "\(when)")
                    }
                }
                try expectGone("right after", node.home)
                try expectGone("in the standby", standby.home)
                #expect(try !isIn(backup, gone, key) && isIn(backup, kept, key))
                let finding = try backup.verify(key: key)
                #expect(finding.journal?.entries == finding.manifest.end.frontier.size)
                #expect(finding.manifest.end.frontier.size > before.entries)

                let hidden = try await client.send(.get, path)
                let absent = try await client.send(.get, "/Binary/00000000-0000-4000-8000-000000000000")
                #expect(hidden.status == absent.status && hidden.status == 404)
                #expect(try await client.send(.get, "/Binary/\(kept.id)").status == 200)
                await #expect(throws: ExchangeError(.gone, "")) {
                    try await node.node.store.reader.document(gone.content, of: patient)
                }
                let size = try node.journalSize
                try await until("a head covers the erasure") {
                    guard let witness = try node.exchange.witness, let head = await witness.ownHead else { return false }
                    return head.checkpoint.size >= size
                }
                let proof = try await node.exchange.prove([receipt.position], opens: false, for: node.administrator)
                let said = try #require(try proof.check().entries.first)
                #expect(said.kind == .erasure)
                #expect(String(decoding: said.payload ?? [], as: UTF8.self).contains(gone.id.description))

                let report = try await node.exchange.replayJournal(for: node.administrator)
                #expect(report.findings.isEmpty, "\(report.findings)")
                try await node.stop()
                #expect(await JournalAudit.verify(node.home).damage.isEmpty)
                try FileManager.default.removeItem(at: node.home.projection)
                try await node.start()
                try expectGone("after the tables were made anew", node.home)
                try await node.stop()
                let restored = NodeHome(network.folder.appendingPathComponent("restored").path)
                _ = try await backup.restore(to: restored, key: key, world: .system, logger: Self.silent)
                try expectGone("restored", restored)
                #expect(await JournalAudit.verify(restored).damage.isEmpty)
                _ = try await standby.promote(world: .system, logger: Self.silent)
                try expectGone("promoted", standby.home)
                #expect(await JournalAudit.verify(standby.home).damage.isEmpty)
            }
        }

        @Test func `an erasure that is cut off is finished by the next start, behind its entry or in the middle of the bytes`()
            async throws
        {
            try await Network.one { _, node in
                let client = try node.client()
                let patient = try await node.register().id
                let first = try await publish(1, client, node)
                let second = try await publish(2, client, node)
                let third = try await publish(3, client, node)
                let erasure = DocumentErasure(
                    patient: patient, contents: [first.content], ground: .error, user: "admin")
                _ = try await node.exchange.journal.append(
                    EntryDraft(
                        kind: .erasure, subject: nil, payload: erasure.payload, removes: erasure.contents, value: erasure))
                #expect(try isSealed(first, below: node.home.store), "nobody removed it yet")
                try await node.stop()
                try await node.start()
                #expect(try !isSealed(first, below: node.home.store))

                let other = DocumentErasure(patient: patient, contents: [second.content], ground: .error, user: "admin")
                _ = try await node.exchange.journal.append(
                    EntryDraft(
                        kind: .erasure, subject: nil, payload: other.payload, removes: other.contents, value: other))
                try await node.stop()
                // As a process leaves it that is killed half-way: the list is there, and half of the zeros.
                let journal = node.home.store.appendingPathComponent("journal")
                let place = second.content.location
                let segment = journal.appendingPathComponent("0000000\(place.segment).segment")
                var bytes = try Data(contentsOf: segment)
                let frame = Data(EntryFrame.removed(place.length).prefix(Int(place.length) / 2))
                let start = Int(place.offset) - EntryFrame.headerBytes
                bytes.replaceSubrange(start..<start + frame.count, with: frame)
                try bytes.write(to: segment)
                #expect(await !JournalAudit.verify(node.home).damage.isEmpty, "half of it is damage")
                try Data("\(place.segment) \(place.offset) \(place.length)\n".utf8).write(
                    to: journal.appendingPathComponent("removals"))
                try await node.start()
                #expect(try !isSealed(second, below: node.home.store) && isSealed(third, below: node.home.store))
                try await node.stop()
                #expect(await JournalAudit.verify(node.home).damage.isEmpty)
                try await node.start()
            }
        }

        @Test func `T47 a document that somebody removes without an entry is damage, and is named`() async throws {
            try await Network.one { _, node in
                let client = try node.client()
                try await node.register()
                let document = try await publish(1, client, node)
                try await node.stop()
                try FileJournalStore.remove(
                    [document.content], in: DurableFolder(node.home.store.appendingPathComponent("journal").path))
                let damage = await JournalAudit.verify(node.home).damage
                #expect(damage.first?.contains("no entry says that it was erased") == true, "\(damage)")
                #expect(damage.first?.contains(document.id.description) == true)
                #expect(damage.first?.contains("segment 0, offset") == true)
                try await node.start()
                let answer = try await client.send(.get, "/Binary/\(document.id)")
                #expect(answer.status >= 400, "nothing is shown for it")
            }
        }
    }
}

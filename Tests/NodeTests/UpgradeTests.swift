import AdminEndpoint
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import PeerTransport
import Storage
import Testing
import Transactions

extension RealNodes {
    /// Stores that earlier versions wrote (`Tests/formats`): rehearsed, opened, and answered from as they were then.
    @Suite struct UpgradeTests {
        private static let folder = Repository.root.appendingPathComponent("Tests/formats")

        static let formats: [String] = {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
            return names.filter { $0.hasSuffix(".tar.gz") }.map { String($0.dropLast(".tar.gz".count)) }.sorted()
        }()

        /// What the program of then said.
        private struct Expected {
            let tables: Int
            let entries: Int
            let root: String
            let documents: [String: Set<String>]

            init(_ name: String) throws {
                let json = try JSONReader.read(Array(Data(contentsOf: folder.appendingPathComponent(name + ".json"))))
                tables = try #require(json["tables"]?.integer)
                entries = try #require(json["entries"]?.integer)
                root = try #require(json["root"]?.string)
                documents = try #require(json["patients"]?.object).members.reduce(into: [:]) { all, member in
                    all[member.name] = Set(member.value.items.compactMap { $0.string })
                }
            }
        }

        /// A node of today whose store is that of an archive.
        private static func node(_ name: String, _ network: Network) async throws -> RunningNode {
            let node = try network.add()
            let old = network.folder.appendingPathComponent("old")
            try SecretFile.makeFolder(old)
            let unpacked = try await Subprocess.run(
                "/bin/tar", ["xzf", folder.appendingPathComponent(name + ".tar.gz").path, "-C", old.path])
            try #require(unpacked.text.isEmpty, "\(unpacked.text)")
            let then = NodeHome(old.appendingPathComponent("node").path)
            try FileManager.default.removeItem(at: node.home.store)
            try FileManager.default.copyItem(at: then.store, to: node.home.store)
            try SecretFile.replace(node.home.wrappingKey, SecretFile.read(then.wrappingKey), mode: 0o600)
            // Links in what was rendered begin with the base of then; with another base tables are made anew for that alone.
            let base = try NodeConfiguration(of: then).clientBase
            try node.reconfigure { $0 + "client-base: \(base)\n" }
            return node
        }

        private static func content(_ folder: URL) throws -> [String: Data] {
            let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String } ?? []
            return names.reduce(into: [:]) { all, name in
                all[name] = FileManager.default.contents(atPath: folder.appendingPathComponent(name).path)
            }
        }

        @Test func `the last two versions of the tables are kept, the present one among them`() throws {
            let versions = try Self.formats.map { try Expected($0).tables }
            #expect(versions.contains(SQLiteProjection.version), "Tests/formats/make PROGRAM tables-\(SQLiteProjection.version)")
            #expect(versions.contains { $0 < SQLiteProjection.version })
        }

        @Test(arguments: formats) func `an old store is rehearsed without a change, opened, and says what it said`(_ name: String) async throws {
            try await Network.run { network in
                let expected = try Expected(name)
                let node = try await Self.node(name, network)
                let before = try Self.content(node.home.store)
                let report = try await UpgradeRehearsal(node.home, world: .system).run()
                #expect(report.entries == UInt64(expected.entries))
                #expect(report.root == expected.root)
                #expect(report.tablesFound == expected.tables)
                #expect(report.isMigration == (expected.tables != SQLiteProjection.version))
                #expect(report.counts.patients == expected.documents.count && report.counts.documents == 4)
                #expect(report.counts.directives == 2)
                #expect(report.tableBytes > 0 && report.peakBytes >= report.tableBytes)
                let after = try Self.content(node.home.store)
                // Not a byte and not a file: whoever rehearses may be another user than the node's.
                #expect(after.keys.sorted() == before.keys.sorted())
                for (file, bytes) in before { #expect(after[file] == bytes, "\(file)") }

                try await node.start()
                let isRebuilt = network.log.all.contains { $0.contains("projection rebuilt") }
                #expect(isRebuilt == report.isMigration)
                // Bytes 16 and 17 of SQLite's header: pages of 4,096 bytes, also where they were larger.
                let tables = try #require(FileManager.default.contents(atPath: node.home.projection.path))
                #expect(Array(tables[16..<18]) == [0x10, 0x00])
                let client = try node.client()
                defer { client.close() }
                for (patient, documents) in expected.documents {
                    let found = try await client.send(.get, "/DocumentReference?status=current&patient=\(patient)")
                    #expect(found.status == 200)
                    #expect(Set(try found.matches.compactMap { $0["resource"]?["id"]?.string }) == documents, "\(patient)")
                    for match in try found.matches {
                        let resource = try #require(match["resource"])
                        let attachment = try #require(resource["content"]?[0]?["attachment"])
                        let url = try #require(attachment["url"]?.string)
                        let path = try #require(url.split(separator: "/fhir", maxSplits: 1).last.map(String.init))
                        let document = try await client.document(path)
                        #expect(document.status == 200 && document.bytes.count == attachment["size"]?.integer)
                    }
                }
                // The node runs: rehearsing is no business of its lock.
                let again = try await UpgradeRehearsal(node.home, world: .system).run()
                #expect(again.entries > report.entries && !again.isMigration)
                try await node.stop()
                let verdict = await JournalAudit.verify(node.home)
                #expect(verdict.damage.isEmpty, "\(verdict.damage)")
            }
        }

        @Test func `a journal of a later version is refused, and nothing is left behind`() async throws {
            try await Network.run { network in
                let node = try await Self.node(try #require(Self.formats.last), network)
                let segment = node.home.store.appendingPathComponent("journal/00000000.segment")
                var bytes = [UInt8](try Data(contentsOf: segment))
                guard case .frame(.segment, let body, let next) = bytes.withUnsafeBytes({ EntryFrame.read($0, at: 0) }) else {
                    throw ExchangeError(.internal, "no header")
                }
                var (header, framed) = (Array(bytes[body..<next]), [UInt8]())
                header[8] = 2
                EntryFrame.append(.segment, header, to: &framed)
                bytes.replaceSubrange(0..<framed.count, with: framed)
                try Data(bytes).write(to: segment)
                await #expect(throws: ExchangeError(.conflict, "")) { try await UpgradeRehearsal(node.home, world: .system).run() }
                #expect(!FileManager.default.fileExists(atPath: node.home.store.appendingPathComponent("rehearsal").path))
                #expect([UInt8](try Data(contentsOf: segment)) == bytes)
            }
        }
    }
}

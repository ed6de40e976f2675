import AdminEndpoint
import ExchangeCore
import ExchangeNode
import Foundation
import Logging
import Storage
import Testing

extension RealNodes {
    /// A standby that cannot be what it should: refused before anything is changed, and never a dead end.
    @Suite struct StandbyTests {
        private static let silent = Logger(label: "standby") { _ in SwiftLogNoOpLogHandler() }

        /// Every file below a folder.
        private static func files(_ folder: URL) throws -> [String: Data] {
            var all: [String: Data] = [:]
            for name in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
                all[name] = FileManager.default.contents(atPath: folder.appendingPathComponent(name).path)
            }
            return all
        }

        /// Changes one bit of a journal's first segment.
        private static func flip(_ home: NodeHome, at place: Int) throws {
            let segment = home.store.appendingPathComponent("journal/00000000.segment")
            let file = try FileHandle(forUpdating: segment)
            defer { try? file.close() }
            try file.seek(toOffset: UInt64(place))
            let byte = try #require(file.read(upToCount: 1)?.first)
            try file.seek(toOffset: UInt64(place))
            try file.write(contentsOf: Data([byte ^ 4]))
        }

        @Test func `T66 a promotion that fails changes nothing, and works once the cause is gone`() async throws {
            try await Network.one { network, node in
                for number in 1...4 { try await node.register("MRN-\(number)") }
                let standby = Standby(network.folder.appendingPathComponent("standby").path)
                _ = try standby.catchUp(node.home, to: try node.node.store.store.end)
                let end = try node.node.store.store.end
                try await node.stop()
                let place = Int(end.offset) / 2
                try Self.flip(standby.home, at: place)
                let before = try Self.files(standby.home.folder)
                for _ in 1...2 {
                    let refusal = await #expect(throws: ExchangeError.self) {
                        _ = try await standby.promote(world: .system, logger: Self.silent)
                    }
                    #expect(refusal?.code == .corrupted, "\(refusal?.description ?? "")")
                    let after = try Self.files(standby.home.folder)
                    #expect(before.keys.sorted() == after.keys.sorted())
                    for (name, bytes) in before { #expect(after[name] == bytes, "\(name)") }
                }
                try Self.flip(standby.home, at: place)
                _ = try standby.catchUp(node.home, to: end)
                _ = try await standby.promote(world: .system, logger: Self.silent)
                #expect(!FileManager.default.fileExists(atPath: standby.home.standby.path))
            }
        }

        @Test func `another node does not follow into a standby, and writes nothing there`() async throws {
            try await Network.run { network in
                let hospital = try network.add()
                let clinic = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                try await hospital.start()
                try await clinic.start()
                try await hospital.register()
                let standby = Standby(network.folder.appendingPathComponent("standby").path)
                _ = try standby.catchUp(hospital.home, to: try hospital.node.store.store.end)
                let before = try Self.files(standby.home.folder)
                let end = try clinic.node.store.store.end
                let refusal = #expect(throws: ExchangeError.self) { _ = try standby.catchUp(clinic.home, to: end) }
                #expect(refusal?.code == .conflict, "\(refusal?.description ?? "")")
                for word in ["oid/\(hospital.community.oid.dotted)", "oid/\(clinic.community.oid.dotted)", "a folder of its own"] {
                    #expect(refusal?.description.contains(word) == true, "\(refusal?.description ?? "")")
                }
                #expect(try Self.files(standby.home.folder) == before)
                _ = try standby.catchUp(hospital.home, to: try hospital.node.store.store.end)
            }
        }

        @Test func `a standby without an entry is not promoted`() async throws {
            try await Network.one { network, node in
                try await node.register()
                let end = try node.node.store.store.end
                try await node.stop()
                try Self.flip(node.home, at: 300)
                let standby = Standby(network.folder.appendingPathComponent("standby").path)
                #expect(throws: ExchangeError(.corrupted, "")) { _ = try standby.catchUp(node.home, to: end) }
                let refusal = await #expect(throws: ExchangeError.self) {
                    _ = try await standby.promote(world: .system, logger: Self.silent)
                }
                #expect(refusal?.code == .conflict, "\(refusal?.description ?? "")")
                #expect(FileManager.default.fileExists(atPath: standby.home.standby.path), "it can go on following")
            }
        }

        @Test func `a promotion says how much more the node it followed had`() async throws {
            try await Network.one { network, node in
                try await node.register()
                let standby = Standby(network.folder.appendingPathComponent("standby").path)
                let end = try node.node.store.store.end
                let pass = try standby.catchUp(node.home, to: end)
                for number in 1...3 { try await node.register("MRN-\(number)") }
                let later = try node.node.store.store.end
                try await node.stop()
                try Self.flip(node.home, at: Int(end.offset) + 100)
                #expect(throws: ExchangeError(.corrupted, "")) { _ = try standby.catchUp(node.home, to: later) }
                let taken = try await standby.promote(world: .system, logger: Self.silent)
                #expect(taken.entries == pass.entries && taken.known == later.entries)
                #expect(taken.missing == later.entries - pass.entries && taken.missing > 0)
            }
        }

        @Test func `a backup that is refused leaves nothing of itself`() async throws {
            try await Network.one { network, node in
                try await node.register()
                let end = try node.node.store.store.end
                let key = try RecoveryKey(world: .system).publicHalf
                let good = network.folder.appendingPathComponent("good")
                _ = try Backup(good.path).create(node.home, upTo: end, for: key, world: .system)
                try await node.register("MRN-2")
                let later = try node.node.store.store.end
                try await node.stop()
                try Self.flip(node.home, at: Int(end.offset) + 100)
                let before = try Self.files(good)
                #expect(throws: ExchangeError(.corrupted, "")) {
                    _ = try Backup(good.path).create(node.home, upTo: later, for: key, world: .system)
                }
                #expect(try Self.files(good) == before, "the backup of before stands")
                let fresh = network.folder.appendingPathComponent("fresh")
                #expect(throws: ExchangeError(.corrupted, "")) {
                    _ = try Backup(fresh.path).create(node.home, upTo: later, for: key, world: .system)
                }
                #expect(!FileManager.default.fileExists(atPath: fresh.path))
            }
        }

        @Test func `of a damaged journal the check still says what its signed head covers`() async throws {
            try await Network.one { _, node in
                try await node.register()
                let end = try node.node.store.store.end
                try await node.stop()
                let signed = try #require(await JournalAudit.verify(node.home).checkpoint)
                try Self.flip(node.home, at: Int(end.offset) / 2)
                let verdict = await JournalAudit.verify(node.home)
                #expect(!verdict.damage.isEmpty && verdict.checkpoint == signed)
            }
        }
    }
}

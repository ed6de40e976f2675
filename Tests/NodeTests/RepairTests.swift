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

extension RealNodes {
    /// A node that came back with less than it once signed for, among nodes that remember.
    @Suite struct RepairTests {
        @Test func `an older copy is told by the others and ends unaccused; accepted, the loss is a new log that both keep`()
            async throws
        {
            try await Network.run { network in
                let hospital = try network.add(.init(limits: ["witness-seconds: 1"]))
                try await hospital.start()
                let clinic = try network.add(
                    .init(
                        name: "clinic", community: "1.3.6.1.4.1.21367.2026.11", seeds: [hospital],
                        limits: ["witness-seconds: 1"]))
                try await clinic.start()
                let patient = try await hospital.register("RH-1").id
                try await hospital.stop()
                let copy = network.folder.appendingPathComponent("copy")
                try FileManager.default.copyItem(at: hospital.home.store, to: copy)
                try await hospital.start()
                try await hospital.register("RH-2")
                try await hospital.register("RH-3")
                let signed = try hospital.journalSize
                let old = LogOrigin(community: hospital.community)
                try await until("the clinic holds the whole head") {
                    guard let heads = try await clinic.exchange.witness?.heads else { return false }
                    return heads.contains { $0.checkpoint.origin == old.text && $0.checkpoint.size >= signed }
                }
                try await hospital.stop()
                let repair = JournalRepair(hospital.home, world: .system)
                #expect(try repair.plan() == nil, "whole")
                // Somebody restores the older copy, and knows nothing.
                try FileManager.default.removeItem(at: hospital.home.store)
                try FileManager.default.copyItem(at: copy, to: hospital.home.store)
                try await hospital.start()
                let end = try #require(try await hospital.endsByItself())
                #expect(end.code == .corrupted && end.message.contains("hie journal repair --accept-loss"), "\(end)")
                #expect(try await clinic.exchange.witness?.evidence.isEmpty == true, "an honest restore accuses nobody")

                let plan = try #require(try repair.plan())
                #expect(plan.former == old.text && plan.origin == old.successor.text)
                #expect(plan.lost > 0 && plan.head?.size ?? 0 >= signed)
                #expect(try repair.plan() == plan, "looking changes nothing")
                let done = try #require(try repair.accept(user: "admin"))
                #expect(done.plan == plan)
                #expect(try repair.plan() == nil, "safe to repeat")
                try await hospital.start()
                #expect(try hospital.node.store.store.origin == old.successor.text)
                let first = try #require(
                    try await hospital.node.store.reader.entries(from: plan.kept, limit: 1).first)
                #expect(first.kind == .repair)
                let said = try JSONReader.read(first.payload)["continued"]
                #expect(said?["log"]?.string == old.text && said?["user"]?.string == "admin")
                #expect(said?["entries"]?.integer.flatMap { UInt64(exactly: $0) } == plan.head?.size)
                try await hospital.register("RH-4")
                #expect(try await hospital.node.store.projection.patient(patient) != nil, "what was kept is served")

                try await until("the clinic holds both logs") {
                    guard let heads = try await clinic.exchange.witness?.heads else { return false }
                    return [old.text, old.successor.text].allSatisfy { name in heads.contains { $0.checkpoint.origin == name } }
                }
                try await until("the clinic's journal says so") {
                    let size = try clinic.journalSize
                    return try await clinic.node.store.reader.entries(from: 0, limit: Int(size)).contains { entry in
                        entry.kind == .administration
                            && String(decoding: entry.payload, as: UTF8.self).contains("\"witness\":\"succeeded\"")
                    }
                }
                #expect(try await clinic.exchange.witness?.evidence.isEmpty == true)
                try await hospital.stop()
                let verdict = await JournalAudit.verify(hospital.home)
                #expect(verdict.damage.isEmpty, "\(verdict.damage)")
                #expect(JournalAudit.walk(hospital.home, isLive: false, resumes: false).damage.isEmpty)
            }
        }

        @Test func `what a restored node has written since is not counted as kept of what was signed`() async throws {
            try await Network.run { network in
                let hospital = try network.add(.init(limits: ["witness-seconds: 1"]))
                try await hospital.start()
                let clinic = try network.add(
                    .init(
                        name: "clinic", community: "1.3.6.1.4.1.21367.2026.11", seeds: [hospital],
                        limits: ["witness-seconds: 1"]))
                try await clinic.start()
                try await hospital.register("RH-1")
                let key = try RecoveryKey(world: .system)
                let backup = Backup(network.folder.appendingPathComponent("backup").path)
                let saved = try backup.create(
                    hospital.home, upTo: try hospital.node.store.store.end, for: key.publicHalf, world: .system
                ).manifest.end.frontier.size
                for number in 2...5 { try await hospital.register("RH-\(number)") }
                let signed = try hospital.journalSize
                let old = LogOrigin(community: hospital.community)
                try await until("the clinic holds the whole head") {
                    guard let heads = try await clinic.exchange.witness?.heads else { return false }
                    return heads.contains { $0.checkpoint.origin == old.text && $0.checkpoint.size >= signed }
                }
                try await hospital.stop()
                try FileManager.default.removeItem(at: hospital.home.folder)
                _ = try await backup.restore(
                    to: hospital.home, key: key, world: .system,
                    logger: Logger(label: "repair") { _ in SwiftLogNoOpLogHandler() })
                try await hospital.start()
                _ = try #require(try await hospital.endsByItself())
                let plan = try #require(try JournalRepair(hospital.home, world: .system).plan())
                let head = try #require(plan.head?.size)
                #expect(head >= signed && plan.lost == head - saved, "\(plan)")
            }
        }
    }
}

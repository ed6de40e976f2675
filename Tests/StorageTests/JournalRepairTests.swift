import ExchangeCore
import Foundation
import Journal
import Storage
import Synchronization
import Testing

/// After a loss that was accepted: what is whole stays, what follows is set aside, and the log goes on under a new name.
@Suite struct JournalRepairTests {
    private static let next = "oid/1.3.6.1.4.1.21367.2026.10/2"
    private static let why = Array(#"{"continued":{"log":"oid/1.3.6.1.4.1.21367.2026.10"}}"#.utf8)

    private static func entry() throws -> SealedEntry {
        try EntrySealer(world: JournalWorld.seeded(7)).seal(EntryDraft(kind: .repair, subject: nil, payload: why), key: nil)
    }

    /// Repairs a folder; the survey it went by, and where it set aside what was lost.
    @discardableResult private static func repair(
        _ folder: JournalFolder, disk: FaultyDisk = .quick(), aside: String = "lost",
    ) throws -> FileJournalStoreRepair.Survey {
        let repair = try FileJournalStoreRepair(folder.path, options: JournalBench.options(disk, 16384))
        defer { repair.close() }
        let community = try #require(CommunityID("1.3.6.1.4.1.21367.2026.10"))
        let survey = try repair.survey(
            origin: FileJournalStore.origin(in: folder.path, of: community) ?? JournalBench.origin)
        try repair.goOn(
            after: survey, as: next, plan: why, aside: folder.path + "/" + aside, with: entry()
        ) { (tree) throws(ExchangeError) in
            try signer().sign(Checkpoint(origin: next, size: tree.size, root: tree.root).text).description
        }
        return survey
    }

    private static func signer() throws(ExchangeError) -> NoteSigner {
        try NoteSigner(name: next, privateKey: [UInt8](repeating: 3, count: 32))
    }

    private static func open(_ folder: JournalFolder, as origin: String = next) async throws -> FileJournalStore {
        try await FileJournalStore.open(
            folder.path, origin: origin, options: JournalBench.options(.quick(), 16384)
        ).store
    }

    /// Opens what was repaired: the first entries are those that were acknowledged, the next one says why.
    private static func expect(_ kept: Int, of receipts: [EntryReceipt], in folder: JournalFolder) async throws {
        let store = try await open(folder)
        let head = try await store.head()
        #expect(head.size == UInt64(kept) + 1)
        #expect(try await store.leaves(0..<UInt64(kept)) == receipts.prefix(kept).map(\.leaf), "kept as it was")
        let last = try #require(try await store.read(from: UInt64(kept), limit: 1).first)
        #expect(EntryHeader(last.bytes)?.kind == .repair)
        try await store.close()
        let report = try await FileJournalStore.verify(folder.path, origin: next, key: try signer().verifier)
        #expect(report.entries == UInt64(kept) + 1 && report.checkpoint == report.entries)
    }

    @Test(arguments: ["byte", "missing", "short", "header", "first", "tail", "checkpoint"])
    func `what is whole is kept, the rest is set aside, and the new log begins by saying so`(_ damage: String) async throws {
        let (bench, receipts) = try await JournalFiles.fill(30, documentBytes: 2000)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        let segments = copy.names.filter { $0.hasSuffix(".segment") }
        try #require(segments.count >= 5)
        let middle = segments[2]
        var bytes = copy.bytes(middle)
        let firstOf = { (segment: UInt32) in receipts.firstIndex { $0.contents[0].location.segment == segment } ?? 0 }
        var kept = firstOf(2)
        switch damage {
        case "byte":
            // In the third document of the segment: the two before it stay.
            bytes[Int(receipts[kept + 2].contents[0].location.offset) + 100] ^= 4
            try copy.put(bytes, middle)
            kept += 2
        case "missing": copy.remove(middle)
        case "short":
            try copy.put(Array(bytes[..<(Int(receipts[kept + 1].contents[0].location.offset) + 50)]), middle)
            kept += 1
        case "header":
            bytes[20] ^= 1
            try copy.put(bytes, middle)
        case "checkpoint":
            // Every entry is whole; what vouched for them cannot be read.
            try copy.put(Array("no note\n".utf8), "checkpoint")
            kept = receipts.count
        case "first":
            copy.remove(segments[0])
            kept = 0
        default:
            // The last entries gone without a trace but the mark that vouches for them.
            for name in segments.dropFirst(2) { copy.remove(name) }
        }
        // A start reads from its last mark on; what lies before is found by whoever reads everything.
        let refused = await #expect(throws: ExchangeError.self) { try await JournalFiles.open(copy, everything: true) }
        #expect(refused?.code == .corrupted)
        let survey = try Self.repair(copy)
        #expect(survey.damage != nil && survey.head.size == UInt64(kept), "\(survey.damage?.description ?? "")")
        try await Self.expect(kept, of: receipts, in: copy)
        let old = await #expect(throws: ExchangeError.self) { try await Self.open(copy, as: JournalBench.origin) }
        #expect(old?.code == .conflict, "nothing goes on under the old name")
        if damage == "byte" {
            let aside = try FileManager.default.contentsOfDirectory(atPath: copy.path + "/lost").sorted()
            #expect(aside.starts(with: segments.dropFirst(2)), "nothing is deleted: \(aside)")
            #expect(FileManager.default.contents(atPath: copy.path + "/lost/" + middle).map { [UInt8]($0) } == bytes)
        }
    }

    @Test func `the log that goes on takes entries, verifies, and can go on again`() async throws {
        let (bench, receipts) = try await JournalFiles.fill(12, documentBytes: 2000)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        for name in copy.names.filter({ $0.hasSuffix(".segment") }).dropFirst(1) { copy.remove(name) }
        let kept = Int(try Self.repair(copy).head.size)
        let store = try await Self.open(copy)
        let projection = EntryListProjection()
        let reader = JournalReader(store: store, keyring: bench.keyring)
        _ = try await reader.bringUpToDate(projection)
        #expect(projection.entries.count == kept + 1)
        let writer = try await JournalWriter(
            store: store, keyring: bench.keyring, projection: projection, world: bench.world)
        for number in 0..<20 {
            _ = try await writer.append(bench.submission(bench.patient(), "new \(number)", bytes: bench.world.randomBytes(2000)))
        }
        try await store.close()
        let report = try await FileJournalStore.verify(copy.path, origin: Self.next, key: nil)
        #expect(report.entries == UInt64(kept) + 21)
        #expect(receipts[0].leaf == projection.entries[0].leaf)
    }

    @Test func `a new log whose first entry says nothing is found`() async throws {
        let (bench, _) = try await JournalFiles.fill(3, documentBytes: 100)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("mark")
        let draft = EntryDraft(kind: .inquiry, subject: nil, payload: Array("{}".utf8))
        let entry = try EntrySealer(world: bench.world).seal(draft, key: nil)
        let repair = try FileJournalStoreRepair(copy.path, options: JournalBench.options(.quick(), 16384))
        let survey = try repair.survey(origin: JournalBench.origin)
        try repair.goOn(after: survey, as: Self.next, plan: Self.why, aside: copy.path + "/lost", with: entry) { _ in "" }
        repair.close()
        copy.remove("checkpoint")
        let found = await #expect(throws: ExchangeError.self) {
            try await FileJournalStore.verify(copy.path, origin: Self.next, key: nil)
        }
        #expect(found?.message.contains("does not say which it goes on after") == true)
    }

    @Test func `cut off at any write or sync, nothing opens what is half repaired, and the same command finishes it`()
        async throws
    {
        let (bench, receipts) = try await JournalFiles.fill(12, documentBytes: 2000)
        let template = try bench.folder.copy()
        defer { template.keep() }
        let segments = template.names.filter { $0.hasSuffix(".segment") }
        var bytes = template.bytes(segments[1])
        let kept = (receipts.firstIndex { $0.contents[0].location.segment == 1 } ?? 0) + 1
        bytes[Int(receipts[kept].contents[0].location.offset) + 9] ^= 1
        try template.put(bytes, segments[1])
        var cuts = 0
        for breaksSync in [true, false] {
            for call in 0..<60 {
                let copy = try template.copy()
                defer { copy.keep() }
                let disk = FaultyDisk.quick()
                disk.plan.withLock { plan in
                    if breaksSync { plan.syncsBeforeFault = call } else { plan.writesBeforeFault = call }
                }
                guard (try? Self.repair(copy, disk: disk)) == nil else { break }
                cuts += 1
                if FileManager.default.fileExists(atPath: copy.path + "/repair") {
                    for origin in [JournalBench.origin, Self.next] {
                        let refused = await #expect(throws: ExchangeError.self) { try await Self.open(copy, as: origin) }
                        #expect(refused?.code == .corrupted, "call \(call) of \(breaksSync ? "sync" : "write"): \(origin)")
                    }
                }
                try Self.repair(copy, aside: "lost-again")
                try await Self.expect(kept, of: receipts, in: copy)
            }
        }
        #expect(cuts > 10)
    }
}

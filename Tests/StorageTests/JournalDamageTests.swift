import ExchangeCore
import Foundation
import Journal
import Storage
import Synchronization
import Testing

/// A journal on disk after kills, power cuts, failing disks and changed bytes: it recovers or refuses, and never loses.
@Suite struct JournalDamageTests {
    @Test func `T62 T64 whatever was cut off behind the last group, no acknowledged entry is lost`() async throws {
        let (bench, receipts) = try await JournalFiles.fill(3, segmentBytes: 8192, documentBytes: 100)
        let segment = bench.folder.bytes("00000000.segment")
        let written = (segment.lastIndex { $0 != 0 } ?? 0) + 1
        let begin = Int(receipts[1].contents[0].location.offset) - EntryFrame.headerBytes
        for cut in begin...written {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            copy.remove("mark")
            try copy.put(Array(segment[..<cut]) + [UInt8](repeating: 0, count: segment.count - cut), "00000000.segment")
            let (store, report) = try await JournalFiles.open(copy)
            let kept = try await store.head().size
            #expect(kept == (cut == written ? 3 : cut >= JournalFiles.ends(receipts, segment)[1] ? 2 : 1))
            #expect(
                (report.cut == nil) == (cut == written || JournalFiles.ends(receipts, segment).contains(cut)),
                "cut at \(cut)")
        }
        for vouched in 1...3 {
            for cut in begin..<written where cut % 7 == 0 || JournalFiles.ends(receipts, segment).contains(cut + 1) {
                let copy = try bench.folder.copy()
                defer { copy.keep() }
                copy.remove("mark")
                try copy.put(
                    Array(segment[..<cut]) + [UInt8](repeating: 0, count: segment.count - cut), "00000000.segment")
                let mark = AppliedMark(
                    origin: JournalBench.origin, next: UInt64(vouched), leaf: receipts[vouched - 1].leaf)
                let kept = try? await JournalFiles.open(copy, vouched: mark).report.entries
                #expect(kept.map { $0 >= UInt64(vouched) } ?? true, "lost an entry the projection had: cut \(cut)")
                if cut < JournalFiles.ends(receipts, segment)[vouched - 1] { #expect(kept == nil) }
            }
        }
    }

    @Test func `a changed byte in the end of the last group: start and verifier name the same entry, one that exists`()
        async throws
    {
        let (bench, _) = try await JournalFiles.fill(3, segmentBytes: 8192, documentBytes: 100)
        let segment = bench.folder.bytes("00000000.segment")
        let end = (segment.lastIndex { $0 != 0 } ?? 0) + 1
        for place in (end - 74)..<end {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            var bytes = segment
            bytes[place] ^= 4
            try copy.put(bytes, "00000000.segment")
            let refused = await #expect(throws: ExchangeError.self) { try await JournalFiles.open(copy, everything: true) }
            let found = await #expect(throws: ExchangeError.self) {
                try await FileJournalStore.verify(copy.path, origin: JournalBench.origin, key: nil)
            }
            let named = found?.location?.hasSuffix("entry 2") == true && refused?.location?.hasSuffix("entry 2") == true
            #expect(named, "byte \(place - end): \(refused?.description ?? "") | \(found?.description ?? "")")
        }
    }

    @Test func `a file shorter than it was made is damage, wherever it ends`() async throws {
        let (bench, _) = try await JournalFiles.fill(3, segmentBytes: 8192, documentBytes: 100)
        let segment = bench.folder.bytes("00000000.segment")
        for length in stride(from: 0, to: segment.count, by: 97) {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            copy.remove("mark")
            try copy.put(Array(segment[..<length]), "00000000.segment")
            await #expect(throws: ExchangeError(.corrupted, "")) { try await JournalFiles.open(copy) }
        }
    }

    @Test func `T47 T64 every changed byte of a small journal stops the start or is found by the verifier`()
        async throws
    {
        let (bench, receipts) = try await JournalFiles.fill(3, segmentBytes: 4096, documentBytes: 60)
        let segment = bench.folder.bytes("00000000.segment")
        let vouched = AppliedMark(origin: JournalBench.origin, next: 3, leaf: receipts[2].leaf)
        for index in segment.indices where index < JournalFiles.ends(receipts, segment)[2] + 20 || index % 61 == 0 {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            copy.remove("mark")
            var changed = segment
            changed[index] ^= UInt8(1 + index % 255)
            try copy.put(changed, "00000000.segment")
            do {
                _ = try await JournalFiles.open(copy, vouched: vouched)
                // Only bytes behind the last group may be cut: nothing was ever acknowledged there.
                #expect(index >= JournalFiles.ends(receipts, segment)[2], "byte \(index) went unseen")
            } catch let error as ExchangeError {
                #expect(error.code == .corrupted || error.code == .conflict)
                let place = error.location ?? ""
                #expect(error.code == .conflict || place.hasPrefix("segment 0, offset "), "byte \(index): \(error)")
            }
        }
    }

    @Test func `a torn end is cut, said, blanked and made durable before anything else`() async throws {
        let (bench, receipts) = try await JournalFiles.fill(2, segmentBytes: 8192, documentBytes: 1500)
        var segment = bench.folder.bytes("00000000.segment")
        let start = JournalFiles.ends(receipts, segment)[0]
        for index in (start + 700)..<segment.count { segment[index] = 0 }
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("mark")
        try copy.put(segment, "00000000.segment")
        let disk = FaultyDisk()
        let (store, report) = try await FileJournalStore.open(
            copy.path, origin: JournalBench.origin, options: JournalBench.options(disk, 8192))
        let cut = try #require(report.cut)
        #expect(cut.segment == 0 && cut.offset == UInt64(start) && cut.bytes > 0 && cut.bytes <= 700)
        #expect(disk.syncs > 0)
        #expect(copy.bytes("00000000.segment")[start...].allSatisfy { $0 == 0 })
        #expect(copy.bytes("00000000.segment").count == 8192)
        #expect(try await store.head().size == 1)
    }

    @Test func `L1 an open whose sync fails opens nothing`() async throws {
        let (bench, _) = try await JournalFiles.fill(5)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        let disk = FaultyDisk()
        disk.plan.withLock { $0.syncsBeforeFault = 0 }
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await FileJournalStore.open(
                copy.path, origin: JournalBench.origin, options: JournalBench.options(disk, 16384))
        }
    }

    @Test(arguments: 0..<12, [EIO, ENOSPC])
    func `T66 after a failed write or sync nothing is acknowledged, and a new start finds all that was`(
        _ call: Int, _ code: Int32,
    ) async throws {
        for breaksSync in [true, false] {
            let disk = FaultyDisk()
            let bench = try await JournalBench(.file, disk: disk, segmentBytes: 16384)
            let patient = bench.patient()
            disk.plan.withLock { plan in
                plan.code = code
                if breaksSync { plan.syncsBeforeFault = call } else { plan.writesBeforeFault = call }
            }
            var acknowledged = 0
            var failed = false
            for number in 0..<40 {
                do {
                    _ = try await bench.writer.append(
                        bench.submission(patient, "\(number)", bytes: bench.world.randomBytes(1000)))
                    #expect(!failed, "an entry was acknowledged after a failure")
                    acknowledged += 1
                } catch {
                    #expect(error.code == .unavailable)
                    failed = true
                    // The disk works again, and still nothing may be answered: a sync is never retried.
                    disk.plan.withLock {
                        $0.syncsBeforeFault = nil
                        $0.writesBeforeFault = nil
                    }
                }
            }
            #expect(failed && bench.writer.failure != nil)
            let mark = try await bench.projection.applied()
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            let report = try await JournalFiles.open(copy, vouched: mark, segmentBytes: 16384).report
            #expect(report.entries >= UInt64(acknowledged) && report.entries <= UInt64(acknowledged + 1))
        }
    }

    @Test func `T66 short writes and interrupted calls are gone on with`() async throws {
        let disk = FaultyDisk()
        disk.plan.withLock {
            $0.bytesPerWrite = 7
            $0.interrupts = true
        }
        let bench = try await JournalBench(.file, disk: disk, segmentBytes: 8192)
        let patient = bench.patient()
        for number in 0..<10 {
            _ = try await bench.writer.append(
                bench.submission(patient, "\(number)", bytes: bench.world.randomBytes(900)))
        }
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        #expect(try await JournalFiles.open(copy).report.entries == 10)
    }

    @Test func `T48 entries that a checkpoint or the store's own mark vouches for are missed`() async throws {
        let (bench, receipts) = try await JournalFiles.fill(4, segmentBytes: 16384)
        let signer = try NoteSigner(name: JournalBench.origin, privateKey: [UInt8](repeating: 3, count: 32))
        _ = try await CheckpointAuthor(store: bench.store, signer: signer).publish()
        var segment = bench.folder.bytes("00000000.segment")
        for index in JournalFiles.ends(receipts, segment)[2]..<segment.count { segment[index] = 0 }
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("mark")
        try copy.put(segment, "00000000.segment")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await JournalFiles.open(copy) }
        copy.remove("checkpoint")
        #expect(try await JournalFiles.open(copy).report.entries == 3)
        let store = try #require(bench.store as? FileJournalStore)
        try await store.close()
        let marked = try bench.folder.copy()
        marked.remove("checkpoint")
        try marked.put(segment, "00000000.segment")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await JournalFiles.open(marked) }
    }

    @Test func `a checkpoint over other entries stops the start`() async throws {
        let (bench, _) = try await JournalFiles.fill(4)
        let signer = try NoteSigner(name: JournalBench.origin, privateKey: [UInt8](repeating: 3, count: 32))
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("mark")
        let note = try signer.sign(Checkpoint(origin: JournalBench.origin, size: 3, root: MerkleHash.leaf([1])).text)
        try copy.put(Array(note.description.utf8), "checkpoint")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await JournalFiles.open(copy) }
        try copy.put(Array("nonsense".utf8), "checkpoint")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await JournalFiles.open(copy) }
    }

    @Test func `T51 nothing is signed when the stored bytes do not give the root`() async throws {
        let (bench, receipts) = try await JournalFiles.fill(5)
        let store = try #require(bench.store as? FileJournalStore)
        let signer = try NoteSigner(name: JournalBench.origin, privateKey: [UInt8](repeating: 3, count: 32))
        let author = try await CheckpointAuthor(store: bench.store, signer: signer)
        for number in 0..<3 { _ = try await bench.writer.append(bench.submission(bench.patient(), "\(number)")) }
        let last = try #require(try await store.read(from: 7, limit: 1).first)
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: bench.folder.path + "/00000000.segment"))
        try handle.seek(toOffset: last.location.offset + 40)
        try handle.write(contentsOf: Data([0xAB, 0xCD]))
        try handle.close()
        await #expect(throws: ExchangeError(.corrupted, "")) { try await author.publish() }
        #expect(try await store.checkpoint() == nil)
        #expect(receipts.count == 5)
    }

    @Test func `T51 a bit that flips between hashing and signing is not signed`() async throws {
        let bench = try await JournalBench(.memory)
        let flipped = FlippedStore(bench.store)
        let signer = try NoteSigner(name: JournalBench.origin, privateKey: [UInt8](repeating: 3, count: 32))
        let author = try await CheckpointAuthor(store: flipped, signer: signer)
        _ = try await bench.writer.append(bench.submission(bench.patient(), "x"))
        await #expect(throws: ExchangeError(.corrupted, "")) { try await author.publish() }
        #expect(try await bench.store.checkpoint() == nil)
    }
}

/// A store whose entries read back with one bit changed.
private struct FlippedStore: JournalStore {
    let store: any JournalStore

    init(_ store: any JournalStore) { self.store = store }

    var origin: String { store.origin }

    func head() async throws(ExchangeError) -> JournalHead { try await store.head() }

    func append(_ group: JournalGroup) async throws(ExchangeError) -> [EntryLocation] { try await store.append(group) }

    func read(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> [StoredEntry] {
        try await store.read(from: position, limit: limit).map { entry in
            var bytes = entry.bytes
            bytes[bytes.count / 2] ^= 16
            return StoredEntry(position: entry.position, location: entry.location, bytes: bytes)
        }
    }

    func readContent(_ reference: ContentReference) async throws(ExchangeError) -> [UInt8] {
        try await store.readContent(reference)
    }

    func remove(_ contents: [ContentReference]) async throws(ExchangeError) { try await store.remove(contents) }

    func leaves(_ range: Range<JournalPosition>) async throws(ExchangeError) -> [[UInt8]] {
        try await store.leaves(range)
    }

    func checkpoint() async throws(ExchangeError) -> String? { try await store.checkpoint() }

    func keepCheckpoint(_ text: String) async throws(ExchangeError) { try await store.keepCheckpoint(text) }
}

import Crypto
import ExchangeCore
import Foundation
import Journal
import Storage
import Synchronization
import Testing

/// What only a journal on disk must do: recover, refuse, and never lose what was acknowledged.
@Suite struct JournalFileTests {
    private let origin = JournalBench.origin

    private func open(
        _ folder: JournalFolder, vouched: AppliedMark? = nil, segmentBytes: UInt64 = 1 << 20, everything: Bool = false,
    ) async throws -> (store: FileJournalStore, report: FileJournalStore.OpenReport) {
        var options = JournalBench.options(FaultyDisk.quick(), segmentBytes)
        options.scansEverything = everything
        return try await FileJournalStore.open(folder.path, origin: origin, vouched: vouched, options: options)
    }

    private func fill(
        _ count: Int, segmentBytes: UInt64 = 16384, documentBytes: Int = 200,
    ) async throws -> (bench: JournalBench, receipts: [EntryReceipt]) {
        let bench = try await JournalBench(.file, disk: .quick(), segmentBytes: segmentBytes)
        let patient = bench.patient()
        var receipts: [EntryReceipt] = []
        for number in 0..<count {
            receipts.append(
                try await bench.writer.append(
                    bench.submission(patient, "entry \(number)", bytes: bench.world.randomBytes(documentBytes))))
        }
        return (bench, receipts)
    }

    @Test func `a journal of several segments is found again after a kill, by its mark and by a whole scan`() async throws {
        let (bench, receipts) = try await fill(100)
        #expect(bench.folder.names.filter { $0.hasSuffix(".segment") }.count > 2)
        for everything in [false, true] {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            let (store, report) = try await open(copy, everything: everything)
            #expect(report.entries == 100 && report.cut == nil)
            #expect(everything ? report.scannedFrom == 0 : report.scannedFrom > 0)
            #expect(try await store.head() == bench.store.head())
            #expect(try await store.leaves(0..<100) == receipts.map(\.leaf))
            for receipt in receipts { _ = try await store.readContent(receipt.contents[0]) }
            #expect(try await store.read(from: 0, limit: 200) == bench.store.read(from: 0, limit: 200))
        }
    }

    @Test func `without leaves, mark or both, everything is found again`() async throws {
        let (bench, receipts) = try await fill(60)
        for lost in [["leaves"], ["mark"], ["leaves", "mark"]] {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            for name in lost { copy.remove(name) }
            let (store, report) = try await open(copy)
            #expect(report.entries == 60 && report.scannedFrom == 0)
            #expect(try await store.leaves(0..<60) == receipts.map(\.leaf))
        }
        for index in [0, 8, 30, 70] {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            var mark = copy.bytes("mark")
            mark[index] ^= 4
            try copy.put(mark, "mark")
            #expect(try await open(copy).report.scannedFrom == 0)
        }
    }

    @Test func `a closed journal opens without a scan and goes on`() async throws {
        let (bench, _) = try await fill(30)
        let store = try #require(bench.store as? FileJournalStore)
        try await store.close()
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await bench.writer.append(bench.submission(bench.patient(), "late"))
        }
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        let (reopened, report) = try await open(copy)
        #expect(report.scannedFrom == 30 && report.entries == 30)
        let writer = try await JournalWriter(
            store: reopened, keyring: bench.keyring, projection: bench.projection, world: bench.world)
        #expect(try await writer.append(bench.submission(bench.patient(), "next", bytes: [1])).position == 30)
        let again = try copy.copy()
        #expect(try await open(again).report.entries == 31)
    }

    @Test func `T62 T64 whatever was cut off behind the last group, no acknowledged entry is lost`() async throws {
        let (bench, receipts) = try await fill(3, segmentBytes: 8192, documentBytes: 100)
        let segment = bench.folder.bytes("00000000.segment")
        let written = (segment.lastIndex { $0 != 0 } ?? 0) + 1
        let begin = Int(receipts[1].contents[0].location.offset) - EntryFrame.headerBytes
        for cut in begin...written {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            copy.remove("mark")
            try copy.put(Array(segment[..<cut]) + [UInt8](repeating: 0, count: segment.count - cut), "00000000.segment")
            let (store, report) = try await open(copy)
            let kept = try await store.head().size
            #expect(kept == (cut == written ? 3 : cut >= ends(receipts, segment)[1] ? 2 : 1))
            #expect((report.cut == nil) == (cut == written || ends(receipts, segment).contains(cut)), "cut at \(cut)")
        }
        for vouched in 1...3 {
            for cut in begin..<written where cut % 7 == 0 || ends(receipts, segment).contains(cut + 1) {
                let copy = try bench.folder.copy()
                defer { copy.keep() }
                copy.remove("mark")
                try copy.put(
                    Array(segment[..<cut]) + [UInt8](repeating: 0, count: segment.count - cut), "00000000.segment")
                let mark = AppliedMark(origin: origin, next: UInt64(vouched), leaf: receipts[vouched - 1].leaf)
                let kept = try? await open(copy, vouched: mark).report.entries
                #expect(kept.map { $0 >= UInt64(vouched) } ?? true, "lost an entry the projection had: cut \(cut)")
                if cut < ends(receipts, segment)[vouched - 1] { #expect(kept == nil) }
            }
        }
    }

    /// Where each entry's group of one ends.
    private func ends(_ receipts: [EntryReceipt], _ segment: [UInt8]) -> [Int] {
        receipts.indices.map { index in
            index + 1 < receipts.count
                ? Int(receipts[index + 1].contents[0].location.offset) - EntryFrame.headerBytes
                : (segment.lastIndex { $0 != 0 } ?? 0) + 1
        }
    }

    @Test func `a file shorter than it was made is damage, wherever it ends`() async throws {
        let (bench, _) = try await fill(3, segmentBytes: 8192, documentBytes: 100)
        let segment = bench.folder.bytes("00000000.segment")
        for length in stride(from: 0, to: segment.count, by: 97) {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            copy.remove("mark")
            try copy.put(Array(segment[..<length]), "00000000.segment")
            await #expect(throws: ExchangeError(.corrupted, "")) { try await open(copy) }
        }
    }

    @Test func `T47 T64 every changed byte of a small journal stops the start or is found by the verifier`() async throws {
        let (bench, receipts) = try await fill(3, segmentBytes: 4096, documentBytes: 60)
        let segment = bench.folder.bytes("00000000.segment")
        let vouched = AppliedMark(origin: origin, next: 3, leaf: receipts[2].leaf)
        for index in segment.indices where index < ends(receipts, segment)[2] + 20 || index % 61 == 0 {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            copy.remove("mark")
            var changed = segment
            changed[index] ^= UInt8(1 + index % 255)
            try copy.put(changed, "00000000.segment")
            do {
                _ = try await open(copy, vouched: vouched)
                // Only bytes behind the last group may be cut: nothing was ever acknowledged there.
                #expect(index >= ends(receipts, segment)[2], "byte \(index) went unseen")
            } catch let error as ExchangeError {
                #expect(error.code == .corrupted || error.code == .conflict)
                let place = error.location ?? ""
                #expect(error.code == .conflict || place.hasPrefix("segment 0, offset "), "byte \(index): \(error)")
            }
        }
    }

    @Test func `a torn end is cut, said, blanked and made durable before anything else`() async throws {
        let (bench, receipts) = try await fill(2, segmentBytes: 8192, documentBytes: 1500)
        var segment = bench.folder.bytes("00000000.segment")
        let start = ends(receipts, segment)[0]
        for index in (start + 700)..<segment.count { segment[index] = 0 }
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("mark")
        try copy.put(segment, "00000000.segment")
        let disk = FaultyDisk()
        let (store, report) = try await FileJournalStore.open(
            copy.path, origin: origin, options: JournalBench.options(disk, 8192))
        let cut = try #require(report.cut)
        #expect(cut.segment == 0 && cut.offset == UInt64(start) && cut.bytes > 0 && cut.bytes <= 700)
        #expect(disk.syncs > 0)
        #expect(copy.bytes("00000000.segment")[start...].allSatisfy { $0 == 0 })
        #expect(copy.bytes("00000000.segment").count == 8192)
        #expect(try await store.head().size == 1)
    }

    @Test func `L1 an open whose sync fails opens nothing`() async throws {
        let (bench, _) = try await fill(5)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        let disk = FaultyDisk()
        disk.plan.withLock { $0.syncsBeforeFault = 0 }
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await FileJournalStore.open(copy.path, origin: origin, options: JournalBench.options(disk, 16384))
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
            let report = try await open(copy, vouched: mark, segmentBytes: 16384).report
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
            _ = try await bench.writer.append(bench.submission(patient, "\(number)", bytes: bench.world.randomBytes(900)))
        }
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        #expect(try await open(copy).report.entries == 10)
    }

    @Test func `T48 entries that a checkpoint or the store's own mark vouches for are missed`() async throws {
        let (bench, receipts) = try await fill(4, segmentBytes: 16384)
        let signer = try NoteSigner(name: origin, privateKey: [UInt8](repeating: 3, count: 32))
        _ = try await CheckpointAuthor(store: bench.store, signer: signer).publish()
        var segment = bench.folder.bytes("00000000.segment")
        for index in ends(receipts, segment)[2]..<segment.count { segment[index] = 0 }
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("mark")
        try copy.put(segment, "00000000.segment")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await open(copy) }
        copy.remove("checkpoint")
        #expect(try await open(copy).report.entries == 3)
        let store = try #require(bench.store as? FileJournalStore)
        try await store.close()
        let marked = try bench.folder.copy()
        marked.remove("checkpoint")
        try marked.put(segment, "00000000.segment")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await open(marked) }
    }

    @Test func `a checkpoint over other entries stops the start`() async throws {
        let (bench, _) = try await fill(4)
        let signer = try NoteSigner(name: origin, privateKey: [UInt8](repeating: 3, count: 32))
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("mark")
        let note = try signer.sign(Checkpoint(origin: origin, size: 3, root: MerkleHash.leaf([1])).text)
        try copy.put(Array(note.description.utf8), "checkpoint")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await open(copy) }
        try copy.put(Array("nonsense".utf8), "checkpoint")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await open(copy) }
    }

    @Test func `a missing segment, another log and a folder without a journal are refused by name`() async throws {
        let (bench, _) = try await fill(100)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("00000001.segment")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await open(copy) }
        let other = try bench.folder.copy()
        await #expect(throws: ExchangeError(.conflict, "")) {
            try await FileJournalStore.open(other.path, origin: "oid/1.2.3")
        }
        let empty = try JournalFolder()
        await #expect(throws: ExchangeError(.notFound, "")) { try await open(empty) }
        await #expect(throws: ExchangeError(.conflict, "")) {
            try await FileJournalStore.create(other.path, origin: origin)
        }
    }

    @Test func `a segment that was being made when the process died is passed over`() async throws {
        let (bench, _) = try await fill(10)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        let last = bench.folder.names.filter { $0.hasSuffix(".segment") }.count
        try copy.put([UInt8](repeating: 0, count: 5000), "0000000\(last).segment")
        let (store, report) = try await open(copy)
        #expect(report.entries == 10)
        #expect(!copy.names.contains("0000000\(last).segment"))
        #expect(try await store.head().size == 10)
    }

    @Test func `two processes cannot hold one journal or one keyring`() async throws {
        let bench = try await JournalBench(.file)
        await #expect(throws: ExchangeError(.conflict, "")) { try await open(bench.folder) }
        await #expect(throws: ExchangeError(.conflict, "")) {
            try await FileKeyring.open(
                bench.folder.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: bench.world)
        }
    }

    @Test func `L17 files are for their owner only`() async throws {
        let (bench, _) = try await fill(3)
        for name in bench.folder.names {
            let attributes = try FileManager.default.attributesOfItem(atPath: bench.folder.path + "/" + name)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600, "\(name)")
        }
    }

    @Test func `T54 no file holds a payload, a document or a key in clear`() async throws {
        let bench = try await JournalBench(.file)
        let patient = bench.patient()
        let canary = "CANARY-Ottilie-Beispiel"
        _ = try await bench.writer.append(
            bench.submission(patient, "{\"name\":\"\(canary)\"}", bytes: Array("<ClinicalDocument>\(canary)".utf8)))
        let key = try await bench.keyring.keyOrCreate(for: patient).withUnsafeBytes { Array($0) }
        for name in bench.folder.names {
            let bytes = Data(bench.folder.bytes(name))
            #expect(bytes.range(of: Data(canary.utf8)) == nil, "\(name)")
            #expect(bytes.range(of: Data(key)) == nil, "\(name)")
        }
    }

    @Test func `a group larger than a segment gets one of its own`() async throws {
        let bench = try await JournalBench(.file, segmentBytes: 8192)
        let patient = bench.patient()
        let large = bench.world.randomBytes(50_000)
        _ = try await bench.writer.append(bench.submission(patient, "small", bytes: [1]))
        let receipt = try await bench.writer.append(bench.submission(patient, "large", bytes: large))
        _ = try await bench.writer.append(bench.submission(patient, "small", bytes: bench.world.randomBytes(5000)))
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        let (store, report) = try await open(copy)
        #expect(report.entries == 3)
        let reader = JournalReader(store: store, keyring: bench.keyring)
        #expect(try await reader.document(receipt.contents[0], of: patient) == large)
    }
}

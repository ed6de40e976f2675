import Crypto
import ExchangeCore
import Foundation
import Journal
import Storage
import Synchronization
import Testing

/// What only a journal on disk does: many segments, side files, one process at a time.
@Suite struct JournalFileTests {
    @Test func `a journal of several segments is found again after a kill, by its mark and by a whole scan`()
        async throws
    {
        let (bench, receipts) = try await JournalFiles.fill(100)
        #expect(bench.folder.names.filter { $0.hasSuffix(".segment") }.count > 2)
        for everything in [false, true] {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            let (store, report) = try await JournalFiles.open(copy, everything: everything)
            #expect(report.entries == 100 && report.cut == nil)
            #expect(everything ? report.scannedFrom == 0 : report.scannedFrom > 0)
            #expect(try await store.head() == bench.store.head())
            #expect(try await store.leaves(0..<100) == receipts.map(\.leaf))
            for receipt in receipts { _ = try await store.readContent(receipt.contents[0]) }
            #expect(try await store.read(from: 0, limit: 200) == bench.store.read(from: 0, limit: 200))
        }
    }

    @Test(arguments: ["removed", "replaced", "cut", "removed while idle"])
    func `a segment that is taken away stops the journal before more is acknowledged, and is put back`(_ fate: String)
        async throws
    {
        let (bench, receipts) = try await JournalFiles.fill(5, segmentBytes: 65_536)
        let store = try #require(bench.store as? FileJournalStore)
        await store.watch()
        #expect(store.failure == nil)
        let (name, bytes) = ("00000000.segment", bench.folder.bytes("00000000.segment"))
        if fate != "cut" { bench.folder.remove(name) }
        if fate == "replaced" { try bench.folder.put(bytes, name) }
        if fate == "cut" { try bench.folder.put(Array(bytes.prefix(bytes.count / 2)), name) }
        if fate == "removed while idle" { await store.watch() }
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await bench.writer.append(bench.submission(bench.patient(), "late"))
        }
        #expect(store.failure?.message.contains("a segment of the journal is lost") == true && store.isLost)
        // Bytes that were cut are gone; a file that lost its name is not.
        #expect(try await store.putBack() == (fate == "cut" ? [] : [name]))
        try await store.close()
        guard fate != "cut" else {
            await #expect(throws: ExchangeError(.corrupted, "")) { try await JournalFiles.open(bench.folder) }
            return
        }
        bench.folder.remove("mark")
        let (reopened, report) = try await JournalFiles.open(bench.folder)
        #expect(report.entries >= 5)
        #expect(try await reopened.leaves(0..<5) == receipts.map(\.leaf))
    }

    @Test func `without leaves, mark or both, everything is found again`() async throws {
        let (bench, receipts) = try await JournalFiles.fill(60)
        for lost in [["leaves"], ["mark"], ["leaves", "mark"]] {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            for name in lost { copy.remove(name) }
            let (store, report) = try await JournalFiles.open(copy)
            #expect(report.entries == 60 && report.scannedFrom == 0)
            #expect(try await store.leaves(0..<60) == receipts.map(\.leaf))
        }
        for index in [0, 8, 30, 70] {
            let copy = try bench.folder.copy()
            defer { copy.keep() }
            var mark = copy.bytes("mark")
            mark[index] ^= 4
            try copy.put(mark, "mark")
            #expect(try await JournalFiles.open(copy).report.scannedFrom == 0)
        }
    }

    @Test func `a closed journal opens without a scan and goes on`() async throws {
        let (bench, _) = try await JournalFiles.fill(30)
        let store = try #require(bench.store as? FileJournalStore)
        try await store.close()
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await bench.writer.append(bench.submission(bench.patient(), "late"))
        }
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        let (reopened, report) = try await JournalFiles.open(copy)
        #expect(report.scannedFrom == 30 && report.entries == 30)
        let writer = try await JournalWriter(
            store: reopened, keyring: bench.keyring, projection: bench.projection, world: bench.world)
        #expect(try await writer.append(bench.submission(bench.patient(), "next", bytes: [1])).position == 30)
        let again = try copy.copy()
        #expect(try await JournalFiles.open(again).report.entries == 31)
    }

    @Test func `a missing segment, another log and a folder without a journal are refused by name`() async throws {
        let (bench, _) = try await JournalFiles.fill(100)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        copy.remove("00000001.segment")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await JournalFiles.open(copy) }
        let other = try bench.folder.copy()
        await #expect(throws: ExchangeError(.conflict, "")) {
            try await FileJournalStore.open(other.path, origin: "oid/1.2.3")
        }
        let empty = try JournalFolder()
        await #expect(throws: ExchangeError(.notFound, "")) { try await JournalFiles.open(empty) }
        await #expect(throws: ExchangeError(.conflict, "")) {
            try await FileJournalStore.create(other.path, origin: JournalBench.origin)
        }
    }

    @Test func `a segment that was being made when the process died is passed over`() async throws {
        let (bench, _) = try await JournalFiles.fill(10)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        let last = bench.folder.names.filter { $0.hasSuffix(".segment") }.count
        try copy.put([UInt8](repeating: 0, count: 5000), "0000000\(last).segment")
        let (store, report) = try await JournalFiles.open(copy)
        #expect(report.entries == 10)
        #expect(!copy.names.contains("0000000\(last).segment"))
        #expect(try await store.head().size == 10)
    }

    @Test func `two processes cannot hold one journal or one keyring`() async throws {
        let bench = try await JournalBench(.file)
        await #expect(throws: ExchangeError(.conflict, "")) { try await JournalFiles.open(bench.folder) }
        await #expect(throws: ExchangeError(.conflict, "")) {
            try await FileKeyring.open(
                bench.folder.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: bench.world)
        }
    }

    @Test func `L17 files are for their owner only`() async throws {
        let (bench, _) = try await JournalFiles.fill(3)
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
        let (store, report) = try await JournalFiles.open(copy)
        #expect(report.entries == 3)
        let reader = JournalReader(store: store, keyring: bench.keyring)
        #expect(try await reader.document(receipt.contents[0], of: patient) == large)
    }

    @Test func `a journal verifies from its bytes alone, open or closed, and a swapped segment does not`() async throws
    {
        let (bench, _) = try await JournalFiles.fill(60)
        let signer = try NoteSigner(name: JournalBench.origin, privateKey: [UInt8](repeating: 3, count: 32))
        let author = try await CheckpointAuthor(store: bench.store, signer: signer)
        _ = try await author.publish()
        _ = try await bench.writer.append(bench.submission(bench.patient(), "behind the checkpoint"))
        let store = try #require(bench.store as? FileJournalStore)
        let live = try await store.verify(keys: [signer.verifier])
        #expect(live.entries == 61 && live.root == bench.writer.root && live.origin == JournalBench.origin)
        let copy = try bench.folder.copy()
        defer { copy.keep() }
        #expect(try await FileJournalStore.verify(copy.path, key: signer.verifier).entries == 61)
        let other = try NoteSigner(name: JournalBench.origin, privateKey: [UInt8](repeating: 4, count: 32))
        await #expect(throws: ExchangeError(.corrupted, "")) {
            try await FileJournalStore.verify(copy.path, key: other.verifier)
        }
        let first = copy.bytes("00000000.segment")
        try copy.put(copy.bytes("00000001.segment"), "00000000.segment")
        try copy.put(first, "00000001.segment")
        await #expect(throws: ExchangeError(.corrupted, "")) { try await FileJournalStore.verify(copy.path, key: nil) }
    }

    @Test func `a journal and a keyring that were closed or dropped can be opened at once`() async throws {
        let folder = try JournalFolder()
        defer { folder.keep() }
        let world = JournalWorld.seeded(5)
        let options = JournalBench.options(.quick(), 8192)
        try await FileJournalStore.create(folder.path, origin: JournalBench.origin, options: options).close()
        _ = try await FileKeyring.create(
            folder.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: world)
        for _ in 0..<100 {
            try await FileJournalStore.open(folder.path, origin: JournalBench.origin, options: options).store.close()
            let keyring = try await FileKeyring.open(
                folder.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: world)
            await keyring.close()
            _ = try await FileKeyring.open(
                folder.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: world)
        }
    }
}

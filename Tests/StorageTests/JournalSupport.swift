import Crypto
import ExchangeCore
import Foundation
import Journal
import Simulation
import Storage
import Synchronization

/// A folder that is gone when the test is over.
final class JournalFolder: Sendable {
    let path: String

    init() throws {
        let root = FileManager.default.temporaryDirectory.path
        var template = Array(("\(root)/journal-" + String(repeating: "X", count: 6)).utf8CString)
        guard let made = mkdtemp(&template) else { throw ExchangeError(.unavailable, "no temporary folder") }
        path = String(cString: made)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func bytes(_ name: String) -> [UInt8] {
        FileManager.default.contents(atPath: path + "/" + name).map { [UInt8]($0) } ?? []
    }

    /// Overwrites a file in place, as a disk would.
    func put(_ bytes: [UInt8], _ name: String) throws {
        try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    }

    func remove(_ name: String) { try? FileManager.default.removeItem(atPath: path + "/" + name) }

    /// A copy, as it would be found after the process died now.
    func copy() throws -> JournalFolder {
        let other = try JournalFolder()
        for name in try FileManager.default.contentsOfDirectory(atPath: path) where name != "lock" {
            try other.put(bytes(name), name)
        }
        return other
    }

    /// Keeps the folder to the end of a scope.
    func keep() {}

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path).sorted()) ?? [] }
}

/// A world from a seed whose clock moves when it is looked at.
enum JournalWorld {
    static func seeded(_ seed: UInt64) -> World {
        let counter = Counter()
        let source = Counter(seed)
        return World(
            now: { Timestamp(milliseconds: 1_790_000_000_000 + Int64(counter.next(1))) },
            uptime: { .milliseconds(Int64(counter.next(1))) },
            randomBits: {
                var word = source.next(0x9E37_79B9_7F4A_7C15)
                word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
                word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
                return word ^ word >> 31
            }, sleep: { _ in })
    }
}

final class Counter: Sendable {
    private let state: Mutex<UInt64>

    init(_ start: UInt64 = 0) { state = Mutex(start) }

    func next(_ step: UInt64) -> UInt64 {
        state.withLock { state in
            state &+= step
            return state
        }
    }

    var value: UInt64 { state.withLock { $0 } }
}

/// A projection that keeps the entries themselves.
final class EntryListProjection: Projection {
    private struct State {
        var origin: String?
        var entries: [CommittedEntry] = []
        var groups = 0
        var failsNext = false
        var resets = 0
    }

    private let state = Mutex(State())

    init() {}

    init(origin: String) { state.withLock { $0.origin = origin } }

    var entries: [CommittedEntry] { state.withLock { $0.entries } }
    var groups: Int { state.withLock { $0.groups } }
    var resets: Int { state.withLock { $0.resets } }

    func failNext() { state.withLock { $0.failsNext = true } }

    /// Makes it lie about what it applied last.
    func spoil() { state.withLock { $0.origin = "oid/9.9" } }

    func applied() async throws(ExchangeError) -> AppliedMark? {
        state.withLock { state in
            state.origin.map {
                AppliedMark(origin: $0, next: UInt64(state.entries.count), leaf: state.entries.last?.leaf ?? [])
            }
        }
    }

    func apply(_ entries: [CommittedEntry]) async throws(ExchangeError) {
        let failure: ExchangeError? = state.withLock { state in
            if state.failsNext { return ExchangeError(.unavailable, "the projection was told to fail") }
            guard entries.first?.position == UInt64(state.entries.count) else {
                return ExchangeError(.internal, "entries out of order")
            }
            state.entries += entries
            state.groups += 1
            return nil
        }
        if let failure { throw failure }
    }

    func reset(origin: String) async throws(ExchangeError) {
        state.withLock { state in
            state = State(origin: origin, resets: state.resets + 1)
        }
    }
}

/// Something that fails when told to, behind the calls that make bytes durable.
final class FaultyDisk: Sendable {
    struct Plan {
        var writesBeforeFault: Int?
        var syncsBeforeFault: Int?
        var code: Int32 = EIO
        /// Each write takes that many bytes at the most.
        var bytesPerWrite = Int.max
        /// Every other call is interrupted once.
        var interrupts = false
        var interrupted = false
        var skipsSyncs = false
        var syncs = 0
        var writes = 0
    }

    let plan = Mutex(Plan())

    var calls: FileCalls {
        FileCalls(
            write: { descriptor, bytes, count, offset in
                let most: Int? = self.plan.withLock { plan in
                    plan.writes += 1
                    if Self.interrupts(&plan) { return nil }
                    if let left = plan.writesBeforeFault {
                        if left == 0 {
                            errno = plan.code
                            return nil
                        }
                        plan.writesBeforeFault = left - 1
                    }
                    return plan.bytesPerWrite
                }
                guard let most else { return -1 }
                return pwrite(descriptor, bytes, min(count, most), off_t(offset))
            },
            sync: { self.judge($0) { fdatasync($0) } }, syncFolder: { self.judge($0) { fsync($0) } })
    }

    private func judge(_ descriptor: Int32, _ call: (Int32) -> Int32) -> Int32 {
        let (fails, skips) = plan.withLock { plan in
            if Self.interrupts(&plan) { return (true, false) }
            plan.syncs += 1
            if let left = plan.syncsBeforeFault {
                if left == 0 {
                    errno = plan.code
                    return (true, false)
                }
                plan.syncsBeforeFault = left - 1
            }
            return (false, plan.skipsSyncs)
        }
        return fails ? -1 : skips ? 0 : call(descriptor)
    }

    /// A disk that is quick because it only says that it synced: where the test is not about syncs.
    static func quick() -> FaultyDisk {
        let disk = FaultyDisk()
        disk.plan.withLock { $0.skipsSyncs = true }
        return disk
    }

    var syncs: Int { plan.withLock { $0.syncs } }

    private static func interrupts(_ plan: inout Plan) -> Bool {
        guard plan.interrupts else { return false }
        plan.interrupted.toggle()
        if plan.interrupted { errno = EINTR }
        return plan.interrupted
    }
}

/// A journal with its keyring, projection and writer, over either implementer.
struct JournalBench {
    enum Implementer: String, CaseIterable, Sendable { case file, memory }

    static let origin = "oid/1.3.6.1.4.1.21367.2026.10"
    let folder: JournalFolder
    let world: World
    let store: any JournalStore
    let keyring: any KeyringStore
    let projection: EntryListProjection
    let writer: JournalWriter

    init(
        _ implementer: Implementer, seed: UInt64 = 1, disk: FaultyDisk? = nil, segmentBytes: UInt64 = 1 << 20,
        limits: JournalLimits = JournalLimits(),
    ) async throws {
        folder = try JournalFolder()
        world = JournalWorld.seeded(seed)
        switch implementer {
        case .file:
            store = try await FileJournalStore.create(
                folder.path, origin: Self.origin, options: Self.options(disk, segmentBytes))
            keyring = try await FileKeyring.create(
                folder.path + "/keyring", wrappingKey: Self.wrappingKey, world: world)
        case .memory:
            store = MemoryJournalStore(origin: Self.origin, world: world)
            keyring = MemoryKeyring(world: world)
        }
        projection = EntryListProjection(origin: Self.origin)
        writer = try await JournalWriter(
            store: store, keyring: keyring, projection: projection, world: world, limits: limits)
    }

    static let wrappingKey = SymmetricKey(data: [UInt8](repeating: 9, count: 32))

    static func options(_ disk: FaultyDisk?, _ segmentBytes: UInt64 = 1 << 20) -> FileJournalStore.Options {
        var options = FileJournalStore.Options()
        options.segmentBytes = segmentBytes
        if let disk { options.calls = disk.calls }
        return options
    }

    func patient() -> PatientID {
        var random = world.random
        return PatientID.random(using: &random)
    }

    func submission(_ patient: PatientID, _ text: String, bytes: [UInt8]? = nil) -> EntryDraft {
        var random = world.random
        let document = DocumentID.ordered(at: world.now(), using: &random)
        return EntryDraft(
            kind: .submission, subject: patient, payload: Array(text.utf8),
            contents: bytes.map { [DraftContent(document: document, bytes: $0)] } ?? [])
    }
}

/// A journal on disk with some entries of one patient, each in a group of its own.
enum JournalFiles {
    static let origin = JournalBench.origin

    static func open(
        _ folder: JournalFolder, vouched: AppliedMark? = nil, segmentBytes: UInt64 = 1 << 20, everything: Bool = false,
    ) async throws -> (store: FileJournalStore, report: FileJournalStore.OpenReport) {
        var options = JournalBench.options(FaultyDisk.quick(), segmentBytes)
        options.scansEverything = everything
        return try await FileJournalStore.open(folder.path, origin: origin, vouched: vouched, options: options)
    }

    static func fill(
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

    /// Where each entry's group of one ends.
    static func ends(_ receipts: [EntryReceipt], _ segment: [UInt8]) -> [Int] {
        receipts.indices.map { index in
            index + 1 < receipts.count
                ? Int(receipts[index + 1].contents[0].location.offset) - EntryFrame.headerBytes
                : (segment.lastIndex { $0 != 0 } ?? 0) + 1
        }
    }
}

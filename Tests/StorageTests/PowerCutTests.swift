import Crypto
import ExchangeCore
import Foundation
import Journal
import Simulation
import Storage
import Testing

/// Power cuts at any call, with torn, reordered and lost writes, failed syncs, and a second cut while the first is recovered
/// from: what was acknowledged is there, what was not is whole or absent.
@Suite struct PowerCutTests {
    private static let environment = ProcessInfo.processInfo.environment
    /// 10,000 seeds with HIE_LONG, or the blocks that HIE_POWER_BLOCKS names, such as `14,27`.
    static let seeds: [UInt64] =
        environment["HIE_POWER_BLOCKS"]?.split(separator: ",").compactMap { UInt64($0) }
        ?? Array(0..<(environment["HIE_LONG"] == nil ? 8 : 200))
    /// Seeds of one test case: each begins where the one before ends.
    static let perCase: UInt64 = 50

    private struct Acknowledged {
        let position: JournalPosition
        let leaf: [UInt8]
        let patient: PatientID
        let bytes: [UInt8]
        let content: ContentReference
    }

    private struct Life {
        let disk: PowerCutDisk
        let folder: JournalFolder
        var acknowledged: [Acknowledged] = []
        var mark: AppliedMark?
        var wasRefused = false
    }

    private static func options(_ disk: PowerCutDisk) -> FileJournalStore.Options {
        var options = FileJournalStore.Options()
        options.segmentBytes = 16_384
        options.markBytes = 8_192
        options.calls = disk.fileCalls
        return options
    }

    /// Writes groups until the disk refuses or the day is over.
    private static func live(_ seed: UInt64, lies: Bool = false) async throws -> Life {
        var random = SplitMix64(seed: seed)
        let world = JournalWorld.seeded(seed &* 31 &+ 7)
        let folder = try JournalFolder()
        let disk = PowerCutDisk(folder.path, seed: seed ^ 0xD15C)
        var life = Life(disk: disk, folder: folder)
        let store = try await FileJournalStore.create(folder.path, origin: JournalBench.origin, options: options(disk))
        let keyring = try await FileKeyring.create(
            folder.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: world, calls: disk.fileCalls)
        let signer = try NoteSigner(name: JournalBench.origin, privateKey: [UInt8](repeating: 3, count: 32))
        let author = try await CheckpointAuthor(store: store, signer: signer)
        var plan = PowerCutDisk.Plan(cutAt: Int.random(in: 1...140, using: &random))
        if Int.random(in: 0..<4, using: &random) == 0 { plan.failedSync = Int.random(in: 1...40, using: &random) }
        plan.lies = lies
        disk.arm(plan)
        var patients: [PatientID] = []
        var frontier = try await store.head().frontier
        do {
            for _ in 0..<24 {
                var entries: [(SealedEntry, PatientID, [UInt8])] = []
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    if patients.isEmpty || Int.random(in: 0..<4, using: &random) == 0 {
                        patients.append(PatientID.random(using: &random))
                    }
                    let patient = patients.randomElement(using: &random) ?? patients[0]
                    let key = try await keyring.keyOrCreate(for: patient)
                    let bytes = world.randomBytes(Int.random(in: 1...3000, using: &random))
                    let document = DocumentID.ordered(at: world.now(), using: &random)
                    let draft = EntryDraft(
                        kind: .submission, subject: patient, payload: Array("seed \(seed)".utf8),
                        contents: [DraftContent(document: document, bytes: bytes)])
                    entries.append((try EntrySealer(world: world).seal(draft, key: key), patient, bytes))
                }
                let first = frontier.size
                for (entry, _, _) in entries { frontier.append(entry.leaf) }
                let group = JournalGroup(firstPosition: first, entries: entries.map(\.0), frontier: frontier)
                let places = try await store.append(group)
                for (index, (entry, patient, bytes)) in entries.enumerated() {
                    guard let content = entry.header.references(before: places[index])?.first else { continue }
                    life.acknowledged.append(
                        Acknowledged(
                            position: first + UInt64(index), leaf: entry.leaf, patient: patient, bytes: bytes,
                            content: content))
                }
                life.mark = AppliedMark(
                    origin: JournalBench.origin, next: frontier.size, leaf: entries.last?.0.leaf ?? [])
                if Int.random(in: 0..<6, using: &random) == 0 { _ = try await author.publish() }
            }
        } catch {
            life.wasRefused = true
            guard error.code == .unavailable else { throw error }
            // A failed sync is never tried again: everything after it is refused (security.md L1).
            let again = try? await store.append(
                JournalGroup(firstPosition: frontier.size, entries: [], frontier: frontier))
            #expect(again == nil, "seed \(seed): the store went on after a failure")
        }
        return life
    }

    /// What does not hold in the folder a power cut has left; empty when everything does.
    private static func losses(_ seed: UInt64, _ life: Life) async throws -> [String] {
        var random = SplitMix64(seed: seed ^ 0x5EC0)
        let world = JournalWorld.seeded(seed ^ 0xAF7E)
        var image = try JournalFolder()
        try life.disk.cut(into: image)
        let vouched = Bool.random(using: &random) ? life.mark : nil
        // Now and then the power goes again, while the store recovers.
        if Bool.random(using: &random) {
            let disk = PowerCutDisk(image.path, seed: seed ^ 0x2D)
            disk.arm(PowerCutDisk.Plan(cutAt: Int.random(in: 1...12, using: &random)))
            _ = try? await FileJournalStore.open(
                image.path, origin: JournalBench.origin, vouched: vouched, options: options(disk))
            _ = try? await FileKeyring.open(
                image.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: world, calls: disk.fileCalls)
            let next = try JournalFolder()
            try disk.cut(into: next)
            image = next
        }
        let disk = PowerCutDisk(image.path, seed: 1)
        let (store, _) = try await FileJournalStore.open(
            image.path, origin: JournalBench.origin, vouched: vouched, options: options(disk))
        let keyring = try await FileKeyring.open(
            image.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: world)
        let head = try await store.head()
        let reader = JournalReader(store: store, keyring: keyring)
        var losses: [String] = []
        for entry in life.acknowledged {
            guard entry.position < head.size else {
                losses.append("entry \(entry.position) of \(head.size)")
                continue
            }
            if try await store.leaves(entry.position..<entry.position + 1) != [entry.leaf] { losses.append("leaf") }
            if try await reader.document(entry.content, of: entry.patient) != entry.bytes { losses.append("bytes") }
        }
        // Whatever is there beyond is whole: each entry opens, with its documents.
        var next: JournalPosition = 0
        while next < head.size {
            let entries = try await reader.entries(from: next, limit: 256)
            for entry in entries {
                guard let subject = entry.subject else { continue }
                for content in entry.contents { _ = try await reader.document(content, of: subject) }
            }
            next += UInt64(entries.count)
        }
        let live = try await store.verify(keys: [])
        if live.entries != head.size || live.root != head.frontier.root { losses.append("the log does not verify") }
        // And it goes on.
        let key = try await keyring.keyOrCreate(for: PatientID.random(using: &random))
        let draft = EntryDraft(kind: .access, subject: PatientID.random(using: &random), payload: [1])
        let more = try EntrySealer(world: world).seal(draft, key: key)
        var frontier = head.frontier
        frontier.append(more.leaf)
        _ = try await store.append(JournalGroup(firstPosition: head.size, entries: [more], frontier: frontier))
        return losses
    }

    @Test(arguments: seeds)
    func `L1 T63 T64 a power cut anywhere loses nothing that was acknowledged`(_ block: UInt64) async throws {
        var refused = 0
        var kept = 0
        for seed in block * Self.perCase..<(block + 1) * Self.perCase {
            let life = try await Self.live(seed)
            if life.wasRefused { refused += 1 }
            kept += life.acknowledged.count
            do {
                let losses = try await Self.losses(seed, life)
                #expect(losses == [], "seed \(seed)")
            } catch { Issue.record("seed \(seed): \(error)") }
        }
        #expect(refused > 0 && kept > 0)
    }

    @Test func `the same power cuts under a disk that lies about its syncs are found out`() async throws {
        var found = 0
        for seed in UInt64(0)..<40 {
            let life = try await Self.live(seed, lies: true)
            guard !life.acknowledged.isEmpty else { continue }
            if let losses = try? await Self.losses(seed, life), losses.isEmpty { continue }
            found += 1
        }
        #expect(found > 20, "\(found) of 40")
    }
}

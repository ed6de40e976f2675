import Crypto
import ExchangeCore
import Journal
import Simulation
import Storage
import Synchronization
import Testing

/// What every keyring must do, and what the one on disk must do besides.
@Suite struct KeyringTests {
    private let world = JournalWorld.seeded(21)

    private func patients(_ count: Int) -> [PatientID] {
        var random = world.random
        return (0..<count).map { _ in PatientID.random(using: &random) }
    }

    private func create(_ folder: JournalFolder, _ disk: FaultyDisk = FaultyDisk()) async throws -> FileKeyring {
        try await FileKeyring.create(
            folder.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: world, calls: disk.calls)
    }

    private func open(_ folder: JournalFolder) async throws -> FileKeyring {
        try await FileKeyring.open(folder.path + "/keyring", wrappingKey: JournalBench.wrappingKey, world: world)
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `a key is made once, stays, and is destroyed for ever`(_ which: JournalBench.Implementer) async throws {
        let folder = try JournalFolder()
        let keyring: any KeyringStore = which == .file ? try await create(folder) : MemoryKeyring(world: world)
        let (first, second, third) = (patients(3)[0], patients(1)[0], patients(1)[0])
        #expect(try await keyring.key(for: first) == nil)
        let key = try await keyring.keyOrCreate(for: first)
        #expect(try await keyring.keyOrCreate(for: first) == key)
        #expect(try await keyring.key(for: first) == key)
        #expect(try await keyring.keyOrCreate(for: second) != key)
        try await keyring.erase(first)
        try await keyring.erase(first)
        try await keyring.erase(third)
        for gone in [first, third] {
            await #expect(throws: ExchangeError(.gone, "")) { try await keyring.key(for: gone) }
            await #expect(throws: ExchangeError(.gone, "")) { try await keyring.keyOrCreate(for: gone) }
        }
        #expect(try await keyring.key(for: second) != nil)
    }

    @Test func `keys and erasures are found again after a kill, and another wrapping key is refused`() async throws {
        let folder = try JournalFolder()
        let keyring = try await create(folder)
        let all = patients(20)
        var keys: [SymmetricKey] = []
        for patient in all { keys.append(try await keyring.keyOrCreate(for: patient)) }
        try await keyring.erase(all[7])
        let copy = try folder.copy()
        let reopened = try await open(copy)
        for (index, patient) in all.enumerated() where index != 7 {
            #expect(try await reopened.key(for: patient) == keys[index])
        }
        await #expect(throws: ExchangeError(.gone, "")) { try await reopened.key(for: all[7]) }
        let other = try folder.copy()
        defer { other.keep() }
        await #expect(throws: ExchangeError(.conflict, "")) {
            try await FileKeyring.open(
                other.path + "/keyring", wrappingKey: SymmetricKey(size: .bits256), world: world)
        }
    }

    @Test(arguments: ["removed", "replaced", "changed"])
    func `a keyring whose file is taken away makes no more keys, and is written anew from memory`(_ fate: String)
        async throws
    {
        let folder = try JournalFolder()
        let keyring = try await create(folder)
        let all = patients(6)
        var keys: [SymmetricKey] = []
        for patient in all.prefix(4) { keys.append(try await keyring.keyOrCreate(for: patient)) }
        try await keyring.erase(all[1])
        await keyring.watch()
        #expect(keyring.failure == nil, "its own writes are no change")
        var bytes = folder.bytes("keyring")
        if fate != "changed" { folder.remove("keyring") }
        if fate == "replaced" { try folder.put(Array(bytes.prefix(256)), "keyring") }
        if fate == "changed" {
            bytes[200] ^= 1
            try folder.put(bytes, "keyring")
            await keyring.watch()
        }
        for patient in all.suffix(2) {
            await #expect(throws: ExchangeError(.unavailable, "")) { try await keyring.keyOrCreate(for: patient) }
        }
        #expect(keyring.failure?.message.contains("the keyring is lost") == true)
        #expect(try await keyring.putBack())
        #expect(try await keyring.putBack() == false)
        await keyring.close()
        let reopened = try await open(folder)
        for (index, key) in keys.enumerated() where index != 1 {
            #expect(try await reopened.key(for: all[index]) == key)
        }
        await #expect(throws: ExchangeError(.gone, "")) { try await reopened.key(for: all[1]) }
        #expect(try await reopened.key(for: all[4]) == nil, "what was not acknowledged is not there")
    }

    @Test func `a keyring that is wrapped anew is not taken for one that was taken away`() async throws {
        let folder = try JournalFolder()
        let keyring = try await create(folder)
        let patient = patients(1)[0]
        _ = try await keyring.keyOrCreate(for: patient)
        _ = try await keyring.rewrap(by: SymmetricKey(size: .bits256))
        await keyring.watch()
        #expect(keyring.failure == nil)
    }

    @Test func `an erased key's wrapped bytes are gone from the file`() async throws {
        let folder = try JournalFolder()
        let keyring = try await create(folder)
        let patient = patients(1)[0]
        _ = try await keyring.keyOrCreate(for: patient)
        let wrapped = Array(folder.bytes("keyring")[(128 + 18)..<(128 + 78)])
        #expect(wrapped.contains { $0 != 0 })
        try await keyring.erase(patient)
        #expect(folder.bytes("keyring")[(128 + 18)..<(128 + 78)].allSatisfy { $0 == 0 })
    }

    @Test func `many keys made at once share a sync`() async throws {
        let folder = try JournalFolder()
        let disk = FaultyDisk()
        let keyring = try await create(folder, disk)
        let before = disk.syncs
        let all = patients(200)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for patient in all + all { group.addTask { _ = try await keyring.keyOrCreate(for: patient) } }
            try await group.waitForAll()
        }
        #expect(disk.syncs - before < 100)
        #expect(folder.bytes("keyring").count == 128 * 201)
    }

    @Test func `every changed byte of a keyring is found at the start or when the key is used`() async throws {
        let folder = try JournalFolder()
        let keyring = try await create(folder)
        let all = patients(3)
        for patient in all { _ = try await keyring.keyOrCreate(for: patient) }
        let bytes = folder.bytes("keyring")
        for index in bytes.indices {
            let copy = try JournalFolder()
            var changed = bytes
            changed[index] ^= UInt8(1 + index % 255)
            try copy.put(changed, "keyring")
            await #expect(throws: ExchangeError(.corrupted, ""), "byte \(index)") { try await open(copy) }
        }
    }

    @Test func `T63 keys that were being made when the power went are missing, and nothing else is`() async throws {
        let folder = try JournalFolder()
        let keyring = try await create(folder)
        let early = patients(5)
        for patient in early { _ = try await keyring.keyOrCreate(for: patient) }
        let before = folder.bytes("keyring")
        let late = patients(12)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for patient in late { group.addTask { _ = try await keyring.keyOrCreate(for: patient) } }
            try await group.waitForAll()
        }
        let after = folder.bytes("keyring")
        // The last batch begins at the record its last record names.
        let batch = Int(after.suffix(128)[after.count - 128 + 78])
        #expect(batch * 128 >= before.count)
        for lost in 0..<1 << min(7, 17 - batch + 1) {
            var torn = after
            for record in batch...17 where lost & 1 << (record - batch) != 0 {
                torn.replaceSubrange(record * 128..<record * 128 + 128, with: [UInt8](repeating: 0, count: 128))
            }
            let copy = try JournalFolder()
            try copy.put(torn, "keyring")
            let recovered = try await open(copy)
            for patient in early { #expect(try await recovered.key(for: patient) != nil) }
            let made = try await recovered.keyOrCreate(for: patients(1)[0])
            let again = try JournalFolder()
            try again.put(copy.bytes("keyring"), "keyring")
            #expect(try await open(again).key(for: early[0]) != nil)
            #expect(made.bitCount == 256)
        }
        for record in 1..<batch {
            var damaged = after
            damaged.replaceSubrange(record * 128..<record * 128 + 128, with: [UInt8](repeating: 0, count: 128))
            let copy = try JournalFolder()
            try copy.put(damaged, "keyring")
            await #expect(throws: ExchangeError(.corrupted, "")) { try await open(copy) }
        }
    }

    @Test func `after a failed sync no key is given out that was not durable`() async throws {
        let folder = try JournalFolder()
        let disk = FaultyDisk()
        let keyring = try await create(folder, disk)
        let (first, second) = (patients(2)[0], patients(1)[0])
        let key = try await keyring.keyOrCreate(for: first)
        disk.plan.withLock { $0.syncsBeforeFault = 0 }
        await #expect(throws: ExchangeError(.unavailable, "")) { try await keyring.keyOrCreate(for: second) }
        disk.plan.withLock { $0.syncsBeforeFault = nil }
        await #expect(throws: ExchangeError(.unavailable, "")) { try await keyring.keyOrCreate(for: second) }
        #expect(try await keyring.keyOrCreate(for: first) == key)
    }
}

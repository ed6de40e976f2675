import ExchangeCore
import Journal
import Simulation
import Storage
import Synchronization
import Testing

/// What every journal store must do, run against each of them.
@Suite struct JournalContractTests {
    @Test(arguments: JournalBench.Implementer.allCases)
    func `what was appended reads back, opened, in order, with its documents`(_ which: JournalBench.Implementer)
        async throws
    {
        let bench = try await JournalBench(which)
        let patient = bench.patient()
        let clear = try await bench.writer.append(EntryDraft(kind: .genesis, subject: nil, payload: Array("{}".utf8)))
        #expect(clear.position == 0)
        let large = bench.world.randomBytes(100_000)
        let first = try await bench.writer.append(bench.submission(patient, "first", bytes: large))
        let second = try await bench.writer.append(
            bench.submission(patient, String(repeating: "x", count: 9000), bytes: [1]))
        #expect(first.position == 1 && second.position == 2 && bench.writer.size == 3)
        let reader = JournalReader(store: bench.store, keyring: bench.keyring)
        let entries = try await reader.entries(from: 0, limit: 10)
        #expect(entries.map(\.position) == [0, 1, 2])
        #expect(entries.map(\.kind) == [.genesis, .submission, .submission])
        #expect(entries[1].payload == Array("first".utf8) && entries[1].subject == patient)
        #expect(entries[2].payload.count == 9000)
        #expect(entries.map(\.leaf) == [clear.leaf, first.leaf, second.leaf])
        #expect(entries[1].contents == first.contents)
        #expect(try await reader.document(first.contents[0], of: patient) == large)
        #expect(try await reader.document(second.contents[0], of: patient) == [1])
        #expect(try await reader.entries(from: 2, limit: 10).count == 1)
        #expect(try await reader.entries(from: 3, limit: 10).isEmpty)
        let head = try await bench.store.head()
        #expect(head.size == 3 && head.leaf == second.leaf && head.frontier.root == bench.writer.root)
        #expect(bench.projection.entries.map(\.leaf) == entries.map(\.leaf))
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `leaves give proofs that hold against the head`(_ which: JournalBench.Implementer) async throws {
        let bench = try await JournalBench(which)
        let patient = bench.patient()
        for number in 0..<20 { _ = try await bench.writer.append(bench.submission(patient, "\(number)")) }
        let leaves = try await bench.store.leaves(0..<20)
        let tree = MerkleTree(leaves: leaves)
        let proof = try #require(tree.inclusionProof(of: 13, at: 20))
        #expect(MerkleProof.isIncluded(leaves[13], at: 13, size: 20, root: bench.writer.root, proof: proof))
        await #expect(throws: ExchangeError(.badRequest, "")) { try await bench.store.leaves(10..<21) }
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `64 appenders share syncs and transactions, and each is answered with its own entry`(
        _ which: JournalBench.Implementer,
    ) async throws {
        let disk = FaultyDisk()
        let bench = try await JournalBench(which, disk: disk, segmentBytes: 8 << 20)
        let patients = (0..<8).map { _ in bench.patient() }
        for patient in patients { _ = try await bench.keyring.keyOrCreate(for: patient) }
        let before = disk.syncs
        let rounds = 8
        let positions = try await withThrowingTaskGroup(of: [JournalPosition].self) { group in
            for writer in 0..<64 {
                group.addTask {
                    var positions: [JournalPosition] = []
                    for round in 0..<rounds {
                        let draft = bench.submission(patients[writer % 8], "\(writer) \(round)", bytes: [UInt8(writer)])
                        let receipt = try await bench.writer.append(draft)
                        let seen = bench.projection.entries[Int(receipt.position)]
                        #expect(seen.payload == draft.payload && seen.leaf == receipt.leaf)
                        positions.append(receipt.position)
                    }
                    return positions
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(positions.sorted() == (0..<UInt64(64 * rounds)).map { $0 })
        #expect(bench.projection.groups <= 64 * rounds / 4)
        if which == .file { #expect(disk.syncs - before <= bench.projection.groups + 4) }
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `an entry whose facts are older than the patient's last consent is refused, another patient's is not`(
        _ which: JournalBench.Implementer,
    ) async throws {
        let bench = try await JournalBench(which)
        let (patient, other) = (bench.patient(), bench.patient())
        func access(_ subject: PatientID, _ since: JournalPosition) -> EntryDraft {
            EntryDraft(kind: .access, subject: subject, payload: [1], consentUnchangedSince: since)
        }
        _ = try await bench.writer.append(access(patient, 0))
        let consent = EntryDraft(kind: .consent, subject: patient, payload: [2])
        let receipt = try await bench.writer.append(consent)
        #expect(receipt.position == 1)
        for since in [UInt64(0), 1] {
            await #expect(throws: ExchangeError(.conflict, "")) {
                try await bench.writer.append(access(patient, since))
            }
        }
        _ = try await bench.writer.append(access(other, 0))
        _ = try await bench.writer.append(access(patient, 2))
        #expect(bench.writer.size == 4)
        #expect(bench.writer.failure == nil)
    }

    @Test(arguments: JournalBench.Implementer.allCases, 1...8)
    func `in a race, no access stands behind a consent its facts did not show`(
        _ which: JournalBench.Implementer, _ seed: UInt64,
    ) async throws {
        // Shown in parts of two: who is refused waits for the part that holds what it is refused for.
        var limits = JournalLimits()
        limits.partItems = 2
        let bench = try await JournalBench(which, seed: seed, limits: limits)
        let patient = bench.patient()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for _ in 0..<6 {
                        let since = UInt64(bench.projection.entries.count)
                        let isConsent = task % 8 == 0
                        let draft = EntryDraft(
                            kind: isConsent ? .consent : .access, subject: patient, payload: Array("\(since)".utf8),
                            consentUnchangedSince: isConsent ? nil : since)
                        do {
                            _ = try await bench.writer.append(draft)
                        } catch let error as ExchangeError where error.code == .conflict {
                            // By now the projection shows what stood in the way.
                            let shown = bench.projection.entries.dropFirst(Int(since))
                            #expect(shown.contains { $0.kind == .consent })
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        var lastConsent = -1
        for entry in bench.projection.entries {
            if entry.kind == .consent { lastConsent = Int(entry.position) }
            if entry.kind == .access {
                let since = try #require(Int(String(decoding: entry.payload, as: UTF8.self)))
                #expect(lastConsent < since)
            }
        }
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `an erased patient's entries stay in the tree and open no more, and nothing is recorded about them again`(
        _ which: JournalBench.Implementer,
    ) async throws {
        let bench = try await JournalBench(which)
        let patient = bench.patient()
        let receipt = try await bench.writer.append(bench.submission(patient, "secret", bytes: [1, 2]))
        try await bench.keyring.erase(patient)
        let reader = JournalReader(store: bench.store, keyring: bench.keyring)
        let entries = try await reader.entries(from: 0, limit: 1)
        #expect(entries[0].isErased && entries[0].payload.isEmpty && entries[0].leaf == receipt.leaf)
        await #expect(throws: ExchangeError(.gone, "")) { try await reader.document(receipt.contents[0], of: patient) }
        await #expect(throws: ExchangeError(.gone, "")) {
            try await bench.writer.append(bench.submission(patient, "x"))
        }
        #expect(bench.writer.failure == nil)
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `a projection is continued where it is behind, and begun again where it is foreign`(
        _ which: JournalBench.Implementer,
    ) async throws {
        let bench = try await JournalBench(which)
        let patient = bench.patient()
        for number in 0..<10 { _ = try await bench.writer.append(bench.submission(patient, "\(number)")) }
        let reader = JournalReader(store: bench.store, keyring: bench.keyring)
        let fresh = EntryListProjection()
        #expect(try await reader.bringUpToDate(fresh, batch: 3).applied == 10)
        #expect(fresh.entries.map(\.payload) == bench.projection.entries.map(\.payload))
        _ = try await bench.writer.append(bench.submission(patient, "more"))
        let behind = try await reader.bringUpToDate(fresh)
        #expect(behind.applied == 1 && behind.rebuiltBecause == nil)
        fresh.spoil()
        let foreign = try await reader.bringUpToDate(fresh)
        #expect(foreign.applied == 11 && foreign.rebuiltBecause != nil)
        await #expect(throws: ExchangeError(.conflict, "")) {
            try await JournalWriter(
                store: bench.store, keyring: bench.keyring, projection: EntryListProjection(), world: bench.world)
        }
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `a checkpoint is signed over what is stored, kept, and verified by its key`(
        _ which: JournalBench.Implementer,
    ) async throws {
        let bench = try await JournalBench(which)
        let signer = try NoteSigner(name: JournalBench.origin, privateKey: [UInt8](repeating: 3, count: 32))
        let author = try await CheckpointAuthor(store: bench.store, signer: signer)
        let patient = bench.patient()
        for number in 0..<5 { _ = try await bench.writer.append(bench.submission(patient, "\(number)")) }
        let note = try await author.publish()
        #expect(signer.verifier.verifies(note))
        let kept = try #require(try await bench.store.checkpoint())
        #expect(kept == note.description)
        let checkpoint = try Checkpoint(text: try SignedNote(parsing: kept).text)
        #expect(checkpoint == Checkpoint(origin: JournalBench.origin, size: 5, root: bench.writer.root))
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `limits are refused by name, and the writer works on`(_ which: JournalBench.Implementer) async throws {
        var limits = JournalLimits()
        limits.payloadBytesMax = 10
        limits.contentBytesMax = 20
        limits.contentsMax = 1
        let bench = try await JournalBench(which, limits: limits)
        let patient = bench.patient()
        for draft in [
            bench.submission(patient, "12345678901"),
            bench.submission(patient, "1", bytes: bench.world.randomBytes(21)),
            EntryDraft(
                kind: .submission, subject: patient, payload: [],
                contents: (0..<2).flatMap { _ in bench.submission(patient, "", bytes: [1]).contents }),
        ] {
            await #expect(throws: ExchangeError(.tooLarge, "")) { try await bench.writer.append(draft) }
        }
        await #expect(throws: ExchangeError(.internal, "")) {
            try await bench.writer.append(EntryDraft(kind: .consent, subject: nil, payload: []))
        }
        #expect(try await bench.writer.append(bench.submission(patient, "fits")).position == 0)
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `after a failed projection nothing is answered any more, and the entry is in the journal`(
        _ which: JournalBench.Implementer,
    ) async throws {
        let bench = try await JournalBench(which)
        let patient = bench.patient()
        bench.projection.failNext()
        for _ in 0..<2 {
            await #expect(throws: ExchangeError(.unavailable, "")) {
                try await bench.writer.append(bench.submission(patient, "x"))
            }
        }
        #expect(try await bench.store.head().size == 1)
    }

    @Test func `in memory, a crash forgets what was not synced, or keeps it, and never what was acknowledged`()
        async throws
    {
        for (fault, keeps) in [
            (MemoryJournalStore.Fault.beforeWrite, true), (.beforeSync, false), (.beforeSync, true),
        ] {
            let bench = try await JournalBench(.memory)
            let store = try #require(bench.store as? MemoryJournalStore)
            let patient = bench.patient()
            for number in 0..<3 {
                _ = try await bench.writer.append(bench.submission(patient, "\(number)", bytes: [1]))
            }
            store.failNextAppend(fault)
            for _ in 0..<2 {
                await #expect(throws: ExchangeError(.unavailable, "")) {
                    try await bench.writer.append(bench.submission(patient, "lost"))
                }
            }
            store.crash(keepsUnsynced: keeps)
            let reader = JournalReader(store: store, keyring: bench.keyring)
            let report = try await reader.bringUpToDate(bench.projection)
            #expect(report.applied == (fault == .beforeSync && keeps ? 1 : 0) && report.rebuiltBecause == nil)
            let writer = try await JournalWriter(
                store: store, keyring: bench.keyring, projection: bench.projection, world: bench.world)
            _ = try await writer.append(bench.submission(patient, "next"))
            var verifier = JournalVerifier(origin: JournalBench.origin)
            try verifier.feed(store.segment[...])
            try verifier.endSegment()
            #expect(try verifier.finish().root == writer.root)
        }
    }

    @Test(arguments: JournalBench.Implementer.allCases)
    func `a cancelled request's entry is written all the same, and the others with it`(
        _ which: JournalBench.Implementer,
    ) async throws {
        let bench = try await JournalBench(which)
        let patient = bench.patient()
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<32 {
                group.addTask { _ = try? await bench.writer.append(bench.submission(patient, "\(number)", bytes: [1])) }
            }
            group.cancelAll()
        }
        #expect(bench.writer.size == 32 && bench.writer.failure == nil)
        #expect(bench.projection.entries.count == 32)
    }
}

import ArgumentParser
import ExchangeCore
import FoundationEssentials

/// `hie-bench journal`.
struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "Durable publishes into the journal, beside C, SQLite and PostgreSQL; its verifying and rebuilding.",
        discussion: """
            In process, without HTTP or TLS: 64 writers seal, append, sync and project 8 KiB \\
            documents. In alternating rounds on the same disk: the same layout in C \\
            (Tests/floors, needs cc), everything in SQLite, and PostgreSQL with one statement a \\
            publish (Debian's postgresql); what is not installed is left out by name. Growth, which \
            takes long and is measured only by name, publishes into a journal of 100,000 entries \
            and one of 1,000,000 (--documents) in turn.

            EXAMPLE
              hie-bench journal --quick
              hie-bench journal --json --folder /var/tmp
              hie-bench journal --only reading
              hie-bench journal --only growth --documents 10000000
            """)

    /// What can be measured by itself.
    enum Part: String, ExpressibleByArgument, CaseIterable {
        case rounds, writer, syncs, reading, growth

        /// Those that are measured unless one is named.
        static let usual: [Part] = [.rounds, .writer, .syncs, .reading]
    }

    @OptionGroup var options: BenchOptions
    @Option(help: ArgumentHelp("One part alone: rounds, writer, syncs, reading or growth.", valueName: "part")) var only: Part?
    @Option(help: .hidden) var alone: String?

    func run() async throws {
        if let alone { return try await JournalLoad.alone(in: alone, writers: options.connections, seconds: options.seconds ?? 3) }
        let bench = Bench(options)
        bench.preface()
        try await Self.measure(bench, only.map { [$0] } ?? Part.usual)
        bench.report.end()
    }

    static let documentBytes = 8 << 10

    static func measure(_ bench: Bench, _ parts: [Part] = Part.usual) async throws {
        let folder = try BenchFolder(under: bench.options.folder ?? "/var/tmp")
        defer { folder.remove() }
        for part in parts {
            switch part {
            case .rounds: try await rounds(bench, folder)
            case .writer: try await oneWriter(bench, folder)
            case .syncs: try await syncs(bench, folder)
            case .reading: try await reading(bench, folder)
            case .growth: try await growth(bench, folder)
            }
        }
    }

    /// Ours beside each peer: every round in a fresh folder, so that none pays for another's pages.
    private static func rounds(_ bench: Bench, _ folder: BenchFolder) async throws {
        let floor = try JournalFloor.built(in: folder.path, report: bench.report)
        let postgres = try PostgresPeer.started(in: folder.path, report: bench.report)
        defer { postgres?.stop() }
        try await bench.demandIdle()
        var ours: [JournalLoad.Round] = []
        var peers: [String: [Double]] = [:]
        let writers = bench.options.connections
        for round in 0..<bench.rounds {
            func one() async throws {
                ours.append(try await JournalLoad.round(in: try folder.fresh(), writers: writers, seconds: bench.seconds))
            }
            func others() throws {
                if let floor {
                    for mode in ["log", "sqlite"] {
                        let found = try floor.run(
                            mode, in: try folder.fresh(), writers: writers, bytes: documentBytes, seconds: bench.seconds)
                        peers[mode, default: []].append(found.rate)
                    }
                }
                if let postgres { peers["postgres", default: []].append(try postgres.publish(writers, seconds: bench.seconds)) }
            }
            if round.isMultiple(of: 2) {
                try await one()
                try others()
            } else {
                try others()
                try await one()
            }
            folder.clear()
        }
        let rates = ours.map(\.rate)
        bench.report.add(Figure("journal.rate", rates.median, "1/s"))
        bench.report.add(Figure("journal.cpu_us", ours.map(\.cpuMicroseconds).median, "us"))
        bench.report.add(Figure("journal.p50_ms", ours.map(\.p50Milliseconds).median, "ms"))
        for (name, mode, against, aim) in [
            ("journal.vs_floor", "log", "C, same layout", 0.5), ("journal.vs_sqlite", "sqlite", "C, all in SQLite", 2),
            ("journal.vs_postgres", "postgres", "PostgreSQL, one statement", 1.5),
        ] {
            guard let theirs = peers[mode], let ratio = Ratio(rates, over: theirs) else { continue }
            bench.report.add(
                Figure(name, ratio.median, "times", aim: .atLeast(aim), against: "\(against): \(Figure.digits(theirs.median))/s", ratio: ratio))
        }
    }

    private static func oneWriter(_ bench: Bench, _ folder: BenchFolder) async throws {
        var ours: [Double] = []
        var bare: [Double] = []
        for _ in 0..<max(2, bench.rounds / 2) {
            ours.append(
                try await JournalLoad.round(in: try folder.fresh(), writers: 1, seconds: bench.seconds / 2).p50Milliseconds)
            let disk = BareDisk(folder: folder.path)
            bare.append(try disk.append(documents: 1, bytes: documentBytes, seconds: bench.seconds / 4).syncMilliseconds)
            folder.clear()
        }
        bench.report.add(
            Figure(
                "journal.over_sync_ms", zip(ours, bare).map { $0 - $1 }.median, "ms", aim: .atMost(0.35),
                against: "write and fdatasync: \(Figure.digits(bare.median)) ms", ratio: Ratio(ours, over: bare)))
    }

    /// An extra round of a process of its own under strace, not timed.
    private static func syncs(_ bench: Bench, _ folder: BenchFolder) async throws {
        guard SyncCount.isPossible else {
            return bench.report.words("journal.docs_per_sync is left out: strace is not installed")
        }
        let lines = folder.path + "/strace"
        let log = folder.path + "/alone.log"
        let child = try ChildProcess(
            "/usr/bin/strace",
            [
                "-f", "-y", "-e", "trace=fdatasync,fsync", "-o", lines, try JournalFloor.ownProgram(), "journal", "--alone",
                try folder.fresh(), "--connections", String(bench.options.connections), "--seconds", "3",
            ], log: log)
        child.wait()
        let words = (ProcFile.text(log) ?? "").split { $0 == " " || $0 == "\n" }
        guard let place = words.firstIndex(of: "documents"), place > 0, let done = Double(words[place - 1]),
            let end = words.lastIndex(of: "groups"), end > 0, let groups = Double(words[end - 1]),
            let text = ProcFile.text(lines)
        else { return bench.report.words("journal.docs_per_sync is left out: strace may not watch here") }
        let all = Double(SyncCount.calls(text, of: ""))
        let segments = Double(SyncCount.calls(text, of: ".segment"))
        bench.report.words(
            "syncs: \(Int(done)) documents and 1000 registrations in \(Int(groups)) groups; \(Int(segments)) syncs of segments (two more "
                + "for each new segment), \(Int(all - segments)) of marks, keys and folders")
        bench.report.add(Figure("journal.docs_per_sync", done / all, "documents", aim: .atLeast(24)))
        bench.report.add(Figure("journal.syncs_per_group", segments / groups, "syncs", aim: .atMost(1.05)))
    }

    /// Verifying and rebuilding, over one journal of a fifth publishes and four fifths accesses.
    private static func reading(_ bench: Bench, _ folder: BenchFolder) async throws {
        let entries = bench.documents(200_000)
        let load = try await JournalLoad(in: try folder.fresh())
        try await load.fill(entries)
        bench.report.words("reading: \(load.size) entries, a fifth of them publishes of 2 KiB, the others accesses")
        var verified: [Double] = []
        var rebuilt: [Double] = []
        for _ in 0..<max(2, bench.rounds / 4) {
            verified.append(try await load.verifyRate())
            rebuilt.append(try await load.rebuildRate())
        }
        try await load.close()
        bench.report.add(Figure("journal.verify_entries_per_s", verified.median, "1/s", aim: .atLeast(200_000)))
        bench.report.add(Figure("journal.rebuild_entries_per_s", rebuilt.median, "1/s", aim: .atLeast(20_000)))
    }

    /// The same publishes into a small journal and into a large one, in turn.
    private static func growth(_ bench: Bench, _ folder: BenchFolder) async throws {
        let counts = [100_000, max(200_000, bench.documents(1_000_000))]
        var loads: [JournalLoad] = []
        for count in counts {
            let watch = Stopwatch()
            let load = try await JournalLoad(in: try folder.fresh(), patients: min(count / 20, 50_000))
            // In pieces, so that a long filling shows that it goes on.
            while load.size < count {
                try await load.fill(min(500_000, count - Int(load.size)))
                bench.report.words("growth: \(load.size) of \(count) entries after \(Int(watch.seconds)) s")
            }
            loads.append(load)
        }
        var rates: [[Double]] = [[], []]
        func round(_ which: Int) async throws {
            rates[which].append(try await loads[which].publish(writers: bench.options.connections, seconds: bench.seconds / 4).rate)
        }
        try await bench.alternate { try await round(1) } _: { try await round(0) }
        bench.report.add(
            Figure(
                "journal.growth", Ratio(rates[1], over: rates[0])?.median ?? 0, "times", aim: .atLeast(0.8),
                against: "\(counts[0]) entries: \(Figure.digits(rates[0].median))/s; \(counts[1]): \(Figure.digits(rates[1].median))/s",
                ratio: Ratio(rates[1], over: rates[0])))
        for load in loads { try await load.close() }
    }
}

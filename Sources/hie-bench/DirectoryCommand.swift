import ArgumentParser
import ExchangeCore
import FoundationEssentials
import Glibc

/// `hie-bench directory`.
struct DirectoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "directory",
        abstract: "Many nodes on one machine: how fast an update, a crash and a silence are known to all.",
        discussion: """
            Each member is a process of its own; what it knows is read from its own lines by one
            observer. serf runs beside in the same way where it is installed. As root, everything
            happens in a network namespace of its own, so that the traffic counted is theirs.
            A silent member is one stopped with SIGSTOP: its kernel answers, it does not.

            EXAMPLE
              hie-bench directory --nodes 25
              hie-bench directory --nodes 25 --serf /usr/bin/serf --json
            """)

    @Option(help: ArgumentHelp("How many members (25; 8 with --quick).", valueName: "n")) var nodes: Int?
    @Option(help: ArgumentHelp("serf's program; found in the path when not given.", valueName: "file")) var serf: String?
    @Flag(help: "Leave serf out.") var alone = false
    @Flag(help: "Whole nodes: consent's rounds and the journals' witnesses beside the directory.") var whole = false
    @Flag(help: "Few members and rounds.") var quick = false
    @Flag(help: "One JSON object a line instead of a table.") var json = false

    func validate() throws {
        if let nodes, !(5...100).contains(nodes) { throw ValidationError("--nodes is 5 to 100.") }
    }

    func run() async throws {
        try DirectoryBench.isolate()
        let report = Report(asJSON: json)
        report.words("\(sysconf(Int32(_SC_NPROCESSORS_ONLN))) cores, shared by all members and the observer; loopback is no network")
        let bench = DirectoryBench(nodes: nodes ?? (quick ? 8 : 25), rounds: quick ? 4 : 20, idle: quick ? 10 : 60, isWhole: whole, report: report)
        let theirs = alone ? nil : serf ?? ["/usr/bin/serf", "/usr/local/bin/serf"].first { access($0, X_OK) == 0 }
        if theirs == nil { report.words("serf is not installed (apt install serf) or left out: no figures beside ours") }
        try await bench.measure(serf: theirs)
        report.end()
    }
}

/// One run: the same questions to our herd and to serf's.
struct DirectoryBench {
    let nodes: Int
    let rounds: Int
    let idle: Int
    let isWhole: Bool
    let report: Report

    private struct Seen {
        var updates: [Double] = []
        var crashes: [Double] = []
        var paused = 0
        var silent: Double?
        var bytes = 0.0
        var restart: Double?
        var boot = 0.0
    }

    /// Goes on in a network namespace of its own, where that is possible.
    static func isolate() throws {
        guard geteuid() == 0, getenv("HIE_BENCH_ISOLATED") == nil, access("/usr/bin/unshare", X_OK) == 0 else { return }
        setenv("HIE_BENCH_ISOLATED", "1", 1)
        let script = "ip link set lo up && exec \"$0\" \"$@\""
        let words = ["unshare", "-n", "/bin/sh", "-c", script, "/proc/self/exe"] + CommandLine.arguments.dropFirst()
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0 == "/proc/self/exe" ? own : $0) } + [nil]
        execv("/usr/bin/unshare", &arguments)
    }

    func measure(serf: String?) async throws {
        let watch = Stopwatch()
        let disk = try BenchFolder(under: "/var/tmp")
        defer { disk.remove() }
        let folder = disk.path
        let lines = LineWatch(watch)
        var own = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &own, own.count - 1)
        let program = String(decoding: own.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let herd = try NodeHerd(nodes, in: folder, program: program, isWhole: isWhole, lines: lines)
        let ours = try await play(herd, lines, watch)
        lines.stop()
        var theirs: Seen?
        if let serf {
            let other = LineWatch(watch)
            theirs = try await play(SerfHerd(serf, in: folder, lines: other), other, watch)
            other.stop()
        }
        add("update_p50_ms", ours.updates.median, theirs?.updates.median, aim: nodes <= 25 ? 50 : 100)
        add("update_max_ms", ours.updates.max(), theirs?.updates.max())
        add("crash_max_ms", ours.crashes.max(), theirs?.crashes.max(), aim: 500)
        add("silent_max_ms", ours.silent, theirs?.silent, aim: 8500)
        add("false_after_pause", Double(ours.paused), theirs.map { Double($0.paused) }, aim: 0, unit: "nodes")
        add("idle_bytes_per_s", ours.bytes, theirs?.bytes, aim: 400, unit: "B/s")
        add("restart_ms", ours.restart, theirs?.restart, aim: 1000)
        add("boot_ms", ours.boot, theirs?.boot)
    }

    private func add(_ name: String, _ ours: Double?, _ theirs: Double?, aim: Double? = nil, unit: String = "ms") {
        guard let ours else { return report.words("directory.\(name): not seen within its limit") }
        report.add(Figure("directory.\(name)", ours, unit, aim: aim.map { .atMost($0) }))
        if let theirs { report.add(Figure("serf.\(name)", theirs, unit)) }
    }

    private func play(_ herd: some Herd, _ lines: LineWatch, _ watch: Stopwatch) async throws -> Seen {
        var seen = Seen()
        var members: [Int: ChildProcess] = [:]
        defer {
            for member in members.values {
                member.signal(SIGCONT)
                member.signal(SIGKILL)
                member.wait()
            }
        }
        report.words("\(herd.name): starting \(nodes) members")
        let begun = watch.milliseconds
        members[0] = try herd.start(0, alone: false)
        _ = lines.wait(milliseconds: 1500)
        for number in 1..<nodes { members[number] = try herd.start(number, alone: false) }
        let isWhole = lines.wait(milliseconds: 120_000) { known(herd, $0).values.allSatisfy { $0.count == nodes } && known(herd, $0).count == nodes }
        if !isWhole { report.words("\(herd.name): not everybody knew everybody within two minutes") }
        seen.boot = watch.milliseconds - begun
        _ = lines.wait(milliseconds: 12_000)
        for round in 0..<rounds {
            if let took = try await update(herd, 1 + round % (nodes - 1), round, lines) { seen.updates.append(took) }
            _ = lines.wait(milliseconds: 500)
        }
        report.words("\(herd.name): idle for \(idle) s")
        _ = lines.wait(milliseconds: 3000)
        let before = Self.loopback()
        _ = lines.wait(milliseconds: Double(idle) * 1000)
        seen.bytes = Double(Self.loopback() - before) / Double(idle) / Double(nodes)
        if let member = members[2] { seen.paused = pause(herd, member, 2, lines) }
        for victim in [nodes - 1, nodes - 2, nodes - 3].prefix(nodes > 6 ? 3 : 1) {
            let start = lines.count
            let at = watch.milliseconds
            members[victim]?.signal(SIGKILL)
            members[victim]?.wait()
            let others = Set(members.keys).subtracting([victim])
            let took = gone(herd, victim, others, lines, from: start, within: 30_000).map { $0 - at } ?? 30_000
            report.words("\(herd.name): the end of member \(victim) was known to all after \(Int(took)) ms")
            seen.crashes.append(took)
            if victim == nodes - 1 {
                seen.restart = try await restart(herd, victim, lines, watch, &members)
                _ = lines.wait(milliseconds: 4000)
            } else { members[victim] = nil }
        }
        let start = lines.count
        let at = watch.milliseconds
        members[3]?.signal(SIGSTOP)
        seen.silent = gone(herd, 3, Set(members.keys).subtracting([3]), lines, from: start, within: 30_000).map { $0 - at }
        return seen
    }

    private func known(_ herd: some Herd, _ lines: ArraySlice<LineWatch.Line>) -> [Int: Set<Int>] {
        var known: [Int: Set<Int>] = [:]
        for line in lines {
            for number in 0..<nodes where herd.isKnown(line.text, number) { known[line.source, default: []].insert(number) }
        }
        return known
    }

    /// From the changed member's own line to the last of the others'.
    private func update(_ herd: some Herd, _ number: Int, _ round: Int, _ lines: LineWatch) async throws -> Double? {
        let start = lines.count
        try await herd.change(number, round: round)
        var times: [Int: Double] = [:]
        let isSeen = lines.wait(milliseconds: 20_000, from: start) { fresh in
            for line in fresh where herd.isChange(line.text, of: number) && times[line.source] == nil {
                times[line.source] = line.milliseconds
            }
            return times.count >= nodes
        }
        guard isSeen, let own = times[number] else {
            report.words("\(herd.name): an update was seen by \(times.count) of \(nodes)")
            return nil
        }
        return max(0, (times.values.max() ?? own) - own)
    }

    private func gone(
        _ herd: some Herd, _ number: Int, _ others: Set<Int>, _ lines: LineWatch, from start: Int, within limit: Double,
    ) -> Double? {
        var times: [Int: Double] = [:]
        let isSeen = lines.wait(milliseconds: limit, from: start) { fresh in
            for line in fresh where times[line.source] == nil && herd.isGone(line.text, number) {
                times[line.source] = line.milliseconds
            }
            return others.isSubset(of: times.keys)
        }
        if !isSeen { report.words("\(herd.name): \(times.count) of \(others.count) noticed within \(Int(limit / 1000)) s") }
        return isSeen ? times.values.max() : nil
    }

    /// A pause of 6.5 s: how many called it gone.
    private func pause(_ herd: some Herd, _ member: ChildProcess, _ number: Int, _ lines: LineWatch) -> Int {
        let start = lines.count
        member.signal(SIGSTOP)
        _ = lines.wait(milliseconds: 6500)
        member.signal(SIGCONT)
        _ = lines.wait(milliseconds: 6000)
        return Set(lines.lines(from: start).filter { herd.isGone($0.text, number) }.map(\.source)).count
    }

    /// From a start that knows no seed to everybody known and three met; a minute at the most.
    private func restart(
        _ herd: some Herd, _ number: Int, _ lines: LineWatch, _ watch: Stopwatch, _ members: inout [Int: ChildProcess],
    ) async throws -> Double? {
        let start = lines.count
        let begun = watch.milliseconds
        members[number] = try herd.start(number, alone: true)
        while watch.milliseconds - begun < 60_000 {
            _ = lines.wait(milliseconds: 10)
            if let ours = herd as? NodeHerd {
                if let held = try? await ours.holds(number), held.known >= nodes - 3, held.met >= 3 { return watch.milliseconds - begun }
            } else {
                let met = known(herd, lines.lines(from: start))[number] ?? []
                if met.count >= nodes - 3 { return watch.milliseconds - begun }
            }
        }
        return nil
    }

    /// Bytes sent over loopback so far.
    private static func loopback() -> Int {
        for line in (ProcFile.text("/proc/net/dev") ?? "").split(separator: "\n") where line.contains("lo:") {
            let fields = line.split(separator: ":").last?.split(separator: " ") ?? []
            if fields.count > 8 { return Int(fields[8]) ?? 0 }
        }
        return 0
    }
}

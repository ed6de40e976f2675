import ExchangeCore
import ExchangeNode
import FoundationEssentials
import Glibc

/// Counts a process's syncs with strace: the only witness that the node itself cannot talk out of it.
enum SyncCount {
    /// Whether strace is installed.
    static var isPossible: Bool { FileManager.default.isExecutableFile(atPath: "/usr/bin/strace") }

    /// How often a process called fdatasync and fsync while the body ran; nil when strace could not attach.
    static func count(_ process: ChildProcess, folder: String, during body: () async throws -> Void) async throws -> Int? {
        let table = folder + "/strace"
        let tracer = try ChildProcess(
            "/usr/bin/strace",
            ["-f", "-c", "-e", "trace=fdatasync,fsync", "-o", table, "-p", String(process.id)],
            log: folder + "/strace.log")
        let watch = Stopwatch()
        while !isTraced(process.id), !tracer.hasEnded, watch.seconds < 5 {
            try await World.system.sleep(.milliseconds(10))
        }
        guard isTraced(process.id) else {
            tracer.signal(SIGKILL)
            tracer.wait()
            return nil
        }
        try await body()
        // Not SIGINT, which a shell may have turned off for everything it started in the background.
        tracer.signal(SIGTERM)
        tracer.wait()
        return ProcFile.text(table).map(calls)
    }

    /// Whether every thread has a tracer.
    private static func isTraced(_ process: pid_t) -> Bool {
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return !threads.isEmpty
            && threads.allSatisfy { thread in
                let status = ProcFile.text("/proc/\(process)/task/\(thread)/status") ?? ""
                return !status.contains("TracerPid:\t0\n")
            }
    }

    /// Sums the calls column of `strace -c`: percent, seconds, microseconds, calls, perhaps errors, name.
    static func calls(_ table: String) -> Int {
        var sum = 0
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count >= 5, let name = fields.last, name == "fdatasync" || name == "fsync" {
                sum += Int(fields[3]) ?? 0
            }
        }
        return sum
    }

    /// How many lines of `strace -y` name a file that ends so: one line a call.
    static func calls(_ lines: String, of ending: String) -> Int {
        lines.split(separator: "\n").count { line in
            line.contains("sync(") && line.split(separator: "<").dropFirst().first?.split(separator: ">").first?.hasSuffix(ending) ?? false
        }
    }
}

import ExchangeCore
import ExchangeNode
import FoundationEssentials
import Glibc

/// A folder of a run's own on the disk to be measured.
struct BenchFolder: Sendable {
    /// Where it lies.
    let path: String

    /// Makes a folder below another.
    init(under parent: String) throws(ExchangeError) {
        path = parent + "/hie-bench-" + World.system.newTraceID().prefix(12)
        // PostgreSQL's own user has to pass through it.
        guard mkdir(path, 0o755) == 0 else {
            throw ExchangeError(.unavailable, "cannot make a folder below \(parent): \(String(cString: strerror(errno)))")
        }
    }

    /// An empty folder in it, for one round.
    func fresh() throws(ExchangeError) -> String {
        let round = path + "/round-" + World.system.newTraceID().prefix(12)
        guard mkdir(round, 0o700) == 0 else { throw ExchangeError(.unavailable, "cannot make \(round)") }
        return round
    }

    /// Removes the folders of rounds that are over.
    func clear() {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where name.hasPrefix("round-") {
            try? FileManager.default.removeItem(atPath: path + "/" + name)
        }
    }

    /// Removes it.
    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

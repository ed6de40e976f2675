import ExchangeCore
import FoundationEssentials

/// Splink and recordlinkage on the same sample, in a process of their own (`Tests/interop/match_peers.py`).
struct MatchPeers {
    /// A Python that has them.
    let python: String
    /// What asks them.
    let script: String
    /// The folder that holds `population-5k`.
    let sample: String

    /// Runs them and reports what they found; whichever is not installed is named and left out.
    func run(_ report: Report) throws {
        guard FileManager.default.fileExists(atPath: script) else {
            return report.words("there is no \(script): Splink and recordlinkage are left out")
        }
        let log = try BenchFolder(under: "/var/tmp")
        defer { log.remove() }
        let child = try ChildProcess(python, [script, sample + "/population-5k"], log: log.path + "/peers.log")
        child.wait()
        var isAny = false
        for line in (ProcFile.text(log.path + "/peers.log") ?? "").split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 3, words[0].hasSuffix(":"), let value = Double(words[1]) else {
                if line.hasPrefix("not installed") || line.hasPrefix("splink has no") { report.words(String(line)) }
                continue
            }
            isAny = true
            report.add(Figure("match.sample." + words[0].dropLast(), value, words[2]))
        }
        if !isAny { report.words("\(python) gave no figure of Splink or recordlinkage; name another with --python") }
    }
}

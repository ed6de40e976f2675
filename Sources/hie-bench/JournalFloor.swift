import ExchangeCore
import FoundationEssentials
import Glibc

/// The same work in C (`Tests/floors/journal_floor.c`), compiled when the benchmark runs.
struct JournalFloor: Sendable {
    private let program: String
    private let folder: String

    /// Compiles it; nil, and a word why, where that cannot be done.
    static func built(in folder: String, report: Report) throws(ExchangeError) -> JournalFloor? {
        guard let source = source() else {
            report.words("the C floor is left out: run this from the repository, where Tests/floors is")
            return nil
        }
        let program = folder + "/journal_floor"
        let compiler = try ChildProcess(
            "cc", ["-O2", "-o", program, source, "-lsqlite3", "-lcrypto", "-lpthread"], log: folder + "/cc.log")
        compiler.wait()
        guard access(program, X_OK) == 0 else {
            report.words("the C floor is left out: it needs cc, libsqlite3-dev and libssl-dev")
            return nil
        }
        return JournalFloor(program: program, folder: folder)
    }

    /// One round; documents a second and the p50 in milliseconds.
    func run(
        _ mode: String, in round: String, writers: Int, bytes: Int, seconds: Double,
    ) throws(ExchangeError) -> (rate: Double, p50: Double) {
        let log = round + "/floor.log"
        let child = try ChildProcess(
            program, [mode, round, String(writers), String(bytes), Figure.digits(seconds)], log: log)
        child.wait()
        let words = (ProcFile.text(log) ?? "").split { $0 == " " || $0 == "\n" }
        func value(_ name: String) -> Double? {
            words.first { $0.hasPrefix(name + "=") }.flatMap { Double($0.dropFirst(name.count + 1)) }
        }
        guard let rate = value("rate"), let p50 = value("p50") else {
            throw ExchangeError(.unavailable, "the C floor failed: \(words.joined(separator: " "))")
        }
        return (rate, p50)
    }

    /// This program's own file.
    static func ownProgram() throws(ExchangeError) -> String {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        guard count > 0 else { throw ExchangeError(.unavailable, "/proc is not mounted") }
        return String(decoding: path.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The source: below the folder the benchmark is run in, or the one it was built from.
    private static func source() -> String? {
        let built = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        return ["Tests/floors/journal_floor.c", "/\(built)/Tests/floors/journal_floor.c"].first { access($0, R_OK) == 0 }
    }
}

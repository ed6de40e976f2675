import ExchangeCore
import Foundation

/// Another program, run to its end.
enum Subprocess {
    /// What it said and how it ended.
    struct Outcome: Sendable {
        let out: [UInt8]
        let errors: String
        let code: Int32

        var text: String { String(decoding: out, as: UTF8.self) }
    }

    /// Runs a program of the path, or one named by its whole path.
    static func run(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], input: [UInt8] = [],
    ) async throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program.hasPrefix("/") ? program : "/usr/bin/env")
        process.arguments = program.hasPrefix("/") ? arguments : [program] + arguments
        var all = ProcessInfo.processInfo.environment
        all.merge(environment) { $1 }
        process.environment = all
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "hie-sub-\(ProcessInfo.processInfo.globallyUniqueString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        // Files, not pipes: nothing waits for a reader.
        let files = ["in", "out", "errors"].map { folder.appendingPathComponent($0) }
        for file in files { try Data(file == files[0] ? input : []).write(to: file) }
        process.standardInput = try FileHandle(forReadingFrom: files[0])
        process.standardOutput = try FileHandle(forWritingTo: files[1])
        process.standardError = try FileHandle(forWritingTo: files[2])
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in ended.resume() }
            do { try process.run() } catch {
                process.terminationHandler = nil
                ended.resume(throwing: error)
            }
        }
        return Outcome(
            out: [UInt8](try Data(contentsOf: files[1])),
            errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self),
            code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
    }
}

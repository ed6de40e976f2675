import Foundation
import JSON

/// What a command printed and how it ended.
struct Transcript: Sendable {
    let arguments: [String]
    let out: [UInt8]
    let errors: String
    let code: Int32

    /// stdout as text.
    var text: String { String(decoding: out, as: UTF8.self) }

    /// stdout as one JSON value; nil when it is none.
    var json: JSONValue? { try? JSONReader.read(Array(text.utf8)) }

    /// stdout as one JSON value a line.
    var jsonLines: [JSONValue] {
        text.split(separator: "\n").compactMap { try? JSONReader.read(Array($0.utf8)) }
    }
}

/// The built `hie` beside the test bundle, run as its users run it.
struct Program: Sendable {
    /// What the commands find in their environment, beside the path and an empty home.
    var environment: [String: String] = [:]

    static let executable: URL = {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let beside = own.appendingPathComponent("hie")
        if FileManager.default.isExecutableFile(atPath: beside.path) { return beside }
        return URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent(".build/debug/hie")
    }()

    /// Runs one command to its end, perhaps as another user of this machine.
    func run(_ arguments: [String], input: [UInt8] = [], as account: UInt32? = nil) async throws -> Transcript {
        let folder = try Folder()
        defer { folder.remove() }
        let out = try folder.file("out", [])
        let errors = try folder.file("errors", [])
        let process = Process()
        process.executableURL = account == nil ? Self.executable : URL(fileURLWithPath: "/usr/bin/setpriv")
        let other = account.map { ["--reuid=\($0)", "--regid=\($0)", "--clear-groups", Self.executable.path] } ?? []
        process.arguments = other + arguments
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": folder.path].merging(environment) { $1 }
        process.standardInput = try FileHandle(forReadingFrom: URL(fileURLWithPath: folder.file("in", input)))
        process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: out))
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in ended.resume() }
            do { try process.run() } catch {
                process.terminationHandler = nil
                ended.resume(throwing: error)
            }
        }
        return Transcript(
            arguments: arguments, out: try [UInt8](Data(contentsOf: URL(fileURLWithPath: out))),
            errors: String(decoding: try Data(contentsOf: URL(fileURLWithPath: errors)), as: UTF8.self),
            code: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus)
    }

    /// Runs one command to its end.
    func run(_ arguments: String..., input: [UInt8] = []) async throws -> Transcript {
        try await run(arguments, input: input)
    }
}

/// A folder of a test's own.
struct Folder: Sendable {
    let path: String

    init() throws {
        var random = SystemRandomNumberGenerator()
        let name = "hie-test-" + String(UInt64.random(in: 0...UInt64.max, using: &random), radix: 36)
        path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Writes a file and returns its path.
    func file(_ name: String, _ bytes: [UInt8]) throws -> String {
        let place = path + "/" + name
        try Data(bytes).write(to: URL(fileURLWithPath: place))
        return place
    }

    /// Writes a text and returns its path.
    func file(_ name: String, text: String) throws -> String { try file(name, Array(text.utf8)) }

    /// The permissions of something below.
    func mode(_ name: String) throws -> Int {
        let attributes = try FileManager.default.attributesOfItem(atPath: path + "/" + name)
        return (attributes[.posixPermissions] as? NSNumber)?.intValue ?? -1
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// The repository this suite was built from.
enum Repository {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    static var samples: String { root.appendingPathComponent("Samples").path }
}

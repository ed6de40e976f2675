import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Synchronization
import Testing

/// The built program as a process of its own: what is killed, and what memory is measured of.
final class HieProcess: Sendable {
    /// `hie` beside the test bundle, or in this checkout's debug folder; nil when it was not built.
    static let executable: URL? = {
        if let named = ProcessInfo.processInfo.environment["HIE_PROGRAM"] { return URL(fileURLWithPath: named) }
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let places = [own.appendingPathComponent("hie"), Repository.root.appendingPathComponent(".build/debug/hie")]
        return places.first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }()

    private struct Life {
        let process: Process
        let end: AsyncStream<Void>
    }

    private let home: NodeHome
    private let log: URL
    private let life = Mutex<Life?>(nil)

    /// A process for a node's folder; not started.
    init(_ node: RunningNode) {
        home = node.home
        log = node.home.folder.deletingLastPathComponent().appendingPathComponent("\(node.name).log")
    }

    /// Starts `hie run` and returns when its administrator's socket names both listeners.
    func start(_ environment: [String: String] = [:]) async throws {
        try await launch(environment)
        try await until("hie run answers; its log is \(log.path)", within: .seconds(60)) {
            guard self.isRunning else {
                throw ExchangeError(.unavailable, "hie run ended at once: \(self.lastWords)")
            }
            return await self.listens()
        }
    }

    /// Whether its administrator's socket names both listeners.
    func listens() async -> Bool {
        let listeners = (try? await status())?["listeners"]?.items.compactMap { $0["name"]?.string } ?? []
        return listeners.contains("clients") && listeners.contains("peers")
    }

    /// Starts `hie run`, with something more in its environment, and does not wait for it.
    func launch(_ environment: [String: String] = [:]) async throws {
        let executable = try #require(Self.executable)
        if !FileManager.default.fileExists(atPath: log.path) {
            #expect(FileManager.default.createFile(atPath: log.path, contents: Data()))
        }
        let errors = try FileHandle(forWritingTo: log)
        try errors.seekToEnd()
        let process = Process()
        process.executableURL = executable
        process.arguments = ["run", "--home", home.folder.path]
        process.environment = ["PATH": "/usr/bin:/bin", "HOME": home.folder.path].merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = errors
        let (end, ended) = AsyncStream.makeStream(of: Void.self)
        process.terminationHandler = { _ in ended.finish() }
        try process.run()
        try errors.close()
        life.withLock { $0 = Life(process: process, end: end) }
    }

    /// What it logged.
    var lines: [String] {
        String(decoding: (try? Data(contentsOf: log)) ?? Data(), as: UTF8.self).split(separator: "\n").map(String.init)
    }

    /// In one line, why it ended, as far as its log says: of a crash what was wrong and where, not the list of libraries that ends it.
    var lastWords: String {
        let lines = lines
        let crash = lines.lastIndex { $0.contains("Fatal error") || $0.contains("*** ") || $0.contains(" crashed") }
        let words = crash.map { lines[max(0, $0 - 2)...].prefix(60) } ?? lines.suffix(5)
        return words.joined(separator: " | ")
    }

    /// Whether it runs.
    var isRunning: Bool { life.withLock { $0?.process.isRunning ?? false } }

    /// Returns once it has ended by itself.
    func ended() async {
        let ending = life.withLock { $0 }
        if let ending { for await _ in ending.end {} }
    }

    /// Ends it with a signal and waits until it is gone.
    func end(_ signal: Int32) async {
        let ending = life.withLock { life in
            defer { life = nil }
            return life
        }
        guard let ending else { return }
        if ending.process.isRunning { kill(ending.process.processIdentifier, signal) }
        for await _ in ending.end {}
    }

    /// Sends it a signal, such as `SIGSTOP`, and goes on.
    func send(_ signal: Int32) {
        life.withLock { life in if let life, life.process.isRunning { kill(life.process.processIdentifier, signal) } }
    }

    /// The answer of the administrator's socket to a command.
    func ask(_ command: String, _ arguments: JSONValue = [:]) async throws -> JSONValue {
        try await home.ask(command, arguments)
    }

    /// `hie status`.
    func status() async throws -> JSONValue { try await ask("node/status") }

    /// Documents registered.
    func documents() async throws -> Int { try #require(try await status()["counts"]?["documents"]?.integer) }

    /// `hie audit verify` of the running node: what does not hold.
    func damage() async throws -> [String] {
        let verdict = try await ask("audit/verify")
        try #require(verdict["verified"]?.bool != nil)
        return (verdict["damage"]?.items ?? []).compactMap(\.string)
    }

    /// How many files and sockets it has open.
    var openFiles: Int {
        get throws {
            let id = try #require(life.withLock { $0?.process.processIdentifier })
            return try FileManager.default.contentsOfDirectory(atPath: "/proc/\(id)/fd").count
        }
    }

    /// The most memory it had resident, in bytes.
    var peakBytes: Int {
        get throws {
            let id = try #require(life.withLock { $0?.process.processIdentifier })
            let status = try String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return try #require(Int(line.filter(\.isNumber))) * 1024
        }
    }
}

extension Network {
    /// Runs a test with a node in a process of its own, with patients registered before it started.
    static func process(
        _ plan: RunningNode.Plan = .init(), patients: [String] = [Canary.number],
        _ body: (Network, RunningNode, HieProcess) async throws -> Void,
    ) async throws {
        try await one(plan) { network, node in
            for number in patients { try await node.register(number) }
            try await node.stop()
            let process = HieProcess(node)
            do {
                try await process.start()
                try await body(network, node, process)
            } catch {
                await process.end(SIGKILL)
                throw error
            }
            await process.end(SIGTERM)
            #expect(Canary.found(in: process.lines).isEmpty, "patient data in the log")
        }
    }
}

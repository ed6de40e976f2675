import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Synchronization
import Testing

/// A server of another maker (`Tests/interop`), in a process of its own that can die: it keeps what it takes in a folder.
final class InteropServer: Sendable {
    static let isReady = ["/usr/bin/python3", "/usr/local/bin/python3"].contains {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    let folder: URL
    private let script: String
    private let credentials: [String]
    private let process = Mutex<Process?>(nil)

    init(_ script: String, in network: Network, _ credentials: [String] = []) throws {
        folder = network.folder.appendingPathComponent(script)
        try SecretFile.makeFolder(folder)
        self.script = script
        self.credentials = credentials
    }

    deinit { kill() }

    func start() async throws {
        let started = Process()
        started.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        started.arguments =
            ["python3", Repository.root.appendingPathComponent("Tests/interop/\(script).py").path, folder.path]
            + credentials
        started.standardOutput = FileHandle.nullDevice
        started.standardError = FileHandle.nullDevice
        try started.run()
        process.withLock { $0 = started }
        try await until("\(script) listens") {
            FileManager.default.fileExists(atPath: self.folder.appendingPathComponent("ready").path)
        }
    }

    func kill() {
        process.withLock { process in
            guard let running = process else { return }
            Glibc.kill(running.processIdentifier, SIGKILL)
            running.waitUntilExit()
            process = nil
        }
    }

    var port: Int {
        get throws { try #require(Int(PlainFile.text(folder.appendingPathComponent("ready")))) }
    }

    /// What it answers from now on.
    func answer(_ mode: String) throws {
        try Data(mode.utf8).write(to: folder.appendingPathComponent("mode"), options: .atomic)
    }

    var received: [JSONValue] {
        get throws {
            let file = folder.appendingPathComponent("received")
            guard FileManager.default.fileExists(atPath: file.path) else { return [] }
            return try Data(contentsOf: file).split(separator: 0x0A).map { try JSONReader.read([UInt8]($0)) }
        }
    }
}

import Foundation
import JSON
import Testing

/// A node run by the built program in a folder of the test's own, with a network's authority beside it.
final class RunningNode: Sendable {
    let folder: Folder
    let home: String
    let community: String
    private let process: Process
    private let log: String

    /// The administrator's commands.
    var admin: Program { Program(environment: ["HIE_HOME": home]) }

    /// A clinician's commands.
    var clinician: Program { Program(environment: ["HIE_AS": home + "/clients/clinician"]) }

    /// Makes a node, certifies it, gives it a clinician, and starts it; returns once it answers.
    static func start(
        in folder: Folder, name: String, community: String, seed: String? = nil, consent: String = "opt-out",
    ) async throws -> RunningNode {
        let program = Program()
        let network = folder.path + "/network"
        if !FileManager.default.fileExists(atPath: network) {
            _ = try await program.run("certificate", "init", "--network", network)
        }
        let home = folder.path + "/" + name
        let ports = try Ports.free(2)
        let made = try await program.run(
            [
                "init", "--home", home, "--name", name, "--community", community, "--consent", consent, "--clients",
                "127.0.0.1:\(ports[0])", "--peers", "127.0.0.1:\(ports[1])", "--network", network,
            ] + (seed.map { ["--seed", $0] } ?? []))
        try #require(made.code == 0, "\(made.errors)")
        let client = try await program.run("certificate", "issue", "--home", home, "--client", "clinician")
        try #require(client.code == 0, "\(client.errors)")
        let token = try await program.run(
            "token", "issue", "--home", home, "--client", "clinician", "--user", "dr.test", "--role", "physician",
            "--purpose", "TREAT")
        try #require(token.code == 0, "\(token.errors)")
        return try await RunningNode(folder: folder, home: home, community: community)
    }

    /// Starts the node of a folder; returns once it answers.
    init(folder: Folder, home: String, community: String) async throws {
        self.folder = folder
        self.home = home
        self.community = community
        log = home + "/test.log"
        process = Process()
        process.executableURL = Program.executable
        process.arguments = ["run", "--home", home]
        process.environment = ["PATH": "/usr/bin:/bin"]
        _ = FileManager.default.createFile(atPath: log, contents: nil)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: log))
        try process.run()
        try await until("the node answers") { try await self.admin.run("status").code == 0 }
    }

    /// Asks again until it holds; every question is a process of its own, which is pause enough.
    func until(_ what: String, _ holds: () async throws -> Bool) async throws {
        for _ in 0..<300 {
            if try await holds() { return }
            guard process.isRunning else { break }
        }
        let text = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        stop()
        Issue.record("\(what): did not come about; the node's log: \(text.suffix(4000))")
        throw Stopped()
    }

    struct Stopped: Error {}

    /// The peer listener's address.
    func peerAddress() async throws -> String {
        let status = try await admin.run("status", "--json")
        let listener = (status.json?["listeners"]?.items ?? []).first { $0["name"] == "peers" }
        return listener?["address"]?.string ?? ""
    }

    /// Registers a person, and returns the id.
    func register(_ person: Person) async throws -> String {
        let added = try await admin.run(["patient", "add"] + person.arguments)
        try #require(added.code == 0, "\(added.errors)")
        return added.text.split(separator: "\n").first.map(String.init) ?? ""
    }

    /// Asks the process to stop, and waits for it; its exit code.
    @discardableResult func stop() -> Int32 {
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// What it logged so far.
    var logged: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// Sends it a signal.
    func signal(_ number: Int32) { Glibc.kill(process.processIdentifier, number) }

    /// Kills the process with no warning.
    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
}

/// A registration of `Samples/patients.json`.
struct Person: Sendable {
    let identifier: String
    let arguments: [String]
    let documents: [String]

    /// The first registration of a facility.
    static func first(at facility: String) throws -> Person {
        let path = Repository.samples + "/patients.json"
        let all = try JSONReader.read([UInt8](Data(contentsOf: URL(fileURLWithPath: path))))
        let row = try #require(all.items.first { $0["facility"]?.string == facility })
        func text(_ name: String) -> String { row[name]?.string ?? "" }
        let identifier = "urn:oid:\(facility).1|" + text("mrn")
        let given = row["given"]?.string.map { [$0] } ?? (row["given"]?.items ?? []).compactMap(\.string)
        return Person(
            identifier: identifier,
            arguments: ["--identifier", identifier, "--family", text("family")]
                + given.flatMap { ["--given", $0] }
                + [
                    "--birth-date", text("birthDate"), "--sex", text("sex"), "--street", text("addressLine"), "--city",
                    text("city"), "--state", text("state"), "--postal-code", text("postalCode"), "--phone",
                    text("phone"),
                ],
            documents: (row["documents"]?.items ?? []).compactMap(\.string).map { Repository.samples + "/" + $0 })
    }
}

/// Ports that nobody listens on just now.
enum Ports {
    static func free(_ count: Int) throws -> [UInt16] {
        var open: [Int32] = []
        defer { for file in open { close(file) } }
        return try (0..<count).map { _ in
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            open.append(file)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(file, $0, length) == 0 && getsockname(file, $0, &length) == 0
                }
            }
            try #require(bound)
            return UInt16(bigEndian: address.sin_port)
        }
    }
}

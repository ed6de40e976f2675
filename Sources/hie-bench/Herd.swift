import ExchangeCore
import ExchangeNode
import FoundationEssentials
import Glibc
import GossipDirectory
import JSON
import PeerTransport
import Trust

/// Many members of one network as processes of this machine, ours or serf's, watched through their own lines.
protocol Herd: AnyObject {
    /// Its name in figures.
    var name: String { get }
    /// Starts one member; with `alone`, knowing nobody but what it kept.
    func start(_ number: Int, alone: Bool) throws -> ChildProcess
    /// Lets one member change what it says of itself.
    func change(_ number: Int, round: Int) async throws
    /// Whether a line says that a member's change was seen.
    func isChange(_ line: String, of number: Int) -> Bool
    /// Whether a line says that a member is gone.
    func isGone(_ line: String, _ number: Int) -> Bool
    /// Whether a line says that a member is known.
    func isKnown(_ line: String, _ number: Int) -> Bool
}

/// Our nodes: `hie-bench node`, the production node's listeners, store, TLS and directory without a document; with `whole`
/// its rounds of consent and of the journals' witnesses, too.
final class NodeHerd: Herd {
    let name = "concordat"
    private let isWhole: Bool
    private let count: Int
    private let folder: String
    private let program: String
    private let lines: LineWatch
    private var ports: [Int] = []

    init(_ count: Int, in folder: String, program: String, isWhole: Bool, lines: LineWatch) throws {
        self.isWhole = isWhole
        self.count = count
        self.folder = folder
        self.program = program
        self.lines = lines
        let world = World.system
        let authority = NetworkAuthorityFolder(folder + "/network", world: world)
        try authority.create(name: "Bench network")
        for _ in 0..<count { ports.append(try FreePort.find()) }
        for number in 0..<count {
            let home = NodeHome("\(folder)/node-\(number)")
            let yaml = NodeSetup.yaml(
                name: "Bench \(number)", community: Self.oid(number), clients: "127.0.0.1:0",
                peers: "127.0.0.1:\(ports[number])", consent: "opt-out", seeds: number == 0 ? [] : ["127.0.0.1:\(ports[0])"])
            try NodeSetup.create(home, yaml: yaml + "log: info\n", world: world)
            try authority.certify(home)
        }
    }

    static func oid(_ number: Int) -> String { "1.3.6.1.4.1.21367.2026.\(1000 + number)" }

    func start(_ number: Int, alone: Bool) throws -> ChildProcess {
        let home = NodeHome("\(folder)/node-\(number)")
        if alone {
            // Nobody listens at the seed it was given: what it finds, it knew.
            let yaml = try PlainFile.text(home.configuration)
            let dead = yaml.split(separator: "\n", omittingEmptySubsequences: false).map {
                $0.contains("127.0.0.1:\(ports[0])") && !$0.contains("peers") ? "" : String($0)
            }.joined(separator: "\n")
            try SecretFile.replace(home.configuration, Array(dead.utf8))
        }
        return try ChildProcess(program, ["node", "--home", home.folder.path] + (isWhole ? ["--whole"] : []), log: lines.pipe(number, in: folder))
    }

    func change(_ number: Int, round: Int) async throws {
        let authority = NetworkAuthorityFolder(folder + "/network", world: .system)
        let home = NodeHome("\(folder)/node-\(number)")
        try await World.system.sleep(.milliseconds(1010))
        try authority.certify(home)
        let connection = try await HTTPConnection.connect(to: .socket(path: home.adminSocket.path))
        defer { connection.close() }
        let body = JSONWriter.bytes(["admission": .string(try PlainFile.text(home.admission))])
        let answer = try await connection.send(
            ClientRequest(
                .post, "/admin/directory/admit", headers: [("Content-Type", "application/json"), ("hie-user", "bench")],
                body: body), timeout: .seconds(10))
        guard answer.status == 200 else { throw ExchangeError(.internal, "an admission was answered \(answer.status)") }
    }

    func isChange(_ line: String, of number: Int) -> Bool { line.contains("\"is\":\"record\"") && isAbout(line, number) }

    func isGone(_ line: String, _ number: Int) -> Bool { line.contains("\"is\":\"unreachable\"") && isAbout(line, number) }

    func isKnown(_ line: String, _ number: Int) -> Bool { isChange(line, of: number) }

    private func isAbout(_ line: String, _ number: Int) -> Bool { line.contains("\"peer\":\"\(Self.oid(number))\"") }

    /// How many communities a node holds, and how many of them it has met since its start.
    func holds(_ number: Int) async throws -> (known: Int, met: Int) {
        let home = NodeHome("\(folder)/node-\(number)")
        let connection = try await HTTPConnection.connect(to: .socket(path: home.adminSocket.path))
        defer { connection.close() }
        let answer = try await connection.send(
            ClientRequest(
                .post, "/admin/directory/list", headers: [("Content-Type", "application/json"), ("hie-user", "bench")],
                body: Array("{}".utf8)), timeout: .seconds(5))
        let rows = (try? JSONReader.read(answer.body))?["communities"]?.items ?? []
        return (
            rows.count { $0["standing"]?.string == "active" }, rows.count { $0["lastContact"] != nil }
        )
    }
}

/// Debian's serf: one agent for each member, AES-GCM, three small tags, the LAN profile.
final class SerfHerd: Herd {
    let name = "serf"
    private let program: String
    private let folder: String
    private let lines: LineWatch
    private let key: String

    init(_ program: String, in folder: String, lines: LineWatch) {
        self.program = program
        self.folder = folder
        self.lines = lines
        key = Base64.encode(World.system.randomBytes(32), .standard)
    }

    private func address(_ number: Int) -> String { "127.0.1.\(number + 1)" }
    private func member(_ number: Int) -> String { "m\(number)." }

    func start(_ number: Int, alone: Bool) throws -> ChildProcess {
        var arguments = [
            "agent", "-node=\(member(number))", "-bind=\(address(number)):7946", "-rpc-addr=\(address(number)):7373",
            "-profile=lan", "-log-level=info", "-tag", "v=0", "-tag", "org=ORG-\(number)", "-encrypt=\(key)",
            "-snapshot=\(folder)/serf-\(number).snap",
        ]
        if number > 0, !alone { arguments.append("-join=\(address(0)):7946") }
        return try ChildProcess(program, arguments, log: lines.pipe(number, in: folder))
    }

    func change(_ number: Int, round: Int) async throws {
        let tool = try ChildProcess(
            program, ["tags", "-rpc-addr=\(address(number)):7373", "-set", "v=\(round + 1)"], log: "/dev/null")
        tool.wait()
    }

    func isChange(_ line: String, of number: Int) -> Bool { line.contains("EventMemberUpdate: \(member(number))") }

    func isGone(_ line: String, _ number: Int) -> Bool { line.contains("EventMemberFailed: \(member(number))") }

    func isKnown(_ line: String, _ number: Int) -> Bool { line.contains("EventMemberJoin: \(member(number))") }
}

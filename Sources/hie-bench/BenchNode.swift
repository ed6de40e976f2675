import ExchangeCore
import ExchangeNode
import FoundationEssentials
import Glibc
import JSON
import PeerTransport
import Synchronization
import Trust

/// A real node in a folder of its own, run as a process of its own, and a client it trusts.
final class BenchNode: Sendable {
    /// The folder with everything in it; removed by `remove`.
    let folder: String
    /// The node's own folder.
    let home: NodeHome
    private let program: String
    private let port: Int
    private let tls: CallerTLS
    private let token: String
    private let registrarToken: String

    /// Makes network authority, node and client below a folder, which must lie on the disk to be measured.
    ///
    /// - Parameters:
    ///   - program: the `hie` that is run.
    ///   - configured: further lines of `node.yaml`.
    init(under parent: String, program: String, configured: String = "") throws(ExchangeError) {
        var template = Array((parent + "/hie-bench-" + String(repeating: "X", count: 6)).utf8CString)
        guard let made = mkdtemp(&template) else {
            throw ExchangeError(.unavailable, "cannot make a folder in \(parent); choose another with --folder")
        }
        folder = String(cString: made)
        self.program = program
        let world = World.system
        port = try FreePort.find()
        let home = NodeHome(folder + "/node")
        self.home = home
        let authority = NetworkAuthorityFolder(folder + "/network", world: world)
        try authority.create(name: "Bench network")
        let yaml = try NodeSetup.yaml(
            name: "Bench facility", community: "1.3.6.1.4.1.21367.2026.99", clients: "127.0.0.1:\(port)",
            peers: "127.0.0.1:\(FreePort.find())", consent: "opt-out", seeds: [])
        try NodeSetup.create(home, yaml: yaml + "log: warning\n" + configured, world: world)
        try authority.certify(home)
        let client = try ClientFolder.create(name: "bench", of: home, world: world)
        func token(_ role: String, _ purpose: String) throws(ExchangeError) -> String {
            let grant = TokenGrant(
                user: "dr.bench", userName: "Bench", role: role, purpose: purpose, lifetime: TokenIssuer.lifetimeMax)
            _ = try TokenIssuer.issue(grant, to: client, of: home, world: world)
            return try SecretFile.text(client.token)
        }
        registrarToken = try token("registrar", "PATADMIN")
        self.token = try token("physician", "TREAT")
        let identity = try TLSIdentity(
            certificatePEM: PlainFile.text(client.certificate), keyPEM: SecretFile.text(client.key))
        let policy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(client.authority)))
        tls = CallerTLS(
            context: try MutualTLS.callerContext(identity: identity, roots: policy.roots, isPeer: false),
            kind: .server("127.0.0.1"), policy: { policy }, now: world.now)
    }

    /// Starts the node and waits for the first 200 of `metadata` and for the administrator's socket; says how many
    /// milliseconds that took.
    func start() async throws(ExchangeError) -> (process: ChildProcess, milliseconds: Double) {
        let watch = Stopwatch()
        let process = try ChildProcess(program, ["run", "--home", home.folder.path], log: folder + "/node.log")
        while watch.seconds < 120 {
            if let ending = process.ending { throw failure("the node ended while it started: \(ending)") }
            if let connection = try? await connect() {
                let answer = try? await connection.send(metadata, timeout: .seconds(5))
                connection.close()
                if answer?.status == 200, await isAdministrable() { return (process, watch.milliseconds) }
            }
            try? await World.system.sleep(.milliseconds(2))
        }
        process.signal(SIGKILL)
        throw failure("the node did not answer within two minutes")
    }

    private func isAdministrable() async -> Bool {
        let connection = try? await HTTPConnection.connect(to: .socket(path: home.adminSocket.path))
        connection?.close()
        return connection != nil
    }

    /// Stops a node in order.
    func stop(_ process: ChildProcess) {
        process.signal(SIGTERM)
        process.wait()
    }

    /// Ends a node as a power cut would.
    func kill(_ process: ChildProcess) {
        process.signal(SIGKILL)
        process.wait()
    }

    /// Removes the folder.
    func remove() { try? FileManager.default.removeItem(atPath: folder) }

    /// New connections to the client listener, their handshakes done.
    func connections(_ count: Int) async throws(ExchangeError) -> [HTTPConnection] {
        var made: [HTTPConnection] = []
        for _ in 0..<count {
            let connection = try await connect()
            let answer = try await connection.send(metadata, timeout: .seconds(10))
            guard answer.status == 200 else { throw failure("the node answered \(answer.status)") }
            made.append(connection)
        }
        return made
    }

    /// The path of the FHIR base and what every request carries.
    func request(
        _ method: ClientRequest.Method, _ path: String, type: String? = nil, body: [UInt8] = [], asRegistrar: Bool = false,
    ) -> ClientRequest {
        var headers = [
            ("Authorization", "Bearer " + (asRegistrar ? registrarToken : token)), ("Accept", "application/fhir+json"),
        ]
        if let type { headers.append(("Content-Type", type)) }
        return ClientRequest(method, "/fhir" + path, headers: headers, body: body)
    }

    /// Registers patients through the administrator's socket; their ids in order.
    func register(_ count: Int, from first: Int = 0) async throws(ExchangeError) -> [String] {
        try await administer(count, "patient/add", { ["patient": BenchPatient(first + $0).json] }) {
            $0["patient"]?["id"]?.string
        }
    }

    /// Records a directive for each of these patients through the administrator's socket.
    func record(_ directives: [JSONObject]) async throws(ExchangeError) {
        _ = try await administer(directives.count, "consent/record", { ["consent": .object(directives[$0])] }) {
            $0["id"]?.string
        }
    }

    /// Sends one command so many times over 32 connections; what `read` takes of the answers, in order.
    private func administer(
        _ count: Int, _ command: String, _ arguments: @escaping @Sendable (Int) -> JSONValue,
        read: @escaping @Sendable (JSONValue) -> String?,
    ) async throws(ExchangeError) -> [String] {
        let socket = HTTPDestination.socket(path: home.adminSocket.path)
        let lanes = min(count, 32)
        let parts = await withTaskGroup(of: Result<[(Int, String)], ExchangeError>.self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    do throws(ExchangeError) {
                        let connection = try await HTTPConnection.connect(to: socket)
                        var made: [(Int, String)] = []
                        for number in stride(from: lane, to: count, by: lanes) {
                            let request = ClientRequest(
                                .post, "/admin/" + command,
                                headers: [("Content-Type", "application/json"), ("hie-user", "bench")],
                                body: JSONWriter.bytes(arguments(number)))
                            let answer = try await connection.send(request, timeout: .seconds(30))
                            guard answer.status == 200, let json = try? JSONReader.read(answer.body),
                                let word = read(json)
                            else {
                                throw ExchangeError(
                                    .internal, "\(command) was answered \(answer.status): "
                                        + String(decoding: answer.body.prefix(300), as: UTF8.self))
                            }
                            made.append((number, word))
                        }
                        connection.close()
                        return .success(made)
                    } catch { return .failure(error) }
                }
            }
            var parts: [Result<[(Int, String)], ExchangeError>] = []
            for await part in group { parts.append(part) }
            return parts
        }
        var words = [String](repeating: "", count: count)
        for part in parts { for (number, word) in try part.get() { words[number] = word } }
        return words
    }

    private var metadata: ClientRequest { ClientRequest(.get, "/fhir/metadata") }

    private func connect() async throws(ExchangeError) -> HTTPConnection {
        try await HTTPConnection.connect(to: .host("127.0.0.1", port: port), tls: tls, group: Load.eventLoops)
    }

    /// Why a node gave no right answer.
    func failure(_ process: ChildProcess, _ fault: String?) -> ExchangeError {
        failure(process.ending.map { "the node ended: \($0)" } ?? "the node gave no right answer: \(fault ?? "")")
    }

    private func failure(_ what: String) -> ExchangeError {
        let log = ProcFile.text(folder + "/node.log") ?? ""
        return ExchangeError(.unavailable, "\(what); its log ends: \(log.suffix(600))")
    }
}

/// A port that nobody listens at.
enum FreePort {
    /// Below what Linux takes for outgoing connections (32768 on): one of those could sit on a port before its owner listens.
    private static let range = 10_000..<32_000
    private static let next = Mutex(range.lowerBound + Int(getpid()) % 20_000)

    /// A port of 127.0.0.1 that is free now and was not given out before.
    static func find() throws(ExchangeError) -> Int {
        for _ in range {
            let port = next.withLock { next in
                defer { next = next + 1 == range.upperBound ? range.lowerBound : next + 1 }
                return next
            }
            if isFree(port) { return port }
        }
        throw ExchangeError(.unavailable, "no port of 127.0.0.1 is free")
    }

    private static func isFree(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        address.sin_port = UInt16(clamping: port).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
    }
}

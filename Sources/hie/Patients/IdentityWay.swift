import AdminEndpoint
import ExchangeCore
import ExchangeNode
import FoundationEssentials
import JSON
import Logging
import PatientIndex
import Transactions

/// The way to a node's index: its socket while it runs, its folder while it is at rest; the same answers by both.
enum IdentityWay {
    case running(AdminClient)
    case resting(NodeStore, IdentityDesk, NodeConfiguration)

    /// Opens the way; a node at rest is locked until `close`.
    static func open(_ home: HomeOptions, policy: MatchPolicy) async throws -> IdentityWay {
        let client = AdminClient(home)
        try client.demandHome()
        if await client.isRunning() { return .running(client) }
        let node = NodeHome.here(client.home)
        do throws(ExchangeError) {
            let configuration = try NodeConfiguration(of: node)
            let store = try await NodeStore.open(
                node, configuration: configuration, world: .system,
                logger: Logger(label: "hie.patient") { _ in SwiftLogNoOpLogHandler() })
            return .resting(
                store,
                IdentityDesk(projection: store.projection, journal: store.writer, world: .system, policy: policy),
                configuration)
        } catch {
            guard error.code == .conflict else { throw CommandFailure(error) }
            throw CommandFailure(
                .locked, "a node or another command holds \(node.store.path)", hint: "wait, or ask the running node")
        }
    }

    /// Asks one command.
    func ask(_ command: AdminCommand, _ arguments: JSONObject) async throws -> JSONValue {
        switch self {
        case .running(let client): return try await client.ask(command, arguments)
        case .resting(_, let desk, let configuration):
            do {
                let commands = IdentityCommands(desk)
                guard command == .patientShow || command == .patientGolden else {
                    return try await commands.answer(command, arguments, actor: AdminClient.userName)
                }
                return try await commands.show(command, arguments, for: Self.context(configuration))
            } catch let error as ExchangeError {
                throw CommandFailure(error)
            }
        }
    }

    /// Whoever opens the folder of a node at rest, as the journal names them.
    private static func context(_ configuration: NodeConfiguration) -> AccessContext {
        AccessContext(
            door: .administration, user: AdminClient.userName, role: "administrator", organization: configuration.name,
            community: configuration.community, purpose: "HOPERAT", deadline: World.system.uptime() + .seconds(60),
            traceID: World.system.newTraceID())
    }

    /// Lets go of a node at rest.
    func close() async throws {
        guard case .resting(let store, _, _) = self else { return }
        do throws(ExchangeError) { try await store.close() } catch { throw CommandFailure(error) }
    }

    /// Opens the way, asks one command and lets go.
    static func once(_ home: HomeOptions, _ command: AdminCommand, _ arguments: JSONObject) async throws -> JSONValue {
        let way = try await open(home, policy: .strict)
        let answer: JSONValue
        do { answer = try await way.ask(command, arguments) } catch {
            try? await way.close()
            throw error
        }
        try await way.close()
        return answer
    }
}

/// Lines of a text file, read as they are needed.
struct TextLines {
    private var bytes: [UInt8] = []
    private var at = 0
    private let file: FileDescription
    /// Lines read so far.
    private(set) var number = 0

    init(_ path: String) throws {
        file = try FileDescription(path)
    }

    /// The next line without its end; a quoted cell may hold line ends. Nil at the end of the file.
    mutating func next() throws -> [UInt8]? {
        var line: [UInt8] = []
        var isQuoted = false
        var hasAny = false
        while true {
            if at == bytes.count {
                bytes = try file.read(1 << 16)
                at = 0
                if bytes.isEmpty {
                    if hasAny { number += 1 }
                    return hasAny ? line : nil
                }
            }
            let byte = bytes[at]
            at += 1
            hasAny = true
            if byte == 0x22 { isQuoted.toggle() }
            if byte == 0x0A, !isQuoted || line.count > CSVCells.lineBytesMax {
                number += 1
                return line
            }
            if line.count <= CSVCells.lineBytesMax { line.append(byte) }
        }
    }
}

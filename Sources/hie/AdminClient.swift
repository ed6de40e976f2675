import AdminEndpoint
import ExchangeCore
import FoundationEssentials
import Glibc
import JSON
import PeerTransport

/// The administrator's way to a running node: its socket.
struct AdminClient: Sendable {
    /// The node's folder.
    let home: String
    /// The administrators' socket, where that was named instead of a folder.
    private let named: String?

    init(_ options: HomeOptions) {
        home = options.folder()
        named = options.socketPath()
    }

    init(home: String) {
        self.home = home
        named = nil
    }

    /// The socket's path.
    var socket: String { named ?? home + "/admin.sock" }

    /// Sends one command and returns its answer; whatever goes wrong is said with what to do.
    func ask(_ command: AdminCommand, _ arguments: JSONObject = [:], seconds: Int64 = 65) async throws -> JSONValue {
        try demandNode()
        let request = ClientRequest(
            .post, command.path,
            headers: [("content-type", "application/json"), (AdminHeaders.user, Self.userName)],
            body: JSONWriter.bytes(.object(arguments)))
        let reply: ClientResponse
        do {
            reply = try await HTTPWay(socket: socket).send(request, within: .seconds(seconds))
        } catch {
            throw error.code == .timeout
                ? CommandFailure(
                    .unreachable, "the node at \(socket) did not answer within \(seconds) s", hint: "see its log")
                : CommandFailure(
                    .unreachable, "no node answers at \(socket)",
                    hint: named == nil ? "start it with hie run --home \(home)" : "ask its owner whether it runs, and for the path")
        }
        guard let json = try? JSONReader.read(reply.body) else {
            throw CommandFailure(
                .failed, "the node's answer is not understood", hint: "compare hie version on both sides")
        }
        if let error = AdminError.error(json) { throw CommandFailure(error) }
        if reply.status == 202, let change = json["waiting"] {
            let id = change.text("id")
            throw CommandFailure(
                .waiting, "this waits for a second administrator as change \(id), until \(Words.time(change.text("until")))",
                hint: "somebody else looks at it and agrees: hie approve show \(id), hie approve accept \(id)")
        }
        guard reply.status == 200 else {
            throw CommandFailure(.failed, "the node answered with status \(reply.status)", hint: "see the node's log")
        }
        return json
    }

    /// Refuses a folder in which no node was initialised.
    func demandHome() throws(CommandFailure) {
        guard LocalFile.exists(home + "/node.yaml") else {
            throw CommandFailure(
                .notInitialised, "no node has been initialised in \(home)",
                hint: "make one with hie init --home \(home), or name another folder with --home or HIE_HOME")
        }
    }

    /// The same of whoever needs no folder where a socket was named.
    func demandNode() throws(CommandFailure) {
        if named == nil { try demandHome() }
    }

    /// Tells a node that runs something; false when none does. What waits for a second administrator ends the command.
    func tell(_ command: AdminCommand, _ arguments: JSONObject) async throws -> Bool {
        do {
            _ = try await ask(command, arguments)
            return true
        } catch let failure as CommandFailure where failure.status == .waiting {
            throw failure
        } catch { return false }
    }

    /// Whether a node answers there.
    func isRunning() async -> Bool {
        (try? await ask(.nodeStatus, seconds: 5)) != nil
    }

    /// Who is at the keyboard: whoever called sudo, else the process's own user.
    static var userName: String {
        if let caller = ProcessInfo.processInfo.environment["SUDO_USER"], !caller.isEmpty { return plain(caller) }
        guard let entry = getpwuid(getuid()), let name = entry.pointee.pw_name else { return "uid-\(getuid())" }
        return plain(String(cString: name))
    }

    private static func plain(_ name: String) -> String {
        String(
            decoding: name.utf8.prefix(128).map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
    }
}

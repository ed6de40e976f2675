import ExchangeCore
import ExchangeNode
import FoundationEssentials
import JSON
import PeerTransport

extension NodeHome {
    /// The answer of the administrator's socket of this folder's running node to a command.
    func ask(_ command: String, _ arguments: JSONValue = [:]) async throws -> JSONValue {
        let pool = HTTPConnectionPool(
            destination: .socket(path: adminSocket.path), uptime: World.system.uptime, connectionsMax: 1)
        defer { pool.close() }
        var request = ClientRequest(.post, "/admin/\(command)", body: JSONWriter.bytes(arguments), isRepeatable: true)
        request.headers = [("content-type", "application/json")]
        let response = try await pool.send(request, deadline: World.system.uptime() + .seconds(120))
        guard response.status == 200 else {
            throw ExchangeError(.unavailable, "\(response.status) \(String(decoding: response.body, as: UTF8.self))")
        }
        return try JSONReader.read(response.body)
    }
}

import ExchangeCore
import ExchangeNode
import PeerTransport
import Trust

/// How a command reaches a node: kept connections, one destination.
struct HTTPWay: Sendable {
    private let pool: HTTPConnectionPool

    /// The administrator's socket.
    init(socket path: String) {
        pool = HTTPConnectionPool(destination: .socket(path: path), uptime: World.system.uptime, connectionsMax: 4)
    }

    /// A node's client listener, over mutual TLS; the server must be who the address says, by the authority given.
    init(_ settings: ClientSettings) throws(CommandFailure) {
        let identity: TLSIdentity
        let policy: TrustPolicy
        do {
            identity = try TLSIdentity(
                certificatePEM: LocalFile.text(settings.certificate), keyPEM: LocalFile.text(settings.key))
            policy = TrustPolicy(roots: try CertificatePEM.read(LocalFile.text(settings.authority)))
        } catch let error as ExchangeError {
            throw CommandFailure(
                .usage, error.description,
                hint: "check --cacert, --cert and --key, or make them anew: hie certificate issue")
        } catch let failure as CommandFailure {
            throw failure
        } catch {
            throw CommandFailure(.usage, "the certificates cannot be used", hint: "check --cacert, --cert and --key")
        }
        do {
            let tls = CallerTLS(
                context: try MutualTLS.callerContext(identity: identity, roots: policy.roots, isPeer: false),
                kind: .server(settings.origin.host), policy: { policy }, now: World.system.now)
            pool = HTTPConnectionPool(
                destination: .host(settings.origin.host, port: settings.origin.port), tls: tls,
                uptime: World.system.uptime, connectionsMax: 64)
        } catch {
            throw CommandFailure(error)
        }
    }

    /// Sends one request and returns the whole answer; `.timeout` and `.unavailable` when none comes.
    func send(_ request: ClientRequest, within limit: Duration) async throws(ExchangeError) -> ClientResponse {
        try await pool.send(request, deadline: World.system.uptime() + limit)
    }
}

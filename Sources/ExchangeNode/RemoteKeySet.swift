import ExchangeCore
import Foundation
import Logging
import PeerTransport
import ServiceLifecycle
import Synchronization
import Trust

/// An identity provider's key set behind a URL: fetched at the start, every hour, and soon after a token was signed with a key
/// it does not have; kept as it was while it cannot be fetched.
final class RemoteKeySet: Sendable {
    /// Where a URL leads.
    struct Place: Sendable {
        let host: String
        let port: Int
        let path: String

        init?(_ text: String) {
            guard let parts = URLComponents(string: text), parts.scheme == "https", let host = parts.host, !host.isEmpty,
                parts.fragment == nil, parts.user == nil, text.utf8.count <= 512
            else { return nil }
            self.host = host
            port = parts.port ?? 443
            let path = parts.percentEncodedPath.isEmpty ? "/" : parts.percentEncodedPath
            self.path = path + (parts.percentEncodedQuery.map { "?" + $0 } ?? "")
        }
    }

    /// Between two fetches that nothing asked for.
    static let interval = Duration.seconds(3600)
    /// Between two fetches at the least, whatever asks for them.
    static let intervalMin = Duration.seconds(10)

    private struct State {
        var keys: [JSONWebKey] = []
        var isMissed = false
        var fetched: Duration?
    }

    let issuer: String
    private let path: String
    private let pool: HTTPConnectionPool
    private let world: World
    private let state = Mutex(State())

    /// Throws `.notFound` or `.badRequest` when the authority's file cannot be used.
    init(issuer: String, url: String, authority: URL, identity: TLSIdentity, world: World) throws(ExchangeError) {
        guard let place = Place(url) else { throw ExchangeError(.badRequest, "the key set's URL cannot be used", at: "jwks-url") }
        let policy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(authority)))
        self.issuer = issuer
        self.world = world
        path = place.path
        pool = HTTPConnectionPool(
            destination: .host(place.host, port: place.port),
            tls: CallerTLS(
                context: try MutualTLS.callerContext(identity: identity, roots: policy.roots, isPeer: false),
                kind: .server(place.host), policy: { policy }, now: world.now),
            uptime: world.uptime, connectionsMax: 1)
    }

    /// The keys as they were fetched last; none before the first time.
    var keys: [JSONWebKey] { state.withLock { $0.keys } }

    /// A token was signed with a key that is not among them.
    func noteMissed() { state.withLock { $0.isMissed = true } }

    /// Whether it is time to fetch.
    func isDue() -> Bool {
        let now = world.uptime()
        return state.withLock { state in
            guard let fetched = state.fetched else { return true }
            // One that was never reached is asked again soon.
            let wanted = state.isMissed || state.keys.isEmpty ? Self.intervalMin : Self.interval
            return now - fetched >= wanted
        }
    }

    /// Fetches the set; what was held stays when that fails. Throws why.
    func fetch() async throws(ExchangeError) {
        state.withLock { state in
            state.fetched = world.uptime()
            state.isMissed = false
        }
        var request = ClientRequest(.get, path, responseBytesMax: JSONWebKeySet.bytesMax, isRepeatable: true)
        request.headers = [("Accept", "application/json")]
        let response = try await pool.send(request, deadline: world.uptime() + .seconds(10))
        guard response.status == 200 else {
            throw ExchangeError(.unavailable, "the key set's server answers with status \(response.status)")
        }
        let set = try JSONWebKeySet(response.body)
        state.withLock { $0.keys = set.keys }
    }
}

/// Fetches key sets when they are due, as a service that ends with the group.
struct KeySetService: Service {
    let trust: TrustDomains
    let world: World
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                for set in trust.remoteSets where set.isDue() {
                    do throws(ExchangeError) {
                        try await set.fetch()
                        logger.info("key set fetched", metadata: ["issuer": "\(set.issuer)", "keys": "\(set.keys.count)"])
                    } catch {
                        logger.warning(
                            "a key set could not be fetched; what was held stays",
                            metadata: [
                                "issuer": "\(set.issuer)", "because": "\(error.description)", "held": "\(set.keys.count)",
                            ])
                    }
                }
                do { try await world.sleep(.seconds(1)) } catch { return }
            }
        }
    }
}

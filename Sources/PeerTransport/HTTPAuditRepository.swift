import ExchangeCore
import Transactions

/// A repository of audit events over HTTP: `POST [base]/AuditEvent`, one kept connection.
package struct HTTPAuditRepository: AuditRepositoryClient {
    /// How long one event and its answer may take.
    package static let timeout = Duration.seconds(10)

    private let pool: HTTPConnectionPool
    private let path: String
    private let token: @Sendable () -> String?
    private let world: World

    /// A repository.
    ///
    /// - Parameters:
    ///   - path: the base URL's path, without a slash at its end.
    ///   - tls: nil only on this machine itself.
    ///   - token: the bearer token to be shown, read anew for each event; nil shows none.
    package init(
        host: String, port: Int, path: String, tls: CallerTLS?, token: @escaping @Sendable () -> String?, world: World,
    ) {
        pool = HTTPConnectionPool(
            destination: .host(host, port: port), tls: tls, uptime: world.uptime, connectionsMax: 1)
        self.path = path
        self.token = token
        self.world = world
    }

    package func record(_ event: [UInt8]) async throws(ExchangeError) -> Int {
        // Repeatable: whoever gets an event twice knows it by its tag.
        var request = ClientRequest(
            .post, path + "/AuditEvent", body: event, responseBytesMax: 1 << 20, isRepeatable: true)
        request.headers = [
            ("Content-Type", "application/fhir+json; fhirVersion=4.0"), ("Accept", "application/fhir+json"),
            ("Prefer", "return=minimal"),
        ]
        if let token = token() { request.headers.append(("Authorization", "Bearer " + token)) }
        return try await pool.send(request, deadline: world.uptime() + Self.timeout).status
    }
}

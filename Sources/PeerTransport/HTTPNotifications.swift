import ExchangeCore
import GossipDirectory
import Transactions

/// Notifications over HTTPS: a connection for each, no redirects, the receiver's certificate checked against an authority of
/// the administrator's.
package struct HTTPNotificationClient: NotificationClient {
    /// How long a notification and its answer may take.
    package static let timeout = Duration.seconds(10)

    private let tls: @Sendable (_ host: String) -> CallerTLS

    /// A client.
    ///
    /// - Parameter tls: how a host is checked.
    package init(tls: @escaping @Sendable (String) -> CallerTLS) { self.tls = tls }

    package func connect(_ address: EndpointURL) async throws(ExchangeError) -> any NotificationLink {
        HTTPNotificationLink(
            // The administrator has listed the host, wherever it is; what nobody should speak to stays out of reach even so.
            connection: try await HTTPConnection.connect(
                to: .host(address.host, port: address.port), tls: tls(address.host), dial: DialRule(own: [address.host])),
            path: address.path.isEmpty ? "/" : address.path)
    }
}

private struct HTTPNotificationLink: NotificationLink {
    let connection: HTTPConnection
    let path: String

    func post(_ notification: [UInt8], authorization: String?) async throws(ExchangeError) -> Int {
        var request = ClientRequest(.post, path, body: notification, responseBytesMax: 1 << 16)
        request.headers = [("Content-Type", "application/fhir+json; fhirVersion=4.0"), ("Accept", "application/fhir+json")]
        if let authorization { request.headers.append(("Authorization", authorization)) }
        return try await connection.send(request, timeout: HTTPNotificationClient.timeout).status
    }

    func close() { connection.close() }
}

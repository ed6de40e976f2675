import ExchangeCore
import HTTPTypes
import Trust
import X509

/// What a request shows of whoever sent it.
package struct RequestCredentials: Sendable {
    /// The connection's certificate, and what was verified on the connection before.
    package let connection: ConnectionIdentity
    /// The text after `Bearer `.
    package let token: String
    /// The trace id the caller sent, well formed, or a new one.
    package let traceID: String
    /// When nobody waits for the answer any more, on the monotonic clock.
    package let deadline: Duration
    /// What is asked for, which a token's scopes may not cover.
    package let route: Route?
    /// Why an emergency access is needed, as the request's header says; a token that says so itself is believed first.
    package let reason: String?

    /// Credentials from their parts.
    package init(
        connection: ConnectionIdentity, token: String, traceID: String, deadline: Duration, route: Route? = nil,
        reason: String? = nil,
    ) {
        self.route = route
        self.connection = connection
        self.token = token
        self.traceID = traceID
        self.deadline = deadline
        self.reason = reason
    }
}

/// Who asks, or why nobody we know: the reason is for the administrator's log, the caller sees a 401 and nothing else.
package enum Authentication: Sendable {
    /// The request speaks for this user.
    case context(AccessContext)
    /// It speaks for a user, whose token does not cover what is asked for.
    case outOfScope
    /// It speaks for nobody.
    case refused(String)
}

/// Who may use a door: one implementer for each.
package protocol RequestAuthenticator: Sendable {
    /// Judges the certificate of a new connection, whole.
    func judge(_ certificate: Certificate) async -> TrustPolicy.Verdict

    /// Why the connection's certificate does not hold any more, nil when it does; asked for each request (L14).
    func refusal(of certificate: TrustedCertificate) -> String?

    /// Who asks.
    func authenticate(_ credentials: RequestCredentials) -> Authentication
}

/// The `Authorization` header, strictly: once, `Bearer`, one token (RFC 6750 section 2.1).
enum BearerHeader {
    /// The token; nil when the header is absent, there twice, or of another scheme.
    static func token(_ headers: HTTPFields) -> String? {
        var found: String?
        for field in headers where field.name == .authorization {
            guard found == nil else { return nil }
            found = field.value
        }
        guard let found else { return nil }
        let bytes = Array(found.utf8)
        guard bytes.count > 7, bytes.count <= 7 + UnverifiedToken.bytesMax, bytes[6] == 0x20,
            bytes[..<6].elementsEqual("bearer".utf8, by: { $0 | 0x20 == $1 }),
            !bytes[7...].contains(where: { $0 == 0x20 || $0 == 0x2C })
        else { return nil }
        return String(found.utf8.dropFirst(7))
    }
}

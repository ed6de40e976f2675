import ExchangeCore
import JSON

/// What a system signs to get an access token (`private_key_jwt`, RFC 7523; SMART Backend Services): it is its own issuer and
/// subject, for one endpoint, for five minutes at the most, once.
package struct ClientAssertion: Sendable, Hashable {
    /// From issue to expiry at the most (SMART App Launch 2.2, section "Authentication").
    package static let lifetimeMax = Duration.seconds(300)
    /// The algorithms SMART asks for.
    package static let algorithms: [JSONWebKey.Algorithm] = [.rs384, .es384]

    /// The system (`iss` and `sub`).
    package let client: String
    /// When it ends.
    package let expires: Timestamp
    /// When it was issued; where it does not say, the earliest it can have been.
    package let issued: Timestamp
    /// Its own id (`jti`).
    package let tokenID: String

    /// Reads and verifies an assertion for an endpoint by the keys of the system it names.
    ///
    /// - Parameter keys: the keys of a registered system; nil for one that is not.
    package init(
        verifying compact: String, for endpoint: String, now: Timestamp, skewMax: Duration = .seconds(60),
        keys: (String) -> [JSONWebKey]?,
    ) throws(TokenRefusal) {
        let token = try ForeignToken(compact, types: ["JWT", nil])
        guard Self.algorithms.contains(token.algorithm) else { throw .wrongAlgorithm }
        let claims = TokenClaims(payload: token.payload)
        client = try claims.text("iss")
        guard try claims.text("sub") == client else { throw .wrongIssuer }
        guard let keys = keys(client) else { throw .wrongIssuer }
        try token.verify(by: keys)
        var audiences = claims.payload["aud"]?.items.compactMap(\.string) ?? []
        if let one = claims.payload["aud"]?.string { audiences = [one] }
        guard audiences.contains(endpoint) else { throw .wrongAudience }
        expires = try claims.time("exp")
        tokenID = try claims.text("jti")
        if now >= expires { throw .expired }
        if expires > now + Self.lifetimeMax + skewMax { throw .lifetimeTooLong }
        if claims.payload["nbf"] != nil, try claims.time("nbf") > now + skewMax { throw .notYetValid }
        if claims.payload["iat"] == nil {
            issued = expires - Self.lifetimeMax
        } else {
            issued = try claims.time("iat")
            if issued > now + skewMax { throw .notYetValid }
            if expires - issued > Self.lifetimeMax { throw .lifetimeTooLong }
        }
    }
}

/// Which assertions were presented already: each counts once, until it expires by itself.
///
/// Not durable: instead, what was issued before the node started is refused, so a restart forgets nothing.
package struct SeenAssertions: Sendable {
    private struct Name: Hashable {
        let client: String
        let tokenID: String
    }

    private let startedAt: Timestamp
    private let countMax: Int
    private var seen: [Name: Timestamp] = [:]

    /// Nothing seen since the node's start; beyond `countMax` live ones every further one is refused.
    package init(startedAt: Timestamp, countMax: Int = 20_000) {
        self.startedAt = startedAt
        self.countMax = countMax
    }

    /// Admits an assertion the first time; `.replayed` afterwards, or when it was issued before the node started.
    package mutating func admit(_ assertion: ClientAssertion, now: Timestamp) -> TokenRefusal? {
        // Whole seconds, as clients write them.
        guard assertion.issued.seconds >= startedAt.seconds else { return .replayed }
        if seen.count >= countMax / 2 { seen = seen.filter { $0.value > now } }
        guard seen.count < countMax else { return .replayed }
        let name = Name(client: assertion.client, tokenID: assertion.tokenID)
        guard seen[name] == nil else { return .replayed }
        seen[name] = assertion.expires
        return nil
    }
}

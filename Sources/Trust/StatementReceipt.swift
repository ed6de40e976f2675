import ExchangeCore
import JSON

/// What a community did with a consent statement: signed by it, about that one statement.
package struct StatementReceipt: Sendable, Hashable {
    /// What became of the directive there.
    package enum Outcome: String, Sendable, CaseIterable {
        /// It decides there, from `since` on.
        case inForce = "in-force"
        /// Nobody there is certainly this patient, or the community may not say so: the two are not told apart.
        case none
        /// It was not taken; `reason` says why.
        case refused
    }

    /// The community that received the statement (`iss`).
    package let issuer: CommunityID
    /// The community that stated it (`aud`).
    package let audience: CommunityID
    /// When the receipt was signed (`iat`).
    package let issued: Timestamp
    /// The hash of the statement (`stmt`).
    package let statement: Thumbprint
    /// What became of it (`outcome`).
    package let outcome: Outcome
    /// From when it decides there (`since`); for `.inForce` alone.
    package let since: Timestamp?
    /// Why it was refused, or what of it was not understood and so denies (`reason`); no patient data.
    package let reason: String?

    /// A receipt from its parts, to be signed; a long reason is cut.
    package init(
        issuer: CommunityID, audience: CommunityID, issued: Timestamp, statement: Thumbprint, outcome: Outcome,
        since: Timestamp? = nil, reason: String? = nil,
    ) {
        self.issuer = issuer
        self.audience = audience
        self.issued = issued
        self.statement = statement
        self.outcome = outcome
        self.since = since
        self.reason = reason.map { String(String.UnicodeScalarView($0.unicodeScalars.prefix(120))) }
    }

    /// The receipt as a JWS.
    package func signed(with key: SigningKey) throws(ExchangeError) -> SignedToken {
        var payload: JSONObject = [
            "iss": .string(issuer.urn), "aud": .string(audience.urn), "iat": TokenClaims.milliseconds(issued),
            "stmt": .string(statement.text), "outcome": .string(outcome.rawValue),
        ]
        payload["since"] = since.map { TokenClaims.milliseconds($0) }
        payload["reason"] = reason.map { .string($0) }
        return try SignedToken(signing: payload, type: .receipt, key: key)
    }

    /// Reads a receipt that `peer` gave and verifies its signature; `key` as for statements.
    package init(
        verifying compact: String, from peer: CommunityID, key: (CommunityID, Thumbprint) -> VerifyingKey?,
    ) throws(TokenRefusal) {
        let token = try SignedToken.verify(compact, type: .receipt) { draft throws(TokenRefusal) in
            guard try TokenClaims(payload: draft.payload).community("iss") == peer else { throw .wrongIssuer }
            return key(peer, draft.keyID)
        }
        let claims = TokenClaims(payload: token.payload)
        guard let outcome = Outcome(rawValue: try claims.text("outcome")) else { throw .missingClaim("outcome") }
        let since = token.payload["since"] == nil ? nil : try claims.time("since")
        guard (since != nil) == (outcome == .inForce) else { throw .missingClaim("since") }
        self.init(
            issuer: peer, audience: try claims.community("aud"), issued: try claims.time("iat"),
            statement: try claims.thumbprint("stmt"), outcome: outcome, since: since,
            reason: try claims.optionalText("reason"))
    }
}

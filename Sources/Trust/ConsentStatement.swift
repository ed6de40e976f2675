import ExchangeCore
import JSON

/// A consent directive as the community that recorded it states it to one other community: signed, for that one alone.
///
/// It holds the FHIR Consent without any node's own patient id, and of the patient what a question across communities
/// discloses as well: identifiers and demographics. Printing one prints nothing of them.
package struct ConsentStatement: Sendable, Hashable, CustomStringConvertible {
    /// How long after it was signed a statement is believed; a sender signs anew for each attempt.
    package static let lifetime = Duration.seconds(600)

    /// The community that recorded the directive (`iss`).
    package let issuer: CommunityID
    /// The community it is for (`aud`).
    package let audience: CommunityID
    /// When it was signed (`iat`).
    package let issued: Timestamp
    /// The directive's id at its origin (`directive`).
    package let directive: DirectiveID
    /// Which version of it, from 1, always rising at its origin (`ver`).
    package let version: Int
    /// The FHIR Consent, without its patient (`consent`).
    package let consent: JSONObject
    /// A FHIR Patient without id: whom the receiver's own index must know with certainty (`subject`).
    package let subject: JSONObject

    /// A statement from its parts, to be signed.
    package init(
        issuer: CommunityID, audience: CommunityID, issued: Timestamp, directive: DirectiveID, version: Int,
        consent: JSONObject, subject: JSONObject,
    ) {
        self.issuer = issuer
        self.audience = audience
        self.issued = issued
        self.directive = directive
        self.version = version
        self.consent = consent
        self.subject = subject
    }

    /// The statement as a JWS; `.tooLarge` when the directive cannot be carried.
    package func signed(with key: SigningKey) throws(ExchangeError) -> SignedToken {
        try SignedToken(
            signing: [
                "iss": .string(issuer.urn), "aud": .string(audience.urn), "iat": TokenClaims.milliseconds(issued),
                "directive": .string(directive.description), "ver": .number(String(version)),
                "consent": .object(consent), "subject": .object(subject),
            ], type: .statement, key: key)
    }

    /// Reads a statement that `peer` brought and verifies its signature: nobody brings another's (T9).
    ///
    /// `key` finds a key of that community by its thumbprint, from the admission.
    package static func verify(
        _ compact: String, from peer: CommunityID, key: (CommunityID, Thumbprint) -> VerifyingKey?,
    ) throws(TokenRefusal) -> (statement: ConsentStatement, token: SignedToken) {
        let token = try SignedToken.verify(compact, type: .statement) { draft throws(TokenRefusal) in
            guard try TokenClaims(payload: draft.payload).community("iss") == peer else { throw .wrongIssuer }
            return key(peer, draft.keyID)
        }
        let claims = TokenClaims(payload: token.payload)
        guard let directive = DirectiveID(try claims.text("directive")) else { throw .missingClaim("directive") }
        let statement = ConsentStatement(
            issuer: peer, audience: try claims.community("aud"), issued: try claims.time("iat"), directive: directive,
            version: try claims.count("ver"), consent: try claims.object("consent").payload,
            subject: try claims.object("subject").payload)
        return (statement, token)
    }

    /// Why the statement is not for this node now, nil when it is.
    package func refusal(at community: CommunityID, now: Timestamp, skewMax: Duration = .seconds(60)) -> TokenRefusal? {
        if audience != community { return .wrongAudience }
        if issued > now + skewMax { return .notYetValid }
        if now >= issued + Self.lifetime { return .expired }
        return nil
    }

    package var description: String { "<redacted>" }
}

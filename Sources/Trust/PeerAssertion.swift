import ExchangeCore
import JSON

/// For whom and why a node asks a peer: a short-lived JWS bound to the node's certificate, good for one request.
package struct PeerAssertion: Sendable, Hashable {
    /// The community that asks (`iss`).
    package let issuer: CommunityID
    /// Its user (`sub`).
    package let user: String
    /// The community that is asked (`aud`).
    package let audience: CommunityID
    /// When it was made (`iat`), to the millisecond.
    package let issued: Timestamp
    /// When it ends (`exp`): refused from this moment on.
    package let expires: Timestamp
    /// Its own id (`jti`), presented once.
    package let tokenID: String
    /// The certificate it is bound to (`cnf.x5t#S256`).
    package let certificate: Thumbprint
    /// The organisation on whose behalf the user asks (`org`).
    package let organization: String
    /// The user's role (`role`).
    package let role: String?
    /// Why (`purpose`): a code of v3-ActReason; nil denies.
    package let purpose: String?
    /// Why an emergency access is needed (`reason`), in the user's words.
    package let reason: String?
    /// The id of everything done for this request (`trace`); 32 hexadecimal digits.
    package let traceID: String

    /// An assertion from its parts, to be signed.
    package init(
        issuer: CommunityID, user: String, audience: CommunityID, issued: Timestamp, expires: Timestamp,
        tokenID: String, certificate: Thumbprint, organization: String, role: String?, purpose: String?,
        traceID: String, reason: String? = nil,
    ) {
        self.issuer = issuer
        self.user = user
        self.audience = audience
        self.issued = issued
        self.expires = expires
        self.tokenID = tokenID
        self.certificate = certificate
        self.organization = organization
        self.role = role
        self.purpose = purpose
        self.traceID = traceID
        self.reason = reason
    }

    /// The assertion as a JWS.
    package func signed(with key: SigningKey) throws(ExchangeError) -> SignedToken {
        var payload: JSONObject = [
            "iss": .string(issuer.urn), "sub": .string(user), "aud": .string(audience.urn),
            "iat": TokenClaims.milliseconds(issued), "exp": TokenClaims.milliseconds(expires),
            "jti": .string(tokenID), "cnf": ["x5t#S256": .string(certificate.text)], "org": .string(organization),
            "trace": .string(traceID),
        ]
        payload["role"] = role.map { .string($0) }
        payload["purpose"] = purpose.map { .string($0) }
        payload["reason"] = reason.map { .string($0) }
        return try SignedToken(signing: payload, type: .assertion, key: key)
    }

    /// Reads an assertion that came over a connection of `peer` and verifies its signature.
    ///
    /// `key` finds a key of that community by its thumbprint, from the admission; a token of another issuer is refused.
    package init(
        verifying compact: String, from peer: CommunityID, key: (CommunityID, Thumbprint) -> VerifyingKey?,
    ) throws(TokenRefusal) {
        let token = try SignedToken.verify(compact, type: .assertion) { draft throws(TokenRefusal) in
            guard try TokenClaims(payload: draft.payload).community("iss") == peer else { throw .wrongIssuer }
            return key(peer, draft.keyID)
        }
        let claims = TokenClaims(payload: token.payload)
        let traceID = try claims.text("trace")
        guard traceID.utf8.count == 32, Hexadecimal.decode(traceID) != nil else { throw .missingClaim("trace") }
        self.init(
            issuer: peer, user: try claims.text("sub"), audience: try claims.community("aud"),
            issued: try claims.time("iat"), expires: try claims.time("exp"), tokenID: try claims.text("jti"),
            certificate: try claims.object("cnf").thumbprint("x5t#S256"), organization: try claims.text("org"),
            role: try claims.optionalText("role"), purpose: try claims.optionalText("purpose"), traceID: traceID,
            reason: try claims.optionalText("reason"))
    }

    /// Why the assertion does not speak for this request, nil when it does; `SeenTokens` sees to its being used once.
    package func refusal(_ expectation: TokenExpectation) -> TokenRefusal? {
        expectation.refusal(issued: issued, expires: expires, audiences: [audience.urn], certificate: certificate)
    }
}

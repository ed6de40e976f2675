import ExchangeCore
import JSON

/// A user's access token (IUA, ITI-71/72; RFC 9068; bound to the client certificate by RFC 8705).
///
/// Not used up by a request: it may come again until it expires, on connections of its certificate only.
package struct UserToken: Sendable, Hashable {
    /// Who issued it (`iss`).
    package let issuer: String
    /// The user (`sub`), such as `dr.brattain`.
    package let user: String
    /// For whom it is (`aud`); at least one.
    package let audiences: [String]
    /// When it was issued (`iat`).
    package let issued: Timestamp
    /// When it ends (`exp`): refused from this moment on.
    package let expires: Timestamp
    /// Its own id (`jti`).
    package let tokenID: String
    /// The certificate it is bound to (`cnf.x5t#S256`).
    package let certificate: Thumbprint
    /// The user's name for people (`subject_name`).
    package let userName: String?
    /// The organisation's name for people (`subject_organization`).
    package let organizationName: String?
    /// The organisation's identifier (`subject_organization_id`).
    package let organizationID: String?
    /// The user's role (`subject_role`), its code.
    package let role: String?
    /// The code system of that code; nil when the token names none.
    package let roleSystem: String?
    /// Why the user asks (`purpose_of_use`): a code of v3-ActReason; nil when none is stated, which denies.
    package let purpose: String?
    /// Why an emergency access is needed (`concordat.emergency_reason`, ours: IHE names no claim for it).
    package let reason: String?
    /// What it is restricted to (`scope`, SMART App Launch 2.2); nil restricts nothing beyond role and purpose.
    package let scopes: [String]?

    /// A token from its parts, to be signed.
    package init(
        issuer: String, user: String, audiences: [String], issued: Timestamp, expires: Timestamp, tokenID: String,
        certificate: Thumbprint, userName: String? = nil, organizationName: String? = nil,
        organizationID: String? = nil, role: String? = nil, purpose: String? = nil, reason: String? = nil,
        scopes: [String]? = nil, roleSystem: String? = nil,
    ) {
        self.scopes = scopes
        self.roleSystem = roleSystem
        self.issuer = issuer
        self.user = user
        self.audiences = audiences
        self.issued = issued
        self.expires = expires
        self.tokenID = tokenID
        self.certificate = certificate
        self.userName = userName
        self.organizationName = organizationName
        self.organizationID = organizationID
        self.role = role
        self.purpose = purpose
        self.reason = reason
    }

    /// What decisions compare: the organisation's identifier, its name where there is none, else empty.
    package var organization: String { organizationID ?? organizationName ?? "" }

    /// The token as a JWS.
    package func signed(with key: SigningKey) throws(ExchangeError) -> SignedToken {
        var iua = JSONObject()
        iua["subject_name"] = userName.map { .string($0) }
        iua["subject_organization"] = organizationName.map { .string($0) }
        iua["subject_organization_id"] = organizationID.map { .string($0) }
        iua["subject_role"] = role.map { code in
            var coding: JSONObject = ["code": .string(code)]
            coding["system"] = roleSystem.map { .string($0) }
            return .array([.object(coding)])
        }
        iua["purpose_of_use"] = purpose.map {
            .array([["system": .string(CodeSystems.actReason), "code": .string($0)]])
        }
        var extensions: JSONObject = ["ihe_iua": .object(iua)]
        if let reason { extensions["concordat"] = ["emergency_reason": .string(reason)] }
        var payload: JSONObject = [
            "iss": .string(issuer), "sub": .string(user),
            "aud": audiences.count == 1 ? .string(audiences[0]) : .array(audiences.map { .string($0) }),
            "iat": TokenClaims.seconds(issued), "exp": TokenClaims.seconds(expires), "jti": .string(tokenID),
            "cnf": ["x5t#S256": .string(certificate.text)], "extensions": .object(extensions),
        ]
        payload["scope"] = scopes.map { .string($0.joined(separator: " ")) }
        return try SignedToken(signing: payload, type: .access, key: key)
    }

    /// Reads a token and verifies its signature with a key of its issuer; the claims' rules are `refusal(_:)`'s.
    ///
    /// - Parameters:
    ///   - issuers: per `iss` the keys that may sign for it, in the strict form of our own tokens.
    ///   - sets: per `iss` the key set of somebody else's identity provider; their tokens keep RFC 9068's form.
    package init(
        verifying compact: String, issuers: [String: [VerifyingKey]], sets: [String: [JSONWebKey]] = [:],
    ) throws(TokenRefusal) {
        if !sets.isEmpty, let foreign = try? ForeignToken(compact, types: ["at+jwt"]),
            let issuer = foreign.payload["iss"]?.string, issuers[issuer] == nil, let keys = sets[issuer]
        {
            try foreign.verify(by: keys)
            try self.init(claims: TokenClaims(payload: foreign.payload))
            return
        }
        let token = try SignedToken.verify(compact, type: .access) { draft throws(TokenRefusal) in
            guard let keys = issuers[try TokenClaims(payload: draft.payload).text("iss")] else { throw .wrongIssuer }
            return keys.first { $0.thumbprint == draft.keyID }
        }
        try self.init(claims: TokenClaims(payload: token.payload))
    }

    /// The issuer that a token of somebody else's software names, not to be believed; nil when it cannot be read.
    package static func claimedIssuer(_ compact: String) -> String? {
        (try? ForeignToken(compact, types: ["at+jwt"]))?.payload["iss"]?.string
    }

    /// Why the token does not speak for this request, nil when it does; cheap, so it is asked for every request.
    package func refusal(_ expectation: TokenExpectation) -> TokenRefusal? {
        expectation.refusal(issued: issued, expires: expires, audiences: audiences, certificate: certificate)
    }

    private init(claims: TokenClaims) throws(TokenRefusal) {
        let extensions = try claims.object("extensions")
        let iua = try extensions.object("ihe_iua")
        let own = extensions.payload["concordat"] == nil ? nil : try extensions.object("concordat")
        var audiences = claims.payload["aud"]?.items.compactMap(\.string) ?? []
        if let one = claims.payload["aud"]?.string { audiences = [one] }
        guard (1...16).contains(audiences.count) else { throw .missingClaim("aud") }
        let role = try Self.role(iua)
        self.init(
            issuer: try claims.text("iss"), user: try claims.text("sub"), audiences: audiences,
            issued: try claims.time("iat"), expires: try claims.time("exp"), tokenID: try claims.text("jti"),
            certificate: try claims.object("cnf").thumbprint("x5t#S256"),
            userName: try iua.optionalText("subject_name"),
            organizationName: try iua.optionalText("subject_organization"),
            organizationID: try iua.optionalText("subject_organization_id"),
            role: role?.code, purpose: try Self.purpose(iua), reason: try own?.optionalText("emergency_reason"),
            scopes: try claims.optionalText("scope")?.split(separator: " ").map(String.init), roleSystem: role?.system)
    }

    /// IUA writes roles as an array of codings; a plain string is read too. The first counts.
    private static func role(_ iua: TokenClaims) throws(TokenRefusal) -> (code: String, system: String?)? {
        guard let value = iua.payload["subject_role"] else { return nil }
        guard let code = value.string ?? value[0]?["code"]?.string, (1...128).contains(code.utf8.count) else {
            throw .missingClaim("subject_role")
        }
        return (code, value[0]?["system"]?.string)
    }

    /// One purpose at the most: with two, which one permitted would be anybody's guess.
    private static func purpose(_ iua: TokenClaims) throws(TokenRefusal) -> String? {
        guard let value = iua.payload["purpose_of_use"] else { return nil }
        guard case .array(let codings) = value, codings.count <= 1 else { throw .missingClaim("purpose_of_use") }
        guard let coding = codings.first else { return nil }
        guard coding["system"]?.string == CodeSystems.actReason, let code = coding["code"]?.string,
            (1...64).contains(code.utf8.count)
        else { throw .missingClaim("purpose_of_use") }
        return code
    }
}

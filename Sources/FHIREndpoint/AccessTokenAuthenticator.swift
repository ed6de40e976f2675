import ExchangeCore
import Synchronization
import Transactions
import Trust
import X509

/// The client door: a certificate of the facility's authority and an IUA access token bound to it (ITI-72, RFC 8705).
package struct AccessTokenAuthenticator: RequestAuthenticator {
    /// The longest a user's token may hold: an hour, as the facility's own issuer gives them.
    static let lifetimeMax = Duration.seconds(3600)

    private let community: CommunityID
    private let audiences: Set<String>
    private let policy: @Sendable () -> TrustPolicy
    private let issuers: @Sendable () -> [String: [VerifyingKey]]
    private let sets: @Sendable () -> [String: [JSONWebKey]]
    private let roles: @Sendable () -> RoleNames
    private let missed: @Sendable (String) -> Void
    private let now: @Sendable () -> Timestamp

    /// An authenticator of a facility's own clients.
    ///
    /// - Parameters:
    ///   - community: this node's own, which its clients ask for.
    ///   - audiences: what a token's `aud` may name us by: the community's URN, the base URL.
    ///   - policy: the newest trust policy of the clients' domain; read for each request.
    ///   - issuers: per `iss` the keys that may sign for it; read for each request.
    ///   - sets: per `iss` the key set of an identity provider; read for each request.
    ///   - roles: what a token's role means here; read for each request.
    ///   - missed: told the `iss` of a token that was signed with a key its set does not have: it may have been rotated.
    ///   - now: the wall clock.
    package init(
        community: CommunityID, audiences: Set<String>, policy: @escaping @Sendable () -> TrustPolicy,
        issuers: @escaping @Sendable () -> [String: [VerifyingKey]],
        sets: @escaping @Sendable () -> [String: [JSONWebKey]] = { [:] },
        roles: @escaping @Sendable () -> RoleNames = { RoleNames() },
        missed: @escaping @Sendable (String) -> Void = { _ in }, now: @escaping @Sendable () -> Timestamp,
    ) {
        self.sets = sets
        self.roles = roles
        self.missed = missed
        self.community = community
        self.audiences = audiences
        self.policy = policy
        self.issuers = issuers
        self.now = now
    }

    package func judge(_ certificate: Certificate) async -> TrustPolicy.Verdict {
        await policy().judge(chain: [certificate], as: .client, now: now())
    }

    package func refusal(of certificate: TrustedCertificate) -> String? {
        if certificate.community != nil { return "a peer's certificate at the client door" }
        return policy().refusal(of: certificate, now: now())?.description
    }

    package func authenticate(_ credentials: RequestCredentials) -> Authentication {
        do {
            let token = try verified(credentials)
            let expectation = TokenExpectation(
                now: now(), audiences: audiences, certificate: credentials.connection.certificate.thumbprint,
                lifetimeMax: Self.lifetimeMax)
            if let refusal = token.refusal(expectation) { return .refused(refusal.description) }
            guard !token.organization.isEmpty else {
                return .refused(TokenRefusal.missingClaim("subject_organization_id").description)
            }
            if let scopes = token.scopes, let route = credentials.route, !ScopeRules.permit(route, scopes) { return .outOfScope }
            let role = roles().role(token.role, system: token.roleSystem)
            return .context(
                AccessContext(
                    door: .client, user: token.user, role: role, organization: token.organization, community: community,
                    purpose: token.purpose, deadline: credentials.deadline, traceID: credentials.traceID,
                    tokenID: token.tokenID, reason: token.reason ?? credentials.reason,
                    presentedRole: role == token.role ? nil : token.role))
        } catch {
            return .refused(error.description)
        }
    }

    /// The token with its signature checked: once for each connection, as long as the issuers' keys stay the same.
    private func verified(_ credentials: RequestCredentials) throws(TokenRefusal) -> UserToken {
        let (issuers, sets) = (issuers(), sets())
        if let before = credentials.connection.verified.withLock({ $0 }),
            before.compact.utf8.elementsEqual(credentials.token.utf8), before.issuers == issuers, before.sets == sets
        {
            return before.token
        }
        let token: UserToken
        do throws(TokenRefusal) {
            token = try UserToken(verifying: credentials.token, issuers: issuers, sets: sets)
        } catch {
            if error == .unknownKey, let issuer = UserToken.claimedIssuer(credentials.token), sets[issuer] != nil { missed(issuer) }
            throw error
        }
        let verified = VerifiedToken(compact: credentials.token, token: token, issuers: issuers, sets: sets)
        credentials.connection.verified.withLock { $0 = verified }
        return token
    }
}

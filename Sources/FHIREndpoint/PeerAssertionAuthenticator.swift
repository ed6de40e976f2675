import ExchangeCore
import Synchronization
import Trust
import X509

/// The peer door: a certificate of the network, admitted, and an assertion signed for this one request (T18, T34).
package final class PeerAssertionAuthenticator: RequestAuthenticator {
    private let community: CommunityID
    private let policy: @Sendable () -> TrustPolicy
    private let key: @Sendable (CommunityID, Thumbprint) -> VerifyingKey?
    private let now: @Sendable () -> Timestamp
    private let seen: Mutex<SeenTokens>

    /// An authenticator of other communities' nodes.
    ///
    /// - Parameters:
    ///   - community: this node's own: the audience of every assertion.
    ///   - policy: the newest trust policy of the network, admissions included; read for each request.
    ///   - key: a key of a community by its thumbprint, from its admission.
    ///   - now: the wall clock; its value at this call is the node's start, before which no assertion is believed.
    package init(
        community: CommunityID, policy: @escaping @Sendable () -> TrustPolicy,
        key: @escaping @Sendable (CommunityID, Thumbprint) -> VerifyingKey?, now: @escaping @Sendable () -> Timestamp,
    ) {
        self.community = community
        self.policy = policy
        self.key = key
        self.now = now
        seen = Mutex(SeenTokens(startedAt: now()))
    }

    package func judge(_ certificate: Certificate) async -> TrustPolicy.Verdict {
        await policy().judge(chain: [certificate], as: .peer(nil), now: now())
    }

    package func refusal(of certificate: TrustedCertificate) -> String? {
        if certificate.community == nil { return "a client's certificate at the peer door" }
        return policy().refusal(of: certificate, now: now())?.description
    }

    package func authenticate(_ credentials: RequestCredentials) -> Authentication {
        let certificate = credentials.connection.certificate
        guard let peer = certificate.community else { return .refused("a client's certificate at the peer door") }
        guard policy().isAdmitted(certificate) else { return .refused(TrustRefusal.notAdmitted.description) }
        do {
            let assertion = try PeerAssertion(verifying: credentials.token, from: peer, key: key)
            let now = now()
            let expectation = TokenExpectation(
                now: now, audiences: [community.urn], certificate: certificate.thumbprint)
            if let refusal = assertion.refusal(expectation) ?? seen.withLock({ $0.admit(assertion, now: now) }) {
                return .refused(refusal.description)
            }
            // Consent believes the organisation: a peer may name its own units, never another community (T9).
            if let claimed = CommunityID(assertion.organization), claimed != peer,
                claimed == community || policy().admitted?[claimed] != nil
            {
                return .refused("assertion names another community as its organisation")
            }
            return .context(
                AccessContext(
                    door: .peer, user: assertion.user, role: assertion.role, organization: assertion.organization,
                    community: assertion.issuer, purpose: assertion.purpose, deadline: credentials.deadline,
                    traceID: assertion.traceID, tokenID: assertion.tokenID, reason: assertion.reason))
        } catch {
            return .refused(error.description)
        }
    }
}

import ExchangeCore
import FoundationEssentials
import SwiftASN1
@_spi(FixedExpiryValidationTime) import X509

/// What a trust domain believes: its roots, whom the network admitted, and what was revoked.
///
/// A value: rotation, admission and revocation make a new one, and connections are judged by the newest.
package struct TrustPolicy: Sendable {
    /// In which part the other side of a connection appears.
    package enum Kind: Sendable, Hashable {
        /// Another community's node, calling or called; where we called, the community we meant.
        case peer(CommunityID?)
        /// A facility's system or member of staff, calling.
        case client
        /// A node's client listener, called under a DNS name or an IP address.
        case server(String)
    }

    /// The judgement on a chain.
    package enum Verdict: Sendable, Hashable {
        /// The certificate holds now; ask `refusal(of:now:)` again for each request.
        case trusted(TrustedCertificate)
        /// It does not, and why.
        case refused(TrustRefusal)
    }

    /// The most certificates a chain may have, its root left out.
    package static let chainMax = 4

    /// The roots of this trust domain; the system's are never used.
    package let roots: [Certificate]
    /// Per community the keys (SPKI) of its admission; nil where there is no directory to ask.
    package var admitted: [CommunityID: Set<Thumbprint>]?
    /// Thumbprints of certificates or of keys that are not to be trusted any more.
    package var revoked: Set<Thumbprint>
    /// Thumbprints of the certificates or keys that alone are trusted, whoever signed them; nil trusts chains to the roots.
    package var pinned: Set<Thumbprint>?
    private let rootThumbprints: Set<Thumbprint>

    /// A policy from its roots.
    package init(
        roots: [Certificate], admitted: [CommunityID: Set<Thumbprint>]? = nil, revoked: Set<Thumbprint> = [],
        pinned: Set<Thumbprint>? = nil,
    ) {
        self.pinned = pinned
        self.roots = roots
        self.admitted = admitted
        self.revoked = revoked
        rootThumbprints = Set(roots.map(\.thumbprint))
    }

    /// Judges a chain as presented, end entity first: path and validity (RFC 5280), usage, names, admission, revocation.
    ///
    /// Where certificates are pinned nobody's signature counts: the end entity or its key is one of them, or it is refused;
    /// its use, names and validity are judged as ever.
    ///
    /// A community that has no admission here yet is trusted to speak for itself: `standing(of:)` tells it apart, and
    /// only the directory's route listens to a stranger.
    package func judge(chain: [Certificate], as kind: Kind, now: Timestamp) async -> Verdict {
        guard let leaf = chain.first else { return .refused(.noCertificate) }
        guard chain.count <= Self.chainMax else { return .refused(.chainTooLong) }
        if let refusal = CertificateNames.refusal(of: leaf, as: kind) { return .refused(refusal) }
        if pinned != nil {
            let found = Self.found(leaf, root: leaf.thumbprint, from: leaf.validFrom, until: leaf.validUntil)
            if let refusal = refusal(of: found, now: now) { return .refused(refusal) }
            return .trusted(found)
        }
        var verifier = Verifier(rootCertificates: CertificateStore(roots)) {
            RFC5280Policy(fixedExpiryValidationTime: CertificateProfile.date(now))
            ProfilePolicy()
        }
        let result = await verifier.validate(leaf: leaf, intermediates: CertificateStore(chain.dropFirst()))
        switch result {
        case .validCertificate(let path):
            guard path.count >= 2 else { return .refused(.isAuthority) }
            let found = Self.found(
                leaf, root: path.root.thumbprint, from: path.map(\.validFrom).max() ?? leaf.validFrom,
                until: path.map(\.validUntil).min() ?? leaf.validUntil)
            if let refusal = refusal(of: found, now: now) { return .refused(refusal) }
            return .trusted(found)
        case .couldNotValidate(let failures):
            if now >= leaf.validUntil { return .refused(.expired) }
            if now < leaf.validFrom { return .refused(.notYetValid) }
            return .refused(.unknownAuthority(failures.last.map { "\($0.policyFailureReason)" } ?? ""))
        }
    }

    private static func found(_ leaf: Certificate, root: Thumbprint, from start: Timestamp, until end: Timestamp)
        -> TrustedCertificate
    {
        TrustedCertificate(
            community: CertificateNames.community(of: leaf), clientName: CertificateNames.clientName(of: leaf),
            spkiThumbprint: leaf.spkiThumbprint, thumbprint: leaf.thumbprint, rootThumbprint: root, notBefore: start,
            notAfter: end)
    }

    /// Judges a certificate that was verified before, without its chain: expiry, root, revocation, admission.
    ///
    /// Cheap and synchronous, for each request: TLS resumption skips the handshake's check (security.md L14).
    package func refusal(of certificate: TrustedCertificate, now: Timestamp) -> TrustRefusal? {
        if now >= certificate.notAfter { return .expired }
        if now < certificate.notBefore { return .notYetValid }
        if let pinned {
            if !pinned.contains(certificate.thumbprint), !pinned.contains(certificate.spkiThumbprint) { return .notPinned }
        } else if !rootThumbprints.contains(certificate.rootThumbprint) {
            return .unknownAuthority("")
        }
        if revoked.contains(certificate.thumbprint) || revoked.contains(certificate.spkiThumbprint) { return .revoked }
        if let community = certificate.community, let keys = admitted?[community],
            !keys.contains(certificate.spkiThumbprint)
        {
            return .notAdmitted
        }
        return nil
    }

    /// Whether the certificate's community is admitted here with this key; strangers may only talk to the directory.
    package func isAdmitted(_ certificate: TrustedCertificate) -> Bool {
        guard let community = certificate.community, let admitted else { return false }
        return admitted[community]?.contains(certificate.spkiThumbprint) ?? false
    }
}

/// Says which critical extensions our own checks of the end entity enforce; the checks themselves ran before.
private struct ProfilePolicy: VerifierPolicy {
    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        // RFC 5280 4.2.1.3: who signs certificates must be allowed to.
        for issuer in chain.dropFirst() {
            if let usage = try? issuer.extensions.keyUsage, !usage.keyCertSign {
                return .failsToMeetPolicy(reason: "an issuer may not sign certificates")
            }
        }
        return .meetsPolicy
    }
}

import ExchangeCore
import FoundationEssentials
import SwiftASN1
import X509

/// An authority that signs certificates: a network's (for nodes) or a facility's (for its own systems and staff).
///
/// P-256 only. It signs end entities directly; its own certificate allows no authority below it (path length 0).
package struct CertificateAuthority: Sendable {
    /// The authority's own, self-signed certificate: the trust root.
    package let certificate: Certificate
    /// Its private key.
    package let key: SigningKey

    /// A new authority with a self-signed certificate, valid from five minutes ago.
    package init(
        name: String, key: SigningKey, validity: Duration = .seconds(3653 * 86400), now: Timestamp,
        using random: inout some RandomNumberGenerator,
    ) throws(ExchangeError) {
        self.key = key
        let issuer = Certificate.PrivateKey(key.key)
        certificate = try CertificateProfile.issuing {
            let subject = try DistinguishedName { CommonName(name) }
            return try Certificate(
                version: .v3, serialNumber: CertificateProfile.serial(using: &random), publicKey: issuer.publicKey,
                notValidBefore: CertificateProfile.date(now - .seconds(300)),
                notValidAfter: CertificateProfile.date(now + validity), issuer: subject, subject: subject,
                signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try Certificate.Extensions {
                    Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                    Critical(KeyUsage(keyCertSign: true, cRLSign: true))
                    SubjectKeyIdentifier(hash: issuer.publicKey)
                }, issuerPrivateKey: issuer)
        }
    }

    /// An authority from its files; `.badRequest` when the key is not the certificate's.
    package init(certificatePEM: String, keyPEM: String) throws(ExchangeError) {
        key = try SigningKey(pem: keyPEM)
        let certificates = try CertificatePEM.read(certificatePEM)
        guard let first = certificates.first, first.spkiThumbprint == key.publicKey.thumbprint else {
            throw ExchangeError(.badRequest, "the authority's key does not belong to its certificate")
        }
        certificate = first
    }

    /// A node's certificate: it serves and asks on the peer port, in the name of one community.
    ///
    /// SAN: the community's `urn:oid:` URI, DNS names and IP addresses. Usage: server and client. Valid 7 days.
    package func issueNode(
        community: CommunityID, key subject: VerifyingKey, dnsNames: [String] = [], ipAddresses: [String] = [],
        validity: Duration = .seconds(7 * 86400), now: Timestamp, using random: inout some RandomNumberGenerator,
    ) throws(ExchangeError) -> Certificate {
        try issue(
            CertificateProfile(
                commonName: community.urn, uris: [community.urn], dnsNames: dnsNames, ipAddresses: ipAddresses,
                usages: [.serverAuth, .clientAuth]),
            to: subject, validity: validity, now: now, using: &random)
    }

    /// A certificate for a facility's system or member of staff: it asks on the client port, and serves nothing.
    ///
    /// SAN: `urn:concordat:client:NAME`. The name has 1 to 64 letters, digits, `.`, `-` or `_`.
    package func issueClient(
        name: String, organization: String, key subject: VerifyingKey, validity: Duration = .seconds(90 * 86400),
        now: Timestamp, using random: inout some RandomNumberGenerator,
    ) throws(ExchangeError) -> Certificate {
        guard TrustedCertificate.isClientName(name) else {
            throw ExchangeError(.badRequest, "a client's name has 1 to 64 letters, digits, '.', '-' or '_'")
        }
        return try issue(
            CertificateProfile(
                commonName: name, organization: organization, uris: [TrustedCertificate.clientURN + name],
                usages: [.clientAuth]),
            to: subject, validity: validity, now: now, using: &random)
    }

    /// A certificate for a node's client listener: it serves under these names, and asks nothing.
    package func issueServer(
        name: String, dnsNames: [String], ipAddresses: [String] = [], key subject: VerifyingKey,
        validity: Duration = .seconds(90 * 86400), now: Timestamp, using random: inout some RandomNumberGenerator,
    ) throws(ExchangeError) -> Certificate {
        guard !dnsNames.isEmpty || !ipAddresses.isEmpty else {
            throw ExchangeError(.badRequest, "a server's certificate needs a DNS name or an IP address")
        }
        return try issue(
            CertificateProfile(
                commonName: name, dnsNames: dnsNames, ipAddresses: ipAddresses, usages: [.serverAuth]),
            to: subject, validity: validity, now: now, using: &random)
    }

    /// Whether this authority's key signed a certificate.
    package func signed(_ other: Certificate) -> Bool {
        certificate.publicKey.isValidSignature(other.signature, for: other)
    }

    /// A certificate of any shape, so that tests can make wrong ones.
    package func issue(
        _ profile: CertificateProfile, to subject: VerifyingKey, validity: Duration, now: Timestamp,
        using random: inout some RandomNumberGenerator,
    ) throws(ExchangeError) -> Certificate {
        let issuerKey = Certificate.PrivateKey(key.key)
        let publicKey = Certificate.PublicKey(subject.key)
        return try CertificateProfile.issuing {
            try Certificate(
                version: .v3, serialNumber: CertificateProfile.serial(using: &random), publicKey: publicKey,
                notValidBefore: CertificateProfile.date(now - .seconds(300)),
                notValidAfter: CertificateProfile.date(now + validity), issuer: certificate.subject,
                subject: try profile.subject, signatureAlgorithm: .ecdsaWithSHA256,
                extensions: try profile.extensions(for: publicKey, issuer: issuerKey.publicKey),
                issuerPrivateKey: issuerKey)
        }
    }
}

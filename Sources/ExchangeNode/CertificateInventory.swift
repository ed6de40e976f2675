import AdminEndpoint
import ExchangeCore
import Foundation
import GossipDirectory
import Trust
import X509

/// Something of a node's folder that ends on a day: a certificate, or the network's admission.
package struct KeptCertificate: Sendable {
    /// What it is.
    package enum Use: String, Sendable {
        /// The node's, on the peer port.
        case peers
        /// The client listener's.
        case clients
        /// An authority's.
        case authority
        /// A client's of the facility.
        case client
        /// The network's word that the community takes part.
        case admission
    }

    /// What it is.
    package let use: Use
    /// Whose: `this node`, `network`, a client's name.
    package let name: String
    /// SHA-256 of the certificate; nil for an admission.
    package let thumbprint: Thumbprint?
    /// SHA-256 of its key; nil for an admission.
    package let key: Thumbprint?
    /// The first moment it is valid.
    package let validFrom: Timestamp
    /// The first moment it is no longer valid.
    package let validUntil: Timestamp
    /// Whether the facility revoked it.
    package let isRevoked: Bool

    /// How it stands at a moment: the doctor's judgement.
    package func finding(now: Timestamp) -> HealthFinding {
        HealthRules.certificate(
            CertificateStatus(use: label, keyThumbprint: "", validFrom: validFrom, validUntil: validUntil), now: now)
    }

    /// What renews it.
    package var renewal: String {
        switch use {
        case .peers: "hie certificate renew --network DIR"
        case .clients: "hie certificate renew"
        case .client: "hie certificate renew --client \(name)"
        case .admission: "hie certificate issue --network DIR --node HOME"
        case .authority: name == "network" ? "the network's operator" : "a new authority for every client"
        }
    }

    private var label: String {
        switch use {
        case .peers, .clients, .admission: use.rawValue
        case .authority: name == "network" ? "network authority" : "client authority"
        case .client: "client \(name)"
        }
    }
}

/// Everything of a node's folder that ends on a day. Reads only.
package enum CertificateInventory {
    /// The most clients that are looked at.
    static let clientsMax = 10_000

    /// What lies in a folder, the first to end first; what cannot be read is left out (the doctor names it).
    package static func of(_ home: NodeHome) throws(ExchangeError) -> [KeptCertificate] {
        let revoked = Set(try RevokedClients.read(home.revokedClients).keys)
        var found = [
            (KeptCertificate.Use.peers, "this node", home.nodeCertificate), (.clients, "this node", home.listenerCertificate),
            (.authority, "network", home.networkAuthority), (.authority, "clients", home.clientAuthority),
        ].compactMap { use, name, url in certificate(use, name, url, revoked) }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: home.clients.path)) ?? []
        found += names.sorted().prefix(clientsMax).compactMap { name in
            certificate(.client, name, ClientFolder(home.clients.appendingPathComponent(name)).certificate, revoked)
        }
        if let grant = admission(home) {
            found.append(
                KeptCertificate(
                    use: .admission, name: "this node", thumbprint: nil, key: nil, validFrom: grant.notBefore,
                    validUntil: grant.expires, isRevoked: false))
        }
        return found.sorted { ($0.validUntil, $0.name) < ($1.validUntil, $1.name) }
    }

    private static func certificate(
        _ use: KeptCertificate.Use, _ name: String, _ url: URL, _ revoked: Set<Thumbprint>,
    ) -> KeptCertificate? {
        guard let text = try? PlainFile.text(url), let first = try? CertificatePEM.read(text).first else { return nil }
        return KeptCertificate(
            use: use, name: name, thumbprint: first.thumbprint, key: first.spkiThumbprint,
            validFrom: first.validFrom, validUntil: first.validUntil,
            isRevoked: revoked.contains(first.thumbprint) || revoked.contains(first.spkiThumbprint))
    }

    private static func admission(_ home: NodeHome) -> Admission.Grant? {
        guard let text = try? PlainFile.text(home.admission), let roots = try? PlainFile.text(home.networkAuthority),
            let keys = try? CertificatePEM.read(roots).compactMap(\.verifyingKey)
        else { return nil }
        let compact = text.filter { !$0.isWhitespace }
        for key in keys {
            if let admission = try? Admission(verifying: compact, network: key.thumbprint, authorities: [key]) {
                return admission.grant
            }
        }
        return nil
    }
}

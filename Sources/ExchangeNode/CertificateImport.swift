import ExchangeCore
import Foundation
import NIOSSL
import PeerTransport
import Trust
import X509

/// A certificate that an authority elsewhere made, for one of a node's two listeners.
package struct CertificateImport: Sendable {
    /// The certificate and what leads to its root, which is left out.
    package let chain: [Certificate]
    /// Its private key, where that came with it; else the one in the node's folder must be its own.
    package let key: SigningKey?

    /// From PEM texts; `.badRequest` when the first holds no certificate or the second no P-256 key.
    package init(certificatePEM: String, keyPEM: String?) throws(ExchangeError) {
        let read = try CertificatePEM.read(certificatePEM)
        chain = Self.withoutRoot(read)
        key = try keyPEM.map { pem throws(ExchangeError) in try SigningKey(pem: pem) }
    }

    /// From a PKCS #12 file (RFC 7292) of at most 1 MiB; `.unauthenticated` when the passphrase does not open it.
    package init(pkcs12 bytes: [UInt8], passphrase: [UInt8]) throws(ExchangeError) {
        guard bytes.count <= 1 << 20 else { throw ExchangeError(.tooLarge, "a PKCS #12 file of more than 1 MiB is not read") }
        let bundle: NIOSSLPKCS12Bundle
        do { bundle = try NIOSSLPKCS12Bundle(buffer: bytes, passphrase: passphrase) } catch {
            throw ExchangeError(
                .unauthenticated, "the PKCS #12 file cannot be opened: the passphrase is another, or the file is damaged")
        }
        let read = bundle.certificateChain.compactMap { try? CertificatePEM.read(der: $0.toDERBytes()) }
        guard !read.isEmpty, let der = try? bundle.privateKey.derBytes else {
            throw ExchangeError(.badRequest, "the PKCS #12 file holds no certificate with its key")
        }
        chain = Self.withoutRoot(read)
        key = try SigningKey(der: der)
    }

    /// Puts it into a node's folder for its peer port, once it is sure that peers will take it.
    ///
    /// Throws `.conflict` for another key than the node's: that changes the admission too (`hie certificate rotate`).
    @discardableResult
    package func takeForPeers(_ home: NodeHome, world: World) async throws(ExchangeError) -> Certificate {
        let configuration = try NodeConfiguration(of: home)
        let own = try SigningKey(pem: SecretFile.text(home.nodeKey))
        guard leaf?.spkiThumbprint == own.publicKey.thumbprint else {
            throw ExchangeError(
                .conflict, "the certificate is of another key than the node's; a new key is admitted by hie certificate rotate")
        }
        let roots = try CertificatePEM.read(PlainFile.text(home.networkAuthority))
        let verdict = await TrustPolicy(roots: roots).judge(chain: chain, as: .peer(configuration.community), now: world.now())
        try Self.demand(verdict)
        return try put(home.nodeCertificate)
    }

    /// Puts it into a node's folder for its client port.
    ///
    /// - Parameter authorities: whose certificate it is, when not the facility's own: clients need them too, and new clients
    ///   get them.
    @discardableResult
    package func takeForClients(_ home: NodeHome, authorities: [Certificate], world: World) async throws(ExchangeError)
        -> Certificate
    {
        let configuration = try NodeConfiguration(of: home)
        let own: SigningKey
        if let key { own = key } else { own = try SigningKey(pem: SecretFile.text(home.listenerKey)) }
        guard leaf?.spkiThumbprint == own.publicKey.thumbprint else {
            throw ExchangeError(.conflict, "the certificate is of another key; give its key too: --key, or a PKCS #12 file")
        }
        var others = authorities
        if others.isEmpty, let kept = try? PlainFile.text(home.listenerAuthority) { others = try CertificatePEM.read(kept) }
        let roots = try CertificatePEM.read(PlainFile.text(home.clientAuthority)) + others
        let name = ListenerNames(configuration).called ?? leaf?.serverNames.first ?? ""
        try Self.demand(await TrustPolicy(roots: roots).judge(chain: chain, as: .server(name), now: world.now()))
        if !authorities.isEmpty {
            try SecretFile.replace(home.listenerAuthority, Array(CertificatePEM.write(authorities).utf8))
        }
        if let key { try SecretFile.replace(home.listenerKey, Array(key.pem.utf8), mode: 0o600) }
        return try put(home.listenerCertificate)
    }

    private var leaf: Certificate? { chain.first }

    private func put(_ url: URL) throws(ExchangeError) -> Certificate {
        try SecretFile.replace(url, Array(CertificatePEM.write(chain).utf8))
        return chain[0]
    }

    private static func demand(_ verdict: TrustPolicy.Verdict) throws(ExchangeError) {
        guard case .refused(let why) = verdict else { return }
        let hint = if case .unknownAuthority = why { "; name its authority with --authority" } else { "" }
        throw ExchangeError(.badRequest, "\(why)\(hint)")
    }

    private static func withoutRoot(_ read: [Certificate]) -> [Certificate] {
        read.count == 1 ? read : read.filter { $0.issuer != $0.subject }
    }
}

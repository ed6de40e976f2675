import ExchangeCore
import NIOSSL
import Trust
import X509

/// What this side of a connection shows: its certificate, what leads to the root, and the key.
package struct TLSIdentity: Sendable {
    /// The certificate chain, own certificate first, the root left out.
    package let chain: [Certificate]
    /// The private key of the first.
    package let key: SigningKey
    /// SHA-256 of the own certificate: what assertions are bound to.
    package let thumbprint: Thumbprint

    /// An identity; `.badRequest` when the key is not the certificate's.
    package init(chain: [Certificate], key: SigningKey) throws(ExchangeError) {
        guard let own = chain.first, own.spkiThumbprint == key.publicKey.thumbprint else {
            throw ExchangeError(.badRequest, "the private key does not belong to the certificate")
        }
        self.chain = chain
        self.key = key
        thumbprint = own.thumbprint
    }

    /// An identity from its two PEM texts.
    package init(certificatePEM: String, keyPEM: String) throws(ExchangeError) {
        try self.init(chain: try CertificatePEM.read(certificatePEM), key: try SigningKey(pem: keyPEM))
    }

    var sources: (chain: [NIOSSLCertificateSource], key: NIOSSLPrivateKeySource) {
        get throws {
            (
                try chain.map { .certificate(try MutualTLS.certificate($0)) },
                .privateKey(try NIOSSLPrivateKey(bytes: Array(key.pem.utf8), format: .pem))
            )
        }
    }
}

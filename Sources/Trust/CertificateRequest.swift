import Crypto
import ExchangeCore
import SwiftASN1
import X509

/// A request for a certificate (PKCS #10, RFC 2986), as an authority elsewhere takes it: names, uses and the public key,
/// signed with the private one, which stays where it is.
package struct CertificateRequest: Sendable {
    /// The longest PEM text that is read, in bytes.
    package static let bytesMax = 64 * 1024

    /// The key that asks; the request is signed with it.
    package let key: VerifyingKey
    /// The one community among its names; nil when there is none, or more than one.
    package let community: CommunityID?
    /// DNS names it asks for.
    package let dnsNames: [String]
    /// IP addresses it asks for, as text.
    package let ipAddresses: [String]
    /// The PEM form (`CERTIFICATE REQUEST`).
    package let pem: String

    /// Asks for a certificate of a profile.
    package init(for profile: CertificateProfile, key: SigningKey) throws(ExchangeError) {
        do {
            let names = try profile.names
            let extensions = try Certificate.Extensions {
                Critical(KeyUsage(digitalSignature: true))
                if !profile.usages.isEmpty { try ExtendedKeyUsage(profile.usages) }
                if !names.isEmpty { SubjectAlternativeNames(names) }
            }
            let request = try CertificateSigningRequest(
                version: .v1, subject: profile.subject, privateKey: Certificate.PrivateKey(key.key),
                attributes: CertificateSigningRequest.Attributes([.init(ExtensionRequest(extensions: extensions))]),
                signatureAlgorithm: .ecdsaWithSHA256)
            try self.init(request)
        } catch let error as ExchangeError { throw error } catch {
            throw ExchangeError(.badRequest, "the request cannot be made: check the names given")
        }
    }

    /// Reads a PEM text; `.badRequest` when it is no request, not signed by its own key, or of another key than P-256.
    package init(pem: String) throws(ExchangeError) {
        guard pem.utf8.count <= Self.bytesMax else { throw ExchangeError(.tooLarge, "a request has at most 64 KiB") }
        do {
            try self.init(CertificateSigningRequest(pemEncoded: pem))
        } catch let error as ExchangeError { throw error } catch {
            throw ExchangeError(.badRequest, "this is no certificate request in PEM (CERTIFICATE REQUEST)")
        }
    }

    private init(_ request: CertificateSigningRequest) throws {
        guard request.publicKey.isValidSignature(request.signature, for: request) else {
            throw ExchangeError(.badRequest, "the request is not signed by the key it names")
        }
        guard let key = P256.Signing.PublicKey(request.publicKey) else {
            throw ExchangeError(.badRequest, "the request's key is not P-256")
        }
        let names = try request.attributes.extensionRequest?.extensions.subjectAlternativeNames.map(Array.init) ?? []
        guard names.count <= 64 else { throw ExchangeError(.badRequest, "the request names more than 64 names") }
        var (uris, dns, addresses): ([String], [String], [String]) = ([], [], [])
        for name in names {
            switch name {
            case .uniformResourceIdentifier(let uri): uris.append(uri)
            case .dnsName(let text): dns.append(text)
            case .ipAddress(let bytes): addresses.append(IPAddress.text(Array(bytes.bytes)))
            default: throw ExchangeError(.badRequest, "the request asks for a name that is no URI, DNS name or address")
            }
        }
        self.key = VerifyingKey(key)
        community = uris.count == 1 && uris[0].hasPrefix("urn:oid:") ? CommunityID(uris[0]) : nil
        (dnsNames, ipAddresses) = (dns, addresses)
        pem = try request.serializeAsPEM().pemString + "\n"
    }
}

import ExchangeCore
import FoundationEssentials
import SwiftASN1
import X509

/// Certificates as PEM text.
package enum CertificatePEM {
    /// The most certificates one text may hold.
    package static let countMax = 32

    /// Every certificate of a text, in order; `.badRequest` when there is none or one cannot be read.
    package static func read(_ text: String) throws(ExchangeError) -> [Certificate] {
        guard text.utf8.count <= 1 << 20 else {
            throw ExchangeError(.tooLarge, "a PEM file of more than 1 MiB is not read")
        }
        do {
            let documents = try PEMDocument.parseMultiple(pemString: text).filter { $0.discriminator == "CERTIFICATE" }
            guard (1...countMax).contains(documents.count) else {
                throw ExchangeError(.badRequest, "expected 1 to \(countMax) certificates in PEM")
            }
            return try documents.map { try Certificate(pemDocument: $0) }
        } catch let error as ExchangeError { throw error } catch {
            throw ExchangeError(.badRequest, "this is no certificate in PEM")
        }
    }

    /// The certificates as one text, in order.
    package static func write(_ certificates: [Certificate]) throws(ExchangeError) -> String {
        do { return try certificates.map { try $0.serializeAsPEM().pemString + "\n" }.joined() } catch {
            throw ExchangeError(.internal, "a certificate cannot be written as PEM")
        }
    }

    /// Reads one certificate in DER; nil for anything else.
    package static func read(der: [UInt8]) -> Certificate? { try? Certificate(derEncoded: der) }

    /// The DER form; nil never occurs for a certificate that was read or issued.
    package static func der(_ certificate: Certificate) -> [UInt8]? {
        var serializer = DER.Serializer()
        return (try? serializer.serialize(certificate)).map { _ in serializer.serializedBytes }
    }
}

extension Certificate {
    /// SHA-256 of the SubjectPublicKeyInfo in DER: what admissions name.
    package var spkiThumbprint: Thumbprint { Thumbprint(of: (try? publicKey.serializeAsPEM().derBytes) ?? []) }

    /// SHA-256 of the certificate in DER: `x5t#S256` of RFC 8705.
    package var thumbprint: Thumbprint { Thumbprint(of: CertificatePEM.der(self) ?? []) }

    /// The public key where it is P-256, nil otherwise.
    package var verifyingKey: VerifyingKey? { P256Key.of(self) }

    /// When it begins to be valid.
    package var validFrom: Timestamp { CertificateProfile.time(notValidBefore) }

    /// The first moment it is no longer valid, as we count it.
    package var validUntil: Timestamp { CertificateProfile.time(notValidAfter) }

    /// The DNS names and IP addresses it serves under, as text.
    package var serverNames: [String] {
        (alternativeNames ?? []).compactMap { name in
            switch name {
            case .dnsName(let text): text
            case .ipAddress(let bytes): IPAddress.text(Array(bytes.bytes))
            default: nil
            }
        }
    }

    /// Every name of the SAN; nil when the extension is there but cannot be read.
    var alternativeNames: [GeneralName]? {
        guard let found = try? extensions.subjectAlternativeNames else {
            return extensions[oid: .X509ExtensionID.subjectAlternativeName] == nil ? [] : nil
        }
        return Array(found)
    }
}

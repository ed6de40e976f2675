import Crypto
import ExchangeCore
import X509

enum P256Key {
    static func of(_ certificate: Certificate) -> VerifyingKey? {
        P256.Signing.PublicKey(certificate.publicKey).map { VerifyingKey($0) }
    }
}

/// What a certificate that was verified once says about the other side of a connection.
package struct TrustedCertificate: Sendable, Hashable {
    /// What stands before a client's name in its SAN URI.
    package static let clientURN = "urn:concordat:client:"

    /// The community a peer speaks for; nil for clients and servers.
    package let community: CommunityID?
    /// A client's name: of its SAN URI, or the common name where a facility's own authority writes none.
    package let clientName: String?
    /// SHA-256 of the key (SPKI).
    package let spkiThumbprint: Thumbprint
    /// SHA-256 of the certificate: `x5t#S256`.
    package let thumbprint: Thumbprint
    /// SHA-256 of the root that vouched for it.
    package let rootThumbprint: Thumbprint
    /// The latest beginning of any certificate of the chain.
    package let notBefore: Timestamp
    /// The earliest end of any certificate of the chain.
    package let notAfter: Timestamp

    /// Whether a text may be a client's name: 1 to 64 letters, digits, `.`, `-` or `_`.
    package static func isClientName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
                default: false
                }
            }
    }
}

/// Why a certificate was not trusted: for the administrator's log; the caller sees a TLS alert and nothing else.
package enum TrustRefusal: Hashable, Sendable, CustomStringConvertible {
    /// No certificate was presented.
    case noCertificate
    /// More certificates than a chain may have.
    case chainTooLong
    /// No chain to a root of this trust domain; what the last candidate failed at.
    case unknownAuthority(String)
    /// Its validity is over (a certificate of the chain).
    case expired
    /// Its validity has not begun.
    case notYetValid
    /// The extended key usages are not those of its kind.
    case wrongUsage
    /// An authority's certificate presented as an end entity's.
    case isAuthority
    /// A key other than P-256, where one is required.
    case wrongKeyType
    /// Not exactly one `urn:oid:` URI, or another name that has no place there.
    case wrongNames
    /// It speaks for another community than the one that was dialled.
    case otherCommunity
    /// It does not name the server that was dialled.
    case otherServer
    /// Its community's admission names other keys.
    case notAdmitted
    /// Revoked by its thumbprint or its key's.
    case revoked
    /// The listener believes certain certificates alone, and this is none of them.
    case notPinned

    package var description: String {
        switch self {
        case .noCertificate: "no certificate presented"
        case .chainTooLong: "certificate chain too long"
        case .unknownAuthority(let why): "certificate of an authority not trusted here\(why.isEmpty ? "" : ": \(why)")"
        case .expired: "certificate expired"
        case .notYetValid: "certificate not valid yet"
        case .wrongUsage: "certificate not made for this use (extended key usage)"
        case .isAuthority: "an authority's certificate cannot be used for a connection"
        case .wrongKeyType: "certificate key is not P-256"
        case .wrongNames: "certificate names are not those of its kind"
        case .otherCommunity: "certificate of another community"
        case .otherServer: "certificate of another server"
        case .notAdmitted: "certificate key is not in the community's admission"
        case .revoked: "certificate revoked"
        case .notPinned: "certificate is not among those pinned for this listener"
        }
    }
}

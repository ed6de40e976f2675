import ExchangeCore
import FoundationEssentials
import SwiftASN1
import X509

/// What a certificate says: whom it names and what it may be used for.
package struct CertificateProfile: Sendable {
    /// The subject's common name; decides nothing.
    package var commonName: String
    /// The subject's organisation; decides nothing.
    package var organization: String?
    /// URIs of the SAN: a community or a client.
    package var uris: [String]
    /// DNS names of the SAN.
    package var dnsNames: [String]
    /// IP addresses of the SAN, IPv4 or IPv6 in text form.
    package var ipAddresses: [String]
    /// Extended key usages; none leaves the extension out.
    package var usages: [ExtendedKeyUsage.Usage]
    /// Whether it may sign others; no profile of ours does.
    package var isAuthority: Bool

    /// A profile from its parts.
    package init(
        commonName: String, organization: String? = nil, uris: [String] = [], dnsNames: [String] = [],
        ipAddresses: [String] = [], usages: [ExtendedKeyUsage.Usage], isAuthority: Bool = false,
    ) {
        self.commonName = commonName
        self.organization = organization
        self.uris = uris
        self.dnsNames = dnsNames
        self.ipAddresses = ipAddresses
        self.usages = usages
        self.isAuthority = isAuthority
    }

    var subject: DistinguishedName {
        get throws {
            try DistinguishedName {
                if let organization { OrganizationName(organization) }
                CommonName(commonName)
            }
        }
    }

    /// The names of the SAN.
    var names: [GeneralName] {
        get throws(ExchangeError) {
            var names = uris.map { GeneralName.uniformResourceIdentifier($0) }
            names += dnsNames.map { .dnsName($0) }
            for address in ipAddresses {
                guard let bytes = IPAddress.bytes(address) else {
                    throw ExchangeError(.badRequest, "\(address) is not an IP address")
                }
                names.append(.ipAddress(ASN1OctetString(contentBytes: bytes[...])))
            }
            return names
        }
    }

    func extensions(for key: Certificate.PublicKey, issuer: Certificate.PublicKey) throws -> Certificate.Extensions {
        let names = try names
        return try Certificate.Extensions {
            if isAuthority {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
                Critical(KeyUsage(keyCertSign: true))
            } else {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
            }
            if !usages.isEmpty { try ExtendedKeyUsage(usages) }
            if !names.isEmpty { SubjectAlternativeNames(names) }
            SubjectKeyIdentifier(hash: key)
            AuthorityKeyIdentifier(keyIdentifier: SubjectKeyIdentifier(hash: issuer).keyIdentifier)
        }
    }

    /// 127 random bits: positive, unguessable, within RFC 5280's 20 bytes.
    static func serial(using random: inout some RandomNumberGenerator) -> Certificate.SerialNumber {
        var bytes: [UInt8] = []
        for _ in 0..<2 {
            let word = random.next() as UInt64
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: word >> (8 * $0)) }
        }
        // The first byte stays in 64...127: the number is positive, and always 16 bytes long.
        bytes[0] = bytes[0] & 0x3F | 0x40
        return Certificate.SerialNumber(bytes: bytes)
    }

    /// The one place where our time becomes the `Date` that swift-certificates asks for.
    static func date(_ time: Timestamp) -> Date { Date(timeIntervalSince1970: Double(time.milliseconds) / 1000) }

    /// And back.
    static func time(_ date: Date) -> Timestamp {
        Timestamp(milliseconds: Int64((date.timeIntervalSince1970 * 1000).rounded()))
    }

    static func issuing(_ body: () throws -> Certificate) throws(ExchangeError) -> Certificate {
        do { return try body() } catch let error as ExchangeError { throw error } catch {
            throw ExchangeError(.badRequest, "the certificate cannot be made: check the names given")
        }
    }
}

/// IP addresses in text form as the bytes of a certificate's SAN.
enum IPAddress {
    /// 4 or 16 bytes; nil for anything that is not an address.
    static func bytes(_ text: String) -> [UInt8]? { text.utf8.contains(UInt8(ascii: ":")) ? six(text) : four(text) }

    /// The text of 4 or 16 bytes; of others nothing.
    static func text(_ bytes: [UInt8]) -> String {
        if bytes.count == 4 { return bytes.map { String($0) }.joined(separator: ".") }
        guard bytes.count == 16 else { return "" }
        return stride(from: 0, to: 16, by: 2).map {
            String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16)
        }.joined(separator: ":")
    }

    private static func four(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard (1...3).contains(part.utf8.count), part.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                part == "0" || part.utf8.first != 0x30, let byte = UInt8(part)
            else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func six(_ text: String) -> [UInt8]? {
        let colon = UInt8(ascii: ":")
        let bytes = Array(text.utf8)
        guard bytes.count <= 39 else { return nil }
        var gap: Int?
        if let at = bytes.indices.dropLast().first(where: { bytes[$0] == colon && bytes[$0 + 1] == colon }) { gap = at }
        func groups(_ part: ArraySlice<UInt8>) -> [UInt8]? {
            if part.isEmpty { return [] }
            var result: [UInt8] = []
            for group in part.split(separator: colon, omittingEmptySubsequences: false) {
                guard (1...4).contains(group.count),
                    let word = UInt16(String(decoding: group, as: UTF8.self), radix: 16), group.first != 0x2B
                else { return nil }
                result += [UInt8(word >> 8), UInt8(word & 255)]
            }
            return result
        }
        guard let gap else {
            guard let all = groups(bytes[...]), all.count == 16 else { return nil }
            return all
        }
        guard let head = groups(bytes[..<gap]), let tail = groups(bytes[(gap + 2)...]), head.count + tail.count <= 14
        else { return nil }
        return head + [UInt8](repeating: 0, count: 16 - head.count - tail.count) + tail
    }
}

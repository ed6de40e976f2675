import ExchangeCore
import SwiftASN1
import X509

/// What an end entity's certificate calls itself, and whether that fits its kind.
enum CertificateNames {
    /// The first rule of its kind that a certificate breaks, whoever signed it.
    static func refusal(of leaf: Certificate, as kind: TrustPolicy.Kind) -> TrustRefusal? {
        guard let constraints = try? leaf.extensions.basicConstraints ?? .notCertificateAuthority,
            constraints == .notCertificateAuthority
        else { return .isAuthority }
        guard let usages = try? leaf.extensions.extendedKeyUsage else { return .wrongUsage }
        if let usage = try? leaf.extensions.keyUsage, !usage.digitalSignature { return .wrongUsage }
        guard let names = leaf.alternativeNames, names.count <= 64 else { return .wrongNames }
        switch kind {
        case .peer(let dialled):
            guard usages.contains(.clientAuth), usages.contains(.serverAuth) else { return .wrongUsage }
            guard P256Key.of(leaf) != nil else { return .wrongKeyType }
            guard let community = community(of: leaf) else { return .wrongNames }
            if let dialled, dialled != community { return .otherCommunity }
        case .client:
            guard usages.contains(.clientAuth) else { return .wrongUsage }
            guard uris(names).allSatisfy({ !isOID($0) }), clientName(of: leaf) != nil else { return .wrongNames }
        case .server(let name):
            guard usages.contains(.serverAuth) else { return .wrongUsage }
            guard isServer(names, called: name) else { return .otherServer }
        }
        return nil
    }

    /// The community of a certificate with exactly one URI, that being `urn:oid:`; nil otherwise.
    static func community(of leaf: Certificate) -> CommunityID? {
        guard let names = leaf.alternativeNames else { return nil }
        for name in names {
            switch name {
            case .uniformResourceIdentifier, .dnsName, .ipAddress: continue
            case .otherName, .rfc822Name, .x400Address, .directoryName, .ediPartyName, .registeredID: return nil
            }
        }
        let found = uris(names)
        guard found.count == 1, let uri = found.first, isOID(uri) else { return nil }
        return CommunityID(uri)
    }

    /// The client's name of its one URI of ours, or the common name when there is none.
    static func clientName(of leaf: Certificate) -> String? {
        guard let names = leaf.alternativeNames else { return nil }
        let prefix = TrustedCertificate.clientURN
        let ours = uris(names).filter { $0.utf8.starts(with: prefix.utf8) }
        if ours.isEmpty { return commonName(of: leaf) }
        guard ours.count == 1 else { return nil }
        let name = String(ours[0].dropFirst(prefix.count))
        return TrustedCertificate.isClientName(name) ? name : nil
    }

    private static func commonName(of leaf: Certificate) -> String? {
        var found: [String] = []
        for relative in leaf.subject {
            for attribute in relative where attribute.type == .RDNAttributeType.commonName {
                found.append(String(describing: attribute.value))
            }
        }
        guard found.count == 1, let name = found.first, (1...64).contains(name.utf8.count),
            name.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { return nil }
        return name
    }

    private static func uris(_ names: [GeneralName]) -> [String] {
        names.compactMap { if case .uniformResourceIdentifier(let uri) = $0 { uri } else { nil } }
    }

    private static func isOID(_ uri: String) -> Bool {
        uri.utf8.prefix(8).elementsEqual("urn:oid:".utf8) { left, right in left | 0x20 == right | 0x20 }
    }

    /// Exact names only: no wildcard, no common name; DNS names compare without case, addresses as bytes.
    private static func isServer(_ names: [GeneralName], called name: String) -> Bool {
        if let address = IPAddress.bytes(name) {
            return names.contains { if case .ipAddress(let found) = $0 { Array(found.bytes) == address } else { false } }
        }
        let wanted = lowercased(name)
        guard !wanted.isEmpty else { return false }
        return names.contains { if case .dnsName(let found) = $0 { lowercased(found) == wanted } else { false } }
    }

    private static func lowercased(_ text: String) -> [UInt8] {
        text.utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
    }
}

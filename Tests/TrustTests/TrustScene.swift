import ExchangeCore
import Testing
import X509

@testable import Trust

/// A generator that repeats: SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// A network and a facility with their authorities, and one certificate of each kind.
struct TrustScene {
    let now = Timestamp(seconds: 1_772_445_600)
    let network: CertificateAuthority
    let facility: CertificateAuthority
    let east: CommunityID
    let west: CommunityID
    let nodeKey = SigningKey()
    let clientKey = SigningKey()
    let node: Certificate
    let client: Certificate
    let server: Certificate

    init() throws {
        var random = SeededRandom(7)
        network = try CertificateAuthority(name: "network", key: SigningKey(), now: now, using: &random)
        facility = try CertificateAuthority(name: "facility", key: SigningKey(), now: now, using: &random)
        east = try #require(CommunityID("1.3.6.1.4.1.21367.2026.10"))
        west = try #require(CommunityID("1.3.6.1.4.1.21367.2026.20"))
        node = try network.issueNode(
            community: east, key: nodeKey.publicKey, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1", "::1"],
            now: now, using: &random)
        client = try facility.issueClient(
            name: "dr.brattain", organization: "Eastside", key: clientKey.publicKey, now: now, using: &random)
        server = try facility.issueServer(
            name: "a", dnsNames: ["a.example.org"], ipAddresses: ["127.0.0.1"], key: nodeKey.publicKey, now: now,
            using: &random)
    }

    var peers: TrustPolicy { TrustPolicy(roots: [network.certificate]) }
    var clients: TrustPolicy { TrustPolicy(roots: [facility.certificate]) }

    func issue(
        _ profile: CertificateProfile, by authority: CertificateAuthority, key: SigningKey = SigningKey(),
        validity: Duration = .seconds(86400), at time: Timestamp? = nil,
    ) throws -> Certificate {
        var random = SeededRandom(9)
        return try authority.issue(profile, to: key.publicKey, validity: validity, now: time ?? now, using: &random)
    }

    func peerProfile() -> CertificateProfile {
        CertificateProfile(commonName: "node", uris: [east.urn], usages: [.serverAuth, .clientAuth])
    }

    func assertion(now: Timestamp? = nil, tokenID: String = "one") throws -> PeerAssertion {
        let now = now ?? self.now
        return PeerAssertion(
            issuer: east, user: "dr.brattain", audience: west, issued: now, expires: now + .seconds(60),
            tokenID: tokenID, certificate: node.thumbprint, organization: "urn:oid:1.2.3", role: "physician",
            purpose: "TREAT", traceID: String(repeating: "a", count: 32))
    }

    func userToken() -> UserToken {
        UserToken(
            issuer: "https://a.example.org", user: "dr.brattain", audiences: [east.urn], issued: now,
            expires: now + .seconds(300), tokenID: "t1", certificate: client.thumbprint, userName: "Dr Brattain",
            organizationName: "Eastside", organizationID: east.urn, role: "physician", purpose: "TREAT")
    }
}

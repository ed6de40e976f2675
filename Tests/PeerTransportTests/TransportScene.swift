import ExchangeCore
import GossipDirectory
import NIOSSL
import Synchronization
import Testing
import Trust
import X509

@testable import PeerTransport

/// A network and a facility whose authorities, nodes and clients were made a moment before `now`.
struct TransportScene: Sendable {
    let now = Timestamp(seconds: 1_772_445_600)
    let network: CertificateAuthority
    let facility: CertificateAuthority
    let stranger: CertificateAuthority
    let east: CommunityID
    let west: CommunityID
    let eastNode: TLSIdentity
    let westNode: TLSIdentity
    let client: TLSIdentity
    let server: TLSIdentity

    init() throws {
        var random = SystemRandomNumberGenerator()
        network = try CertificateAuthority(name: "network", key: SigningKey(), now: now, using: &random)
        facility = try CertificateAuthority(name: "facility", key: SigningKey(), now: now, using: &random)
        stranger = try CertificateAuthority(name: "network", key: SigningKey(), now: now, using: &random)
        east = try #require(CommunityID("1.3.6.1.4.1.21367.2026.10"))
        west = try #require(CommunityID("1.3.6.1.4.1.21367.2026.20"))
        eastNode = try Self.node(east, by: network, now: now)
        westNode = try Self.node(west, by: network, now: now)
        let key = SigningKey()
        client = try TLSIdentity(
            chain: [
                facility.issueClient(
                    name: "ehr", organization: "East", key: key.publicKey, now: now, using: &random)
            ], key: key)
        let serverKey = SigningKey()
        server = try TLSIdentity(
            chain: [
                facility.issueServer(
                    name: "east", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], key: serverKey.publicKey,
                    now: now, using: &random)
            ], key: serverKey)
    }

    static func node(_ community: CommunityID, by authority: CertificateAuthority, now: Timestamp) throws -> TLSIdentity {
        var random = SystemRandomNumberGenerator()
        let key = SigningKey()
        return try TLSIdentity(
            chain: [authority.issueNode(community: community, key: key.publicKey, now: now, using: &random)], key: key)
    }

    var peers: TrustPolicy { TrustPolicy(roots: [network.certificate]) }
    var clients: TrustPolicy { TrustPolicy(roots: [facility.certificate]) }

    var world: World {
        let now = now
        let clock = ContinuousClock()
        let start = clock.now
        return World(
            now: { now }, uptime: { start.duration(to: clock.now) },
            randomBits: {
                var random = SystemRandomNumberGenerator()
                return random.next()
            }, sleep: { try await clock.sleep(for: $0) })
    }

    func peerListener(_ refused: @escaping @Sendable (TrustRefusal) -> Void = { _ in }) throws -> MutualTLS.Listener {
        try MutualTLS.peerListener(
            identity: CurrentIdentity(eastNode), policy: { [peers] in peers }, now: { [now] in now }, refused: refused)
    }

    func clientListener(_ refused: @escaping @Sendable (TrustRefusal) -> Void = { _ in }) throws -> MutualTLS.Listener {
        try MutualTLS.clientListener(
            identity: CurrentIdentity(server), policy: { [clients] in clients }, now: { [now] in now }, refused: refused)
    }

    /// TLS for calling with an identity, trusting a policy, meaning somebody.
    func caller(_ identity: TLSIdentity, _ kind: TrustPolicy.Kind, policy: TrustPolicy? = nil) throws -> CallerTLS {
        var isPeer = false
        if case .peer = kind { isPeer = true }
        let policy = policy ?? (isPeer ? peers : clients)
        return CallerTLS(
            context: try MutualTLS.callerContext(identity: identity, roots: policy.roots, isPeer: isPeer), kind: kind,
            policy: { policy }, now: { [now] in now })
    }

    func connections(_ identity: TLSIdentity? = nil, dial: DialRule = DialRule(own: ["127.0.0.1"])) throws -> PeerConnections {
        try PeerConnections(identity: identity ?? westNode, policy: { [peers] in peers }, world: world, dial: dial)
    }
}

/// What a listener refused, in order.
final class Refusals: Sendable {
    let all = Mutex<[TrustRefusal]>([])
    func add(_ refusal: TrustRefusal) { all.withLock { $0.append(refusal) } }
    var list: [TrustRefusal] { all.withLock { $0 } }
}

import ExchangeCore
import FHIREndpoint
import Foundation
import PeerTransport
import Synchronization
import Transactions
import Trust
import X509

/// A node's two trust domains, read from its folder: the facility's clients, and the network's peers.
///
/// The peers' policy is made anew for each question, so that an admission or revocation counts at once (security.md L14).
package struct TrustDomains: Sendable {
    /// What the node shows on the peer port, and to peers it calls.
    let shownToPeers: CurrentIdentity
    /// What it shows on the client port.
    let shownToClients: CurrentIdentity
    /// What the node shows to peers now.
    package var node: TLSIdentity { shownToPeers.now }
    /// What it shows to clients now.
    package var listener: TLSIdentity { shownToClients.now }
    /// The network authority's keys: whose admissions count.
    package let networkKeys: [VerifyingKey]
    /// Per `iss` the keys that may sign user tokens.
    package var issuers: [String: [VerifyingKey]] { held.now.keys }
    /// Per `iss` the key set of an identity provider.
    var sets: [String: [JSONWebKey]] {
        var sets = held.now.sets
        for remote in remoteSets { sets[remote.issuer] = remote.keys }
        return sets
    }
    /// Key sets that are fetched.
    let remoteSets: [RemoteKeySet]
    /// The systems that get tokens by themselves.
    var backendClients: [String: BackendClient] { held.now.clients }
    private let held: HeldIssuers
    /// Whose certificates were revoked by the facility.
    let revokedClients: RevokedClients
    /// Who is believed on the client port, but for those: made once, because it hashes its roots.
    private let facilityPolicy: TrustPolicy
    /// Who is believed between nodes, but for the directory's word: made once, because it hashes its roots.
    let networkPolicy: TrustPolicy

    /// Reads certificates and keys; refuses files that others may read.
    package init(_ home: NodeHome, _ configuration: NodeConfiguration, world: World = .system) throws(ExchangeError) {
        guard FileManager.default.fileExists(atPath: home.nodeCertificate.path) else {
            throw ExchangeError(
                .notFound,
                "the node has no certificate yet; run hie certificate issue --network DIR --node \(home.folder.path)")
        }
        shownToPeers = try CurrentIdentity(Self.peerIdentity(home))
        shownToClients = try CurrentIdentity(Self.clientIdentity(home))
        let networkRoots = try CertificatePEM.read(PlainFile.text(home.networkAuthority))
        networkPolicy = TrustPolicy(roots: networkRoots)
        revokedClients = try RevokedClients(home)
        facilityPolicy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(home.clientAuthority)))
        networkKeys = networkRoots.compactMap(\.verifyingKey)
        var (issuers, remote) = (try Self.issuers(home, configuration), [RemoteKeySet]())
        issuers.clients = try BackendSettings.clients(configuration.systems, home)
        for issuer in configuration.issuers {
            guard case .remote(let url, let authority) = issuer.source else { continue }
            remote.append(
                try RemoteKeySet(
                    issuer: issuer.issuer, url: url, authority: URL(fileURLWithPath: authority, relativeTo: home.folder),
                    identity: shownToPeers.now, world: world))
        }
        remoteSets = remote
        issuers.roles = configuration.roles
        issuers.pinned = configuration.pinned
        held = HeldIssuers(issuers)
    }

    /// Whose tokens count by a configuration: the facility's own, and those it names.
    static func issuers(_ home: NodeHome, _ configuration: NodeConfiguration) throws(ExchangeError) -> HeldIssuers.Value {
        var value = HeldIssuers.Value()
        value.keys[configuration.community.urn] = [try SigningKey(pem: SecretFile.text(home.tokenKey)).publicKey]
        for issuer in configuration.issuers {
            switch issuer.source {
            case .key(let file):
                let url = URL(fileURLWithPath: file, relativeTo: home.folder)
                value.keys[issuer.issuer, default: []].append(try VerifyingKey(pem: PlainFile.text(url)))
            case .set(let file): value.sets[issuer.issuer] = try KeySetFile.read(file, home).keys
            case .remote: continue
            }
        }
        return value
    }

    /// Believes these from the next request on.
    func renew(issuers: HeldIssuers.Value, clients: [String: BackendClient]) {
        held.change { value in
            (value.keys, value.sets, value.clients) = (issuers.keys, issuers.sets, clients)
        }
    }

    /// Reads roles and judges certificates by these from the next request and handshake on.
    func renew(roles: RoleNames, pinned: PinnedListeners) {
        held.change { value in (value.roles, value.pinned) = (roles, pinned) }
    }

    /// What the facility's own words for roles mean, now.
    var roles: RoleNames { held.now.roles }

    /// A token was signed with a key that an identity provider's set does not have.
    func note(missed issuer: String) { for remote in remoteSets where remote.issuer == issuer { remote.noteMissed() } }

    /// What lies in a folder for the peer port.
    static func peerIdentity(_ home: NodeHome) throws(ExchangeError) -> TLSIdentity {
        try TLSIdentity(certificatePEM: PlainFile.text(home.nodeCertificate), keyPEM: SecretFile.text(home.nodeKey))
    }

    /// What lies in a folder for the client port.
    static func clientIdentity(_ home: NodeHome) throws(ExchangeError) -> TLSIdentity {
        try TLSIdentity(
            certificatePEM: PlainFile.text(home.listenerCertificate), keyPEM: SecretFile.text(home.listenerKey))
    }

    /// Who is believed on the client port, now.
    package var clientPolicy: TrustPolicy { facilityPolicy(at: "clients") }

    /// Who is believed now on a listener of the facility's own: `clients`, or a feed's name.
    func facilityPolicy(at listener: String) -> TrustPolicy {
        var policy = facilityPolicy
        policy.revoked = revokedClients.all
        policy.pinned = held.now.pinned[listener]
        return policy
    }

    /// Who is believed on the peer port, by the directory as it is now.
    func peerListenerPolicy(_ directory: DirectoryBook, now: Timestamp) -> TrustPolicy {
        var policy = peerPolicy(directory, now: now)
        policy.pinned = held.now.pinned["peers"]
        return policy
    }

    /// Who is believed of the nodes that are called, by the directory as it is now.
    package func peerPolicy(_ directory: DirectoryBook, now: Timestamp) -> TrustPolicy {
        var policy = networkPolicy
        policy.admitted = directory.admittedKeys(at: now)
        return policy
    }
}

/// The keys of token issuers and systems, roles and pins, as they hold now.
final class HeldIssuers: Sendable {
    struct Value: Sendable {
        var keys: [String: [VerifyingKey]] = [:]
        var sets: [String: [JSONWebKey]] = [:]
        var clients: [String: BackendClient] = [:]
        var roles = RoleNames()
        var pinned = PinnedListeners()
    }

    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    var now: Value { value.withLock { $0 } }

    func change(_ body: @Sendable (inout Value) -> Void) { value.withLock { body(&$0) } }
}

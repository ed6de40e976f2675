import Crypto
import ExchangeCore
import Foundation
import Trust
import X509

/// Makes a node's folder: its three keys, its facility's authority, its configuration (`hie init`).
package enum NodeSetup {
    /// Makes everything but what the network's authority gives; `.conflict` when a node is there already.
    ///
    /// - Parameter yaml: the text of `node.yaml`, which is checked before anything is written.
    package static func create(_ home: NodeHome, yaml: String, world: World) throws(ExchangeError) {
        guard !home.isInitialised else {
            throw ExchangeError(.conflict, "\(home.folder.path) holds a node already; choose another folder")
        }
        let configuration = try NodeConfiguration(yaml: yaml)
        for folder in [home.folder, home.nodeKey.deletingLastPathComponent(), home.store, home.clients] {
            try SecretFile.makeFolder(folder)
        }
        try SecretFile.makeFolder(home.nodeCertificate.deletingLastPathComponent())
        var random = world.random
        let now = world.now()
        try SecretFile.create(home.nodeKey, Array(SigningKey().pem.utf8))
        try SecretFile.create(home.tokenKey, Array(SigningKey().pem.utf8))
        try SecretFile.create(home.logKey, Array(Curve25519.Signing.PrivateKey().rawRepresentation))
        try SecretFile.create(home.wrappingKey, world.randomBytes(32))
        let authority = try CertificateAuthority(
            name: "\(configuration.name) clients", key: SigningKey(), now: now, using: &random)
        try SecretFile.create(home.clientAuthorityKey, Array(authority.key.pem.utf8))
        try SecretFile.replace(home.clientAuthority, Array(CertificatePEM.write([authority.certificate]).utf8))
        let listener = SigningKey()
        let names = HostNames(configuration.clients.host)
        let certificate = try authority.issueServer(
            name: configuration.name, dnsNames: names.dns, ipAddresses: names.ip, key: listener.publicKey,
            validity: .seconds(397 * 86400), now: now, using: &random)
        try SecretFile.create(home.listenerKey, Array(listener.pem.utf8))
        try SecretFile.replace(home.listenerCertificate, Array(CertificatePEM.write([certificate]).utf8))
        // Last, because it is what makes the folder a node: a set-up that was cut off can be begun again elsewhere.
        try SecretFile.replace(home.configuration, Array(yaml.utf8), mode: 0o600)
    }

    /// The text of a `node.yaml` for what `hie init` was told.
    package static func yaml(
        name: String, community: String, clients: String, peers: String, consent: String, seeds: [String],
    ) -> String {
        """
        # One Concordat node. hie config check reads this file, hie config show prints every value in force.
        name: \(quoted(name))
        community: \(community)
        # Where this facility's own systems and staff connect (certificates of the facility's authority).
        clients: \(clients)
        # Where other facilities connect (certificates of the network's authority).
        peers: \(peers)
        # What holds for patients who have said nothing: opt-in or opt-out.
        consent: \(consent)
        # Peers to ask first; gossip brings the rest.
        seeds: [\(seeds.joined(separator: ", "))]

        """
    }

    /// YAML's double-quoted form, so that a name can hold anything a name can hold.
    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }
}

import ExchangeCore
import Foundation
import GossipDirectory
import Trust
import X509

/// A node's new key beside its old one, until everybody knows the new (directory.md 2.1: overlap allowed for rotation).
///
/// Three steps, each safe to repeat: the authority admits both keys and certifies the new; the node restarts and goes on
/// under the new; the authority admits the new alone. At no moment is a key in use that is not admitted.
extension NetworkAuthorityFolder {
    /// What a step left behind.
    package struct Rotated: Sendable {
        /// The thumbprint of the key the node uses from its next start on.
        package let key: Thumbprint
        /// The admission as it now stands in the node's folder: to be brought to a running node.
        package let admission: String
    }

    /// Makes a new key for a node and admits it beside the old one, in the epoch of the node's admission.
    ///
    /// Repeated before `finishRotation`, it certifies the same new key again.
    package func beginRotation(_ home: NodeHome, days: Int = 7) throws(ExchangeError) -> Rotated {
        if !FileManager.default.fileExists(atPath: home.oldNodeKey.path) {
            let old = try SecretFile.text(home.nodeKey)
            try SecretFile.create(home.oldNodeKey, Array(old.utf8))
            try SecretFile.replace(home.nodeKey, Array(SigningKey().pem.utf8), mode: 0o600)
        }
        let old = try SigningKey(pem: try SecretFile.text(home.oldNodeKey)).publicKey
        let new = try SigningKey(pem: try SecretFile.text(home.nodeKey)).publicKey
        // A crash may have left the copy and not the new key.
        guard old != new else {
            try SecretFile.replace(home.nodeKey, Array(SigningKey().pem.utf8), mode: 0o600)
            return try beginRotation(home, days: days)
        }
        return try admit(home, keys: [new, old], days: days)
    }

    /// Admits a node's new key alone and forgets the old; `.notFound` when no rotation is under way.
    package func finishRotation(_ home: NodeHome, days: Int = 7) throws(ExchangeError) -> Rotated {
        guard FileManager.default.fileExists(atPath: home.oldNodeKey.path) else {
            throw ExchangeError(.notFound, "no rotation is under way; begin one with hie certificate rotate")
        }
        let new = try SigningKey(pem: try SecretFile.text(home.nodeKey)).publicKey
        let rotated = try admit(home, keys: [new], days: days)
        unlink(home.oldNodeKey.path)
        return rotated
    }

    /// The admission that lies in a node's folder; `.forbidden` when this authority did not sign it.
    func held(_ home: NodeHome) throws(ExchangeError) -> Admission {
        let network = try opened().key.publicKey
        do {
            return try Admission(
                verifying: try PlainFile.text(home.admission).filter { !$0.isWhitespace }, network: network.thumbprint,
                authorities: [network])
        } catch let error as ExchangeError { throw error } catch {
            throw ExchangeError(.forbidden, "this authority did not admit that node; see hie certificate issue")
        }
    }

    /// The keys' admission and the first key's certificate, into the node's folder.
    private func admit(_ home: NodeHome, keys: [VerifyingKey], days: Int) throws(ExchangeError) -> Rotated {
        guard let first = keys.first else { throw ExchangeError(.badRequest, "a node needs a key") }
        let configuration = try NodeConfiguration(of: home)
        let authority = try opened()
        let network = authority.key.publicKey
        let held = try held(home)
        var random = world.random
        let names = HostNames(configuration.peers.host)
        let issued = try authority.issueNode(
            community: configuration.community, key: first, dnsNames: names.dns, ipAddresses: names.ip,
            validity: .seconds(days * 86400), now: world.now(), using: &random)
        // Later than the one before, whatever the clock says: the later admission of an epoch counts.
        let after = max(world.now(), held.grant.issued + .seconds(1))
        let admission = try Admission(
            granting: .init(
                network: network.thumbprint, community: configuration.community, organization: configuration.name,
                identifiers: held.grant.identifiers, keys: keys, epoch: held.grant.epoch, roles: held.grant.roles,
                issued: after), key: authority.key)
        try SecretFile.replace(home.nodeCertificate, Array(CertificatePEM.write([issued]).utf8))
        try SecretFile.replace(home.admission, Array(admission.token.compact.utf8))
        return Rotated(key: first.thumbprint, admission: admission.token.compact)
    }
}

extension NodeHome {
    /// The key before the last, while both are admitted.
    var oldNodeKey: URL { nodeKey.appendingPathExtension("old") }
}

extension NetworkAuthorityFolder {
    /// The thumbprint of the key in a node's folder: the one it uses from its next start on.
    package func newKey(of home: NodeHome) throws(ExchangeError) -> Thumbprint {
        try SigningKey(pem: try SecretFile.text(home.nodeKey)).publicKey.thumbprint
    }
}

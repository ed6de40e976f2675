import ExchangeCore
import Foundation
import GossipDirectory
import Trust
import X509

/// The folder of a network's authority: it certifies nodes and admits communities (Certificates/README.md).
///
/// In production it lies on a machine of its own; the demo makes one beside its nodes.
package struct NetworkAuthorityFolder: Sendable {
    /// The folder itself.
    package let folder: URL
    let world: World

    /// The authority's certificate, which every node of the network gets.
    package var certificate: URL { folder.appendingPathComponent("network.pem") }
    var key: URL { folder.appendingPathComponent("network.key") }

    /// An authority's folder at a path, made already or not.
    package init(_ path: String, world: World) {
        folder = URL(fileURLWithPath: path).standardizedFileURL
        self.world = world
    }

    /// Makes the authority; `.conflict` when there is one already.
    package func create(name: String) throws(ExchangeError) {
        var random = world.random
        let authority = try CertificateAuthority(name: name, key: SigningKey(), now: world.now(), using: &random)
        try SecretFile.makeFolder(folder)
        try SecretFile.create(key, Array(authority.key.pem.utf8))
        try SecretFile.replace(certificate, Array(CertificatePEM.write([authority.certificate]).utf8))
    }

    /// Certifies a node and admits its community; gives its certificate and admission into the node's folder.
    ///
    /// The node's key never leaves its folder: only its public half is read. Safe to repeat: a new certificate, a new
    /// admission.
    package func certify(_ home: NodeHome, days: Int = 7) throws(ExchangeError) {
        let configuration = try NodeConfiguration(of: home)
        let authority = try CertificateAuthority(
            certificatePEM: String(decoding: try PlainFile.read(certificate), as: UTF8.self),
            keyPEM: try SecretFile.text(key))
        let nodeKey = try SigningKey(pem: try SecretFile.text(home.nodeKey)).publicKey
        var random = world.random
        let names = HostNames(configuration.peers.host)
        let issued = try authority.issueNode(
            community: configuration.community, key: nodeKey, dnsNames: names.dns, ipAddresses: names.ip,
            validity: .seconds(days * 86400), now: world.now(), using: &random)
        let admission = try Admission(
            granting: .init(
                network: authority.key.publicKey.thumbprint, community: configuration.community,
                organization: configuration.name, keys: [nodeKey], issued: world.now()),
            key: authority.key)
        try SecretFile.replace(home.nodeCertificate, Array(CertificatePEM.write([issued]).utf8))
        try SecretFile.replace(home.networkAuthority, try PlainFile.read(certificate))
        try SecretFile.replace(home.admission, Array(admission.token.compact.utf8))
    }
}

extension NetworkAuthorityFolder {
    /// Certifies and admits whoever asks: what goes into a join token, and the key that signs it.
    func admit(_ request: JoinRequest, epoch: UInt32, days: Int) throws(ExchangeError) -> (
        admission: Admission, certificate: String, network: String, key: SigningKey
    ) {
        let authority = try opened()
        var random = world.random
        let names = HostNames(request.host)
        let issued = try authority.issueNode(
            community: request.community, key: request.key, dnsNames: names.dns, ipAddresses: names.ip,
            validity: .seconds(days * 86400), now: world.now(), using: &random)
        let admission = try Admission(
            granting: .init(
                network: authority.key.publicKey.thumbprint, community: request.community,
                organization: request.organization, keys: [request.key], epoch: epoch, issued: world.now()),
            key: authority.key)
        return try (
            admission, CertificatePEM.write([issued]), String(decoding: PlainFile.read(certificate), as: UTF8.self),
            authority.key
        )
    }

    /// The authority's word that a community takes part no longer: everything up to an epoch is void.
    package func revoke(_ community: CommunityID, epoch: UInt32, reason: String) throws(ExchangeError) -> Revocation {
        let authority = try opened()
        return try Revocation(
            of: community, epoch: epoch, network: authority.key.publicKey.thumbprint, reason: reason,
            issued: world.now(), key: authority.key)
    }

    func opened() throws(ExchangeError) -> CertificateAuthority {
        try CertificateAuthority(
            certificatePEM: String(decoding: try PlainFile.read(certificate), as: UTF8.self),
            keyPEM: try SecretFile.text(key))
    }
}

/// Files that hold no secret.
package enum PlainFile {
    /// The file's bytes; `.notFound` when it is not there or cannot be read.
    package static func read(_ url: URL) throws(ExchangeError) -> [UInt8] {
        guard let bytes = FileManager.default.contents(atPath: url.path) else {
            throw ExchangeError(.notFound, "cannot read \(url.path)")
        }
        return [UInt8](bytes)
    }

    /// The file as text.
    package static func text(_ url: URL) throws(ExchangeError) -> String { String(decoding: try read(url), as: UTF8.self) }
}

/// A host as a certificate names it: an IP address or a DNS name; loopback addresses also as `localhost`.
struct HostNames {
    let dns: [String]
    let ip: [String]

    init(_ host: String) {
        var address = in_addr()
        var address6 = in6_addr()
        if inet_pton(AF_INET, host, &address) == 1 || inet_pton(AF_INET6, host, &address6) == 1 {
            ip = [host]
            dns = host == "127.0.0.1" || host == "::1" ? ["localhost"] : []
        } else {
            dns = [host]
            ip = host == "localhost" ? ["127.0.0.1"] : []
        }
    }
}

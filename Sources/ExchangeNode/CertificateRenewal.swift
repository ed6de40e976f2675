import ExchangeCore
import Foundation
import GossipDirectory
import Trust
import X509

/// Certificates anew before they end, of the keys they have: nothing else changes, so nobody has to be told.
package enum CertificateRenewal {
    /// How long the client listener's certificate holds.
    package static let listenerDays = 397
    /// How long a client's certificate holds.
    package static let clientDays = 90

    /// A new certificate for a node's client listener, signed by its facility's authority, into the node's folder.
    ///
    /// Throws `.conflict` when another authority signed the one that lies there: only that one renews it.
    @discardableResult
    package static func renewListener(_ home: NodeHome, days: Int = listenerDays, world: World) throws(ExchangeError)
        -> Certificate
    {
        let configuration = try NodeConfiguration(of: home)
        let authority = try facility(home)
        if let held = try? CertificatePEM.read(PlainFile.text(home.listenerCertificate)).first, !authority.signed(held) {
            throw ExchangeError(
                .conflict,
                "another authority signed \(home.listenerCertificate.path); ask it: hie certificate request --use clients")
        }
        let key = try SigningKey(pem: SecretFile.text(home.listenerKey)).publicKey
        let names = ListenerNames(configuration)
        var random = world.random
        let issued = try authority.issueServer(
            name: configuration.name, dnsNames: names.dns, ipAddresses: names.ip, key: key,
            validity: .seconds(days * 86400), now: world.now(), using: &random)
        try SecretFile.replace(home.listenerCertificate, Array(CertificatePEM.write([issued]).utf8))
        return issued
    }

    /// A new certificate for a client of the facility, of the key it has, into its folder. Its token is bound to the old
    /// certificate, and is taken away.
    ///
    /// Throws `.notFound` for a client that is not here, `.forbidden` for one whose certificate was revoked: renewing it would
    /// let it in again.
    @discardableResult
    package static func renewClient(_ name: String, of home: NodeHome, days: Int = clientDays, world: World)
        throws(ExchangeError) -> Certificate
    {
        guard TrustedCertificate.isClientName(name) else {
            throw ExchangeError(.badRequest, "a client's name has 1 to 64 letters, digits, '.', '-' or '_'")
        }
        let client = ClientFolder(home.clients.appendingPathComponent(name))
        guard FileManager.default.fileExists(atPath: client.certificate.path) else {
            throw ExchangeError(.notFound, "there is no client \(name); hie certificate list names them")
        }
        let configuration = try NodeConfiguration(of: home)
        let revoked = try RevokedClients.read(home.revokedClients)
        let held = try CertificatePEM.read(PlainFile.text(client.certificate))[0]
        guard revoked[held.thumbprint] == nil, revoked[held.spkiThumbprint] == nil else {
            throw ExchangeError(
                .forbidden, "the certificate of \(name) was revoked; certify a new client: hie certificate issue --client")
        }
        let key = try SigningKey(pem: SecretFile.text(client.key)).publicKey
        var random = world.random
        let issued = try facility(home).issueClient(
            name: name, organization: configuration.name, key: key, validity: .seconds(days * 86400), now: world.now(),
            using: &random)
        try SecretFile.replace(client.certificate, Array(CertificatePEM.write([issued]).utf8))
        unlink(client.token.path)
        return issued
    }

    private static func facility(_ home: NodeHome) throws(ExchangeError) -> CertificateAuthority {
        try CertificateAuthority(
            certificatePEM: PlainFile.text(home.clientAuthority), keyPEM: SecretFile.text(home.clientAuthorityKey))
    }
}

extension NetworkAuthorityFolder {
    /// A new certificate for a node that this authority admitted, of the key it has, into the node's folder.
    ///
    /// Throws `.forbidden` when the authority did not admit the node with that key.
    @discardableResult
    package func renew(_ home: NodeHome, days: Int = 7) throws(ExchangeError) -> Certificate {
        let configuration = try NodeConfiguration(of: home)
        let key = try SigningKey(pem: try SecretFile.text(home.nodeKey)).publicKey
        let grant = try held(home).grant
        guard grant.community == configuration.community, grant.keys.contains(key) else {
            throw ExchangeError(.forbidden, "that node is not admitted with the key it has; see hie certificate issue")
        }
        let names = HostNames(configuration.peers.host)
        let issued = try issue(configuration.community, key: key, dns: names.dns, ip: names.ip, days: days)
        try SecretFile.replace(home.nodeCertificate, Array(CertificatePEM.write([issued]).utf8))
        return issued
    }

    /// The certificate for a node's request that was carried here.
    ///
    /// - Parameter community: whom the operator means; `.forbidden` when the request is another's.
    package func sign(_ request: CertificateRequest, for community: CommunityID, days: Int) throws(ExchangeError)
        -> Certificate
    {
        guard request.community == community else {
            throw ExchangeError(.forbidden, "the request asks for \(request.community?.urn ?? "no community"), not \(community.urn)")
        }
        return try issue(community, key: request.key, dns: request.dnsNames, ip: request.ipAddresses, days: days)
    }

    private func issue(_ community: CommunityID, key: VerifyingKey, dns: [String], ip: [String], days: Int)
        throws(ExchangeError) -> Certificate
    {
        var random = world.random
        return try opened().issueNode(
            community: community, key: key, dnsNames: dns, ipAddresses: ip, validity: .seconds(days * 86400),
            now: world.now(), using: &random)
    }
}

/// How a node's client listener is called: by the address it listens at, and by the URL its clients use.
struct ListenerNames {
    let dns: [String]
    let ip: [String]
    /// The name clients call it by, where there is one.
    let called: String?

    init(_ configuration: NodeConfiguration) {
        let url = URL(string: configuration.clientBase)?.host
        let hosts = [configuration.clients.host, url].compactMap(\.self).filter { !["0.0.0.0", "::", "[::]"].contains($0) }
        let names = (hosts.isEmpty ? ["localhost"] : hosts).map(HostNames.init)
        dns = Set(names.flatMap(\.dns)).sorted()
        ip = Set(names.flatMap(\.ip)).sorted()
        called = hosts.last
    }
}

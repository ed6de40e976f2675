import ExchangeCore
import Trust
import X509

extension CertificateRequest {
    /// The request of a node's folder for one of its two listeners, signed with the key that lies there.
    package static func of(_ home: NodeHome, forPeers: Bool) throws(ExchangeError) -> CertificateRequest {
        let configuration = try NodeConfiguration(of: home)
        if forPeers {
            let names = HostNames(configuration.peers.host)
            return try CertificateRequest(
                for: CertificateProfile(
                    commonName: configuration.community.urn, uris: [configuration.community.urn], dnsNames: names.dns,
                    ipAddresses: names.ip, usages: [.serverAuth, .clientAuth]),
                key: SigningKey(pem: SecretFile.text(home.nodeKey)))
        }
        let names = ListenerNames(configuration)
        return try CertificateRequest(
            for: CertificateProfile(
                commonName: configuration.name, dnsNames: names.dns, ipAddresses: names.ip, usages: [.serverAuth]),
            key: SigningKey(pem: SecretFile.text(home.listenerKey)))
    }
}

import ExchangeCore
import ExchangeNode
import Foundation
import PeerTransport
import Trust
import X509

/// Certificates of every wrong kind, and the right ones.
struct Cards: Sendable {
    let client: TLSIdentity
    let expiredClient: TLSIdentity
    let futureClient: TLSIdentity
    let strangersClient: TLSIdentity
    let selfSigned: TLSIdentity
    let server: TLSIdentity
    let node: TLSIdentity
    let expiredNode: TLSIdentity
    let strangersNode: TLSIdentity

    init(_ node: RunningNode, _ network: Network) throws {
        var random = World.system.random
        let now = World.system.now()
        let facility = try node.facility
        let stranger = try CertificateAuthority(
            name: "\(node.name) clients", key: SigningKey(), now: now, using: &random)
        let authority = try CertificateAuthority(
            certificatePEM: PlainFile.text(network.authority.certificate),
            keyPEM: SecretFile.text(network.authority.folder.appendingPathComponent("network.key")))
        func identity(_ make: (VerifyingKey) throws -> Certificate) throws -> TLSIdentity {
            let key = SigningKey()
            return try TLSIdentity(chain: [make(key.publicKey)], key: key)
        }
        client = try identity {
            try facility.issueClient(name: "ehr", organization: "x", key: $0, now: now, using: &random)
        }
        expiredClient = try identity {
            try facility.issueClient(
                name: "ehr", organization: "x", key: $0, validity: .seconds(-10), now: now, using: &random)
        }
        futureClient = try identity {
            try facility.issueClient(
                name: "ehr", organization: "x", key: $0, now: now + .seconds(86400), using: &random)
        }
        strangersClient = try identity {
            try stranger.issueClient(name: "ehr", organization: "x", key: $0, now: now, using: &random)
        }
        selfSigned = try TLSIdentity(
            chain: [
                stranger.issueClient(
                    name: "ehr", organization: "x", key: stranger.key.publicKey, now: now, using: &random)
            ], key: stranger.key)
        server = try identity {
            try facility.issueServer(name: "x", dnsNames: ["localhost"], key: $0, now: now, using: &random)
        }
        self.node = try node.peerIdentity
        expiredNode = try identity {
            try authority.issueNode(
                community: node.community, key: $0, validity: .seconds(-10), now: now, using: &random)
        }
        strangersNode = try identity {
            try stranger.issueNode(community: node.community, key: $0, now: now, using: &random)
        }
    }
}

extension TLSIdentity {
    /// Writes chain and key as PEM files, for programs that read files; their paths.
    func write(_ name: String, in folder: URL) throws -> (certificate: String, key: String) {
        let certificate = folder.appendingPathComponent("\(name).pem")
        let key = folder.appendingPathComponent("\(name).key")
        try SecretFile.replace(certificate, Array(CertificatePEM.write(chain).utf8))
        try SecretFile.replace(key, Array(self.key.pem.utf8), mode: 0o600)
        return (certificate.path, key.path)
    }
}

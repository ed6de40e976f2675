import AdminEndpoint
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Testing
import Trust
import X509

extension RealNodes {
    /// Certificates are made anew under open connections.
    @Suite struct CertificateRenewalTests {
        private static func first(_ url: URL) throws -> Certificate {
            try #require(CertificatePEM.read(PlainFile.text(url)).first)
        }

        /// What the client port shows to who connects now.
        private static func shownToClients(_ node: RunningNode, as identity: TLSIdentity) async throws -> Thumbprint {
            let roots = try CertificatePEM.read(PlainFile.text(node.home.clientAuthority))
            return try await shown(node.clients.number, as: identity, .server("127.0.0.1"), roots)
        }

        /// What the peer port shows to who connects now.
        private static func shownToPeers(_ node: RunningNode, as identity: TLSIdentity) async throws -> Thumbprint {
            let roots = try CertificatePEM.read(PlainFile.text(node.home.networkAuthority))
            return try await shown(node.peers.number, as: identity, .peer(node.community), roots)
        }

        private static func shown(_ port: Int, as identity: TLSIdentity, _ kind: TrustPolicy.Kind, _ roots: [Certificate])
            async throws -> Thumbprint
        {
            var isPeer = false
            if case .peer = kind { isPeer = true }
            let policy = TrustPolicy(roots: roots)
            let connection = try await HTTPConnection.connect(
                to: .host("127.0.0.1", port: port),
                tls: CallerTLS(
                    context: try MutualTLS.callerContext(identity: identity, roots: roots, isPeer: isPeer), kind: kind,
                    policy: { policy }, now: World.system.now), timeout: .seconds(5))
            defer { connection.close() }
            _ = try await connection.send(ClientRequest(.get, "/fhir/metadata"), timeout: .seconds(5))
            return try #require(connection.certificate).thumbprint
        }

        /// When a listener's certificate ends, as the running node tells.
        private static func end(_ use: String, _ node: RunningNode) async throws -> String? {
            let status = try await node.home.ask("node/status")
            return status["certificates"]?.items.first { $0["use"]?.string == use }?["validUntil"]?.string
        }

        @Test func `T44 a renewed certificate is shown from the next handshake on, and what is open stays open`() async throws {
            try await Network.one { network, node in
                let cards = try Cards(node, network)
                let client = try node.client()
                defer { client.close() }
                #expect(try await client.send(.get, "/Patient/unknown").status == 404)
                let before = try await Self.shownToClients(node, as: cards.client)
                let renewed = try CertificateRenewal.renewListener(node.home, days: 300, world: .system)
                #expect(renewed.thumbprint != before)
                #expect(try await Self.shownToClients(node, as: cards.client) == before, "not before the node is told")
                let answer = try await node.home.ask("certificate/reload")
                #expect(answer["renewed"] == ["clients"])
                #expect(answer["closed"]?.integer == 0)
                #expect(try await Self.shownToClients(node, as: cards.client) == renewed.thumbprint)
                // The same connection as before, which began under the old certificate.
                #expect(try await client.send(.get, "/Patient/unknown").status == 404)
                let own = try network.authority.renew(node.home, days: 3)
                #expect(try await node.home.ask("certificate/reload")["renewed"] == ["peers"])
                #expect(try await Self.shownToPeers(node, as: cards.node) == own.thumbprint)
                #expect(try await Self.end("peers", node) == own.validUntil.description)
                #expect(try await node.home.ask("certificate/reload")["renewed"] == [], "nothing new, nothing done")
            }
        }

        @Test func `three nodes go on asking each other while the certificate of the one that asks is renewed`() async throws {
            try await Region.run { region in
                try await region.publish(1, at: region.hospital, of: "RH-1")
                try await region.publish(2, at: region.clinic, of: "C-1")
                try await until("both documents are found", within: .seconds(20)) {
                    try await region.find().matches.count == 2
                }
                for round in 2..<7 {
                    try region.network.authority.renew(region.emergency.home, days: round)
                    async let renewed = region.emergency.home.ask("certificate/reload")
                    for _ in 0..<3 {
                        let found = try await region.find()
                        #expect(try found.matches.count == 2, "round \(round): \(found.text)")
                    }
                    #expect(try await renewed["renewed"] == ["peers"])
                }
            }
        }

        @Test func `a certificate that others would refuse is not taken up, and the one in use stays`() async throws {
            try await Network.one { network, node in
                let before = try await Self.end("peers", node)
                let kept = try PlainFile.read(node.home.nodeCertificate)
                let stranger = NetworkAuthorityFolder(network.folder.appendingPathComponent("stranger").path, world: .system)
                try stranger.create(name: "Another network")
                let authority = try CertificateAuthority(
                    certificatePEM: PlainFile.text(stranger.certificate),
                    keyPEM: SecretFile.text(stranger.folder.appendingPathComponent("network.key")))
                var random = World.system.random
                let forged = try authority.issueNode(
                    community: node.community, key: SigningKey(pem: SecretFile.text(node.home.nodeKey)).publicKey,
                    now: World.system.now(), using: &random)
                try SecretFile.replace(node.home.nodeCertificate, Array(CertificatePEM.write([forged]).utf8))
                await #expect(throws: ExchangeError.self) { try await node.home.ask("certificate/reload") }
                #expect(try await Self.end("peers", node) == before)
                try SecretFile.replace(node.home.nodeCertificate, kept)
                #expect(try await node.home.ask("certificate/reload")["renewed"] == [])
                #expect(throws: ExchangeError.self) { try stranger.renew(node.home) }
            }
        }

        @Test func `the client listener's certificate is renewed by the node itself before it ends`()
            async throws
        {
            try await Network.run { network in
                let node = try network.add()
                var random = World.system.random
                let soon = try node.facility.issueServer(
                    name: "x", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"],
                    key: SigningKey(pem: SecretFile.text(node.home.listenerKey)).publicKey,
                    validity: .seconds(100 * 86400), now: World.system.now() - .seconds(80 * 86400), using: &random)
                try SecretFile.replace(node.home.listenerCertificate, Array(CertificatePEM.write([soon]).utf8))
                _ = try ClientFolder.create(name: "laptop", of: node.home, days: 5, world: .system)
                _ = try TokenIssuer.issue(
                    TokenGrant(user: "dr.brattain", purpose: "TREAT"),
                    to: ClientFolder(node.home.clients.appendingPathComponent("laptop")), of: node.home, world: .system)
                let ended = try CertificateRenewal.renewClient("laptop", of: node.home, days: 1, world: .system)
                #expect(!FileManager.default.fileExists(atPath: node.home.clients.path + "/laptop/token.jwt"), "bound to the old one")
                #expect(ended.validUntil < World.system.now() + .seconds(2 * 86400))
                try await node.start()
                try await until("the node has renewed it", within: .seconds(10)) {
                    try Self.first(node.home.listenerCertificate).thumbprint != soon.thumbprint
                }
                _ = try await network.reason(since: 0, "a renewed certificate is in use", "clients")
                let until = try Self.first(node.home.listenerCertificate).validUntil
                #expect(until > World.system.now() + .seconds(300 * 86400))
                #expect(try await Self.end("clients", node) == until.description)
                let others = try CertificateInventory.of(node.home)
                #expect(others.contains { $0.use == .admission } && others.contains { $0.name == "laptop" })
            }
        }

        @Test func `what has ended is told in the log with what to do`() async throws {
            try await Network.run { network in
                let node = try network.add()
                var random = World.system.random
                let ended = try node.facility.issueServer(
                    name: "x", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"],
                    key: SigningKey(pem: SecretFile.text(node.home.listenerKey)).publicKey,
                    validity: .seconds(-60), now: World.system.now(), using: &random)
                try SecretFile.replace(node.home.listenerCertificate, Array(CertificatePEM.write([ended]).utf8))
                _ = try ClientFolder.create(name: "laptop", of: node.home, days: 90, world: .system)
                let lost = try Self.first(node.home.clients.appendingPathComponent("laptop/client.pem"))
                #expect(try RevokedClients.add(lost.thumbprint, name: "laptop", of: node.home, at: World.system.now()))
                #expect(throws: ExchangeError.self, "what was revoked is not let in again") {
                    try CertificateRenewal.renewClient("laptop", of: node.home, world: .system)
                }
                let brief = try network.authority.renew(node.home, days: 1)
                #expect(brief.validUntil < World.system.now() + .seconds(2 * 86400))
                try await node.start()
                try await until("an ended certificate is replaced at the start", within: .seconds(10)) {
                    try Self.first(node.home.listenerCertificate).thumbprint != ended.thumbprint
                }
                _ = try await network.reason(since: 0, "a renewed certificate is in use", "clients")
                let client = try node.client()
                defer { client.close() }
                #expect(try await client.send(.get, "/Patient/unknown").status == 404)
            }
        }
    }
}

import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import NIOSSL
import PeerTransport
import Testing
import Trust
import X509

extension RealNodes {
    /// Two doors, two trust domains: who comes with the wrong certificate does not even get an HTTP status.
    @Suite struct CertificateTests {
        @Test func `T40 each door lets its own in and nobody else, and the log says why`() async throws {
            try await Network.one { network, node in
                let cards = try Cards(node, network)
                let right = try await node.caller(cards.client).send(.get, "/metadata")
                #expect(right.status == 200)
                #expect(try await node.peer(cards.node).send(.get, "/metadata").status == 200)
                let atClients: [(String, TLSIdentity, String)] = [
                    ("other authority", cards.strangersClient, ""), ("expired", cards.expiredClient, "expired"),
                    ("not valid yet", cards.futureClient, "not valid yet"), ("self-signed", cards.selfSigned, ""),
                    ("a server's", cards.server, ""), ("a peer's", cards.node, ""),
                ]
                for (name, identity, reason) in atClients {
                    let place = network.log.count
                    await #expect(throws: ExchangeError.self, "\(name)") {
                        try await node.caller(identity).send(.get, "/metadata")
                    }
                    _ = try await network.reason(since: place, "certificate refused", "listener=clients", reason)
                }
                let atPeers: [(String, TLSIdentity, String)] = [
                    ("other authority", cards.strangersNode, ""), ("expired", cards.expiredNode, "expired"),
                    ("a client's", cards.client, ""), ("self-signed", cards.selfSigned, ""),
                    ("the client listener's", cards.server, ""),
                ]
                for (name, identity, reason) in atPeers {
                    let place = network.log.count
                    await #expect(throws: ExchangeError.self, "\(name)") {
                        try await node.peer(identity).send(.get, "/metadata")
                    }
                    _ = try await network.reason(since: place, "certificate refused", "listener=peers", reason)
                }
            }
        }

        @Test(arguments: [true, false]) func `T41 without a certificate nobody gets an answer`(isPeerPort: Bool) async throws {
            try await Network.one { network, node in
                let connection = try await RawConnection.open(
                    port: isPeerPort ? node.peers.number : node.clients.number, tls: RawConnection.configuration())
                await connection.send("GET /fhir/metadata HTTP/1.1\r\nHost: x\r\n\r\n")
                try await until("the connection ends", within: .seconds(5)) { !connection.isOpen }
                #expect(connection.received.isEmpty)
                #expect(connection.failure?.contains("CERTIFICATE_REQUIRED") == true, "\(connection.failure ?? "")")
                _ = try await network.reason(since: 0, "certificate refused", "no certificate presented", "address=127.0.0.1")
            }
        }

        @Test func `T42 TLS 1.2 is for clients alone, and never with CBC`() async throws {
            try await Network.one { network, node in
                let cards = try Cards(node, network)
                func ask(_ port: Int, _ configuration: TLSConfiguration) async throws -> RawConnection {
                    let connection = try await RawConnection.open(port: port, tls: configuration)
                    await connection.send("GET /fhir/metadata HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                    try await until("the connection ends", within: .seconds(5)) { !connection.isOpen }
                    return connection
                }
                let older = try await ask(
                    node.clients.number, RawConnection.configuration(cards.client, newest: .tlsv12))
                #expect(older.received.hasPrefix("HTTP/1.1 200"))
                let peer = try await ask(node.peers.number, RawConnection.configuration(cards.node, newest: .tlsv12))
                #expect(peer.received.isEmpty)
                #expect(peer.failure?.contains("PROTOCOL_VERSION") == true, "\(peer.failure ?? "")")
                let chained = try await ask(
                    node.clients.number,
                    RawConnection.configuration(
                        cards.client, newest: .tlsv12,
                        suites: [.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA, .TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA]))
                #expect(chained.received.isEmpty)
            }
        }

        @Test func `T44 a client's certificate that is revoked ends its open connection and gets no other, though its token holds`()
            async throws
        {
            try await Network.one { _, node in
                let (lost, other) = (try node.client("lost"), try node.client("kept"))
                defer {
                    lost.close()
                    other.close()
                }
                #expect(try await lost.send(.get, "/Patient/unknown").status == 404)
                #expect(try await other.send(.get, "/Patient/unknown").status == 404)
                let certificate = ClientFolder(node.home.clients.appendingPathComponent("lost")).certificate
                let thumbprint = try #require(CertificatePEM.read(PlainFile.text(certificate)).first).thumbprint
                #expect(try RevokedClients.add(thumbprint, name: "lost", of: node.home, at: World.system.now()))
                #expect(try !RevokedClients.add(thumbprint, name: "lost", of: node.home, at: World.system.now()))
                #expect(try await node.home.ask("certificate/reload")["closed"]?.integer == 1)
                await #expect(throws: ExchangeError.self) { try await lost.send(.get, "/Patient/unknown") }
                #expect(try await other.send(.get, "/Patient/unknown").status == 404)
                // What the file says holds after a restart, too; a line that is none stops the node rather than let somebody in.
                try await node.stop()
                try await node.start()
                await #expect(throws: ExchangeError.self) { try await lost.send(.get, "/Patient/unknown") }
                try await node.stop()
                try SecretFile.replace(node.home.revokedClients, Array("nonsense\n".utf8))
                await #expect(throws: ExchangeError.self) { try await node.start() }
            }
        }

        @Test func `T43 a community of the network that was not admitted reaches the directory and no patient`() async throws {
            try await Network.one { network, node in
                try await node.register()
                var random = World.system.random
                let authority = try CertificateAuthority(
                    certificatePEM: PlainFile.text(network.authority.certificate),
                    keyPEM: SecretFile.text(network.authority.folder.appendingPathComponent("network.key")))
                let key = SigningKey()
                let community = try #require(CommunityID("1.3.6.1.4.1.21367.2026.99"))
                let identity = try TLSIdentity(
                    chain: [
                        authority.issueNode(community: community, key: key.publicKey, now: World.system.now(), using: &random)
                    ], key: key)
                let now = World.system.now()
                let assertion = PeerAssertion(
                    issuer: community, user: "mallory", audience: node.community, issued: now,
                    expires: now + .seconds(60), tokenID: World.system.newTraceID(), certificate: identity.thumbprint,
                    organization: community.urn, role: nil, purpose: "TREAT", traceID: World.system.newTraceID())
                let place = network.log.count
                let reply = try await node.peer(identity).send(
                    .get, "/Patient?identifier=\(node.numbers)%7C\(Canary.number)",
                    as: .text(assertion.signed(with: key).compact))
                #expect(reply.status == 401)
                #expect(try reply.issues.count == 1)
                _ = try await network.reason(since: place, "request refused", "status=401", "admission")
            }
        }
    }
}

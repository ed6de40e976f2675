import ExchangeCore
import Synchronization
import Testing
import Trust
import X509

@testable import FHIREndpoint

/// A facility and its network, a client and a peer, and what tests may turn while requests come in.
final class DoorScene: Sendable {
    struct Turned {
        var now = Timestamp(seconds: 1_772_445_600)
        var isRevoked = false
        var isAdmitted = true
        var issuers: [String: [VerifyingKey]] = [:]
    }

    let turned = Mutex(Turned())
    let network: CertificateAuthority
    let facility: CertificateAuthority
    let own: CommunityID
    let peer: CommunityID
    let tokenKey = SigningKey()
    let nodeKey = SigningKey()
    let client: Certificate
    let node: Certificate

    init() throws {
        var random = SystemRandomNumberGenerator()
        let now = Timestamp(seconds: 1_772_445_600)
        network = try CertificateAuthority(name: "network", key: SigningKey(), now: now, using: &random)
        facility = try CertificateAuthority(name: "facility", key: SigningKey(), now: now, using: &random)
        own = try #require(CommunityID("1.3.6.1.4.1.21367.2026.10"))
        peer = try #require(CommunityID("1.3.6.1.4.1.21367.2026.11"))
        client = try facility.issueClient(
            name: "dr.brattain", organization: "Eastside", key: SigningKey().publicKey, now: now, using: &random)
        node = try network.issueNode(community: peer, key: nodeKey.publicKey, now: now, using: &random)
        turned.withLock { $0.issuers = ["https://a.example.org": [tokenKey.publicKey]] }
    }

    var now: Timestamp { turned.withLock(\.now) }

    var clients: AccessTokenAuthenticator {
        AccessTokenAuthenticator(
            community: own, audiences: [own.urn], policy: { self.policy(self.facility, self.client) },
            issuers: { self.turned.withLock(\.issuers) }, now: { self.now })
    }

    var peers: PeerAssertionAuthenticator {
        PeerAssertionAuthenticator(
            community: own, policy: { self.policy(self.network, self.node) },
            key: { community, thumbprint in
                community == self.peer && thumbprint == self.nodeKey.publicKey.thumbprint ? self.nodeKey.publicKey : nil
            }, now: { self.now })
    }

    private func policy(_ authority: CertificateAuthority, _ certificate: Certificate) -> TrustPolicy {
        turned.withLock { turned in
            TrustPolicy(
                roots: [authority.certificate],
                admitted: turned.isAdmitted ? [peer: [nodeKey.publicKey.thumbprint]] : [:],
                revoked: turned.isRevoked ? [certificate.thumbprint] : [])
        }
    }

    func connection(_ certificate: Certificate, at door: any RequestAuthenticator) async throws -> ConnectionIdentity {
        guard case .trusted(let trusted) = await door.judge(certificate) else {
            throw ExchangeError(.unauthenticated, "the certificate was not trusted")
        }
        return ConnectionIdentity(certificate: trusted)
    }

    func token(
        audience: String? = nil, lifetime: Int64 = 300, issuer: String = "https://a.example.org",
        organization: String? = "urn:oid:1.2.3", certificate: Thumbprint? = nil, key: SigningKey? = nil,
    ) throws -> String {
        let token = UserToken(
            issuer: issuer, user: "dr.brattain", audiences: [audience ?? own.urn], issued: now,
            expires: now + .seconds(lifetime), tokenID: "t1", certificate: certificate ?? client.thumbprint,
            organizationID: organization, role: "physician", purpose: "TREAT")
        return try token.signed(with: key ?? tokenKey).compact
    }

    func assertion(
        id: String = "one", audience: CommunityID? = nil, certificate: Thumbprint? = nil, issuer: CommunityID? = nil,
        key: SigningKey? = nil, age: Duration = .zero, organization: String? = nil,
    ) throws -> String {
        let assertion = PeerAssertion(
            issuer: issuer ?? peer, user: "dr.brattain", audience: audience ?? own, issued: now - age,
            expires: now - age + .seconds(60), tokenID: id, certificate: certificate ?? node.thumbprint,
            organization: organization ?? peer.urn, role: "physician", purpose: "TREAT",
            traceID: String(repeating: "a", count: 32))
        return try assertion.signed(with: key ?? nodeKey).compact
    }
}

@Suite struct AuthenticatorTests {
    let scene: DoorScene

    init() throws { scene = try DoorScene() }

    private func ask(_ door: any RequestAuthenticator, _ connection: ConnectionIdentity, _ token: String) -> Authentication {
        door.authenticate(
            RequestCredentials(
                connection: connection, token: token, traceID: String(repeating: "b", count: 32), deadline: .seconds(9)))
    }

    private func reason(_ answer: Authentication) -> String? {
        if case .refused(let reason) = answer { reason } else { nil }
    }

    @Test func `a client's token says who asks`() async throws {
        let door = scene.clients
        let connection = try await scene.connection(scene.client, at: door)
        guard case .context(let context) = ask(door, connection, try scene.token()) else {
            return #expect(Bool(false), "the token is good")
        }
        #expect(context.door == .client)
        #expect(context.user == "dr.brattain")
        #expect(context.role == "physician")
        #expect(context.organization == "urn:oid:1.2.3")
        #expect(context.community == scene.own)
        #expect(context.purpose == "TREAT")
        #expect(context.deadline == .seconds(9))
        #expect(context.traceID == String(repeating: "b", count: 32))
        #expect(context.tokenID == "t1")
    }

    @Test func `T34 a token of another certificate, node, issuer, key or time is refused with its reason`() async throws {
        let door = scene.clients
        let connection = try await scene.connection(scene.client, at: door)
        let cases: [(String, TokenRefusal)] = [
            (try scene.token(certificate: scene.node.thumbprint), .wrongCertificate),
            (try scene.token(audience: scene.peer.urn), .wrongAudience),
            (try scene.token(issuer: "https://evil.example.org"), .wrongIssuer),
            (try scene.token(key: SigningKey()), .unknownKey), (try scene.token(lifetime: 3601), .lifetimeTooLong),
            (try scene.token(lifetime: 0), .expired),
            (try scene.token(organization: nil), .missingClaim("subject_organization_id")),
            (try scene.assertion(), .wrongType),
        ]
        for (token, refusal) in cases { #expect(reason(ask(door, connection, token)) == refusal.description) }
        let good = try scene.token()
        for cut in [0, 1, 40, good.utf8.count - 1] {
            #expect(reason(ask(door, connection, String(good.prefix(cut)))) != nil)
        }
    }

    @Test func `a token verified before still expires to the millisecond`() async throws {
        let door = scene.clients
        let connection = try await scene.connection(scene.client, at: door)
        let token = try scene.token(lifetime: 60)
        #expect(reason(ask(door, connection, token)) == nil)
        scene.turned.withLock { $0.now = $0.now + .milliseconds(59_999) }
        #expect(reason(ask(door, connection, token)) == nil)
        scene.turned.withLock { $0.now = $0.now + .milliseconds(1) }
        #expect(reason(ask(door, connection, token)) == TokenRefusal.expired.description)
    }

    @Test func `a token verified before is refused once its issuer's key is gone`() async throws {
        let door = scene.clients
        let connection = try await scene.connection(scene.client, at: door)
        let token = try scene.token()
        #expect(reason(ask(door, connection, token)) == nil)
        scene.turned.withLock { $0.issuers = ["https://a.example.org": [SigningKey().publicKey]] }
        #expect(reason(ask(door, connection, token)) == TokenRefusal.unknownKey.description)
    }

    @Test func `T27 a certificate revoked on an open connection is refused at the next request`() async throws {
        let doors: [(any RequestAuthenticator, Certificate)] = [(scene.clients, scene.client), (scene.peers, scene.node)]
        for (door, certificate) in doors {
            let connection = try await scene.connection(certificate, at: door)
            #expect(door.refusal(of: connection.certificate) == nil)
            scene.turned.withLock { $0.isRevoked = true }
            #expect(door.refusal(of: connection.certificate) == TrustRefusal.revoked.description)
            scene.turned.withLock { $0.isRevoked = false }
        }
    }

    @Test func `a certificate expires on an open connection`() async throws {
        let connection = try await scene.connection(scene.client, at: scene.clients)
        scene.turned.withLock { $0.now = $0.now + .seconds(91 * 86400) }
        #expect(scene.clients.refusal(of: connection.certificate) == TrustRefusal.expired.description)
    }

    @Test func `a peer at the client door and a client at the peer door are refused`() async throws {
        await #expect(throws: ExchangeError.self) { try await scene.connection(scene.node, at: scene.clients) }
        await #expect(throws: ExchangeError.self) { try await scene.connection(scene.client, at: scene.peers) }
        let peer = try await scene.connection(scene.node, at: scene.peers)
        let client = try await scene.connection(scene.client, at: scene.clients)
        #expect(scene.clients.refusal(of: peer.certificate) != nil)
        #expect(scene.peers.refusal(of: client.certificate) != nil)
        #expect(reason(ask(scene.peers, client, try scene.assertion())) != nil)
    }

    @Test func `a peer's assertion says who asks, and its trace goes on`() async throws {
        let door = scene.peers
        let connection = try await scene.connection(scene.node, at: door)
        guard case .context(let context) = ask(door, connection, try scene.assertion()) else {
            return #expect(Bool(false), "the assertion is good")
        }
        #expect(context.door == .peer)
        #expect(context.community == scene.peer)
        #expect(context.traceID == String(repeating: "a", count: 32))
        #expect(context.tokenID == "one")
    }

    @Test func `T18 an assertion is good once, and not from before the start`() async throws {
        let door = scene.peers
        let first = try await scene.connection(scene.node, at: door)
        let assertion = try scene.assertion()
        #expect(reason(ask(door, first, assertion)) == nil)
        #expect(reason(ask(door, first, assertion)) == TokenRefusal.replayed.description)
        let second = try await scene.connection(scene.node, at: door)
        #expect(reason(ask(door, second, assertion)) == TokenRefusal.replayed.description)
        let old = try scene.assertion(id: "two", age: .milliseconds(1))
        #expect(reason(ask(door, first, old)) == TokenRefusal.replayed.description)
        let restarted = scene.peers
        scene.turned.withLock { $0.now = $0.now + .seconds(1) }
        #expect(reason(ask(restarted, first, assertion)) == nil)
        #expect(reason(ask(scene.peers, first, assertion)) == TokenRefusal.replayed.description)
    }

    @Test func `an assertion for another node, of another community, key or certificate is refused`() async throws {
        let door = scene.peers
        let connection = try await scene.connection(scene.node, at: door)
        let cases: [(String, TokenRefusal)] = [
            (try scene.assertion(audience: scene.peer), .wrongAudience),
            (try scene.assertion(issuer: scene.own), .wrongIssuer),
            (try scene.assertion(key: SigningKey()), .unknownKey),
            (try scene.assertion(certificate: scene.client.thumbprint), .wrongCertificate),
            (try scene.token(), .wrongType),
        ]
        for (token, refusal) in cases { #expect(reason(ask(door, connection, token)) == refusal.description) }
    }

    @Test func `T9 a peer names its own units as the organisation, never another community`() async throws {
        let door = scene.peers
        let connection = try await scene.connection(scene.node, at: door)
        #expect(reason(ask(door, connection, try scene.assertion(id: "1", organization: "Emergency ward"))) == nil)
        #expect(reason(ask(door, connection, try scene.assertion(id: "2", organization: scene.own.urn))) != nil)
    }

    @Test func `a stranger's certificate holds for the directory and for nothing else`() async throws {
        let door = scene.peers
        scene.turned.withLock { $0.isAdmitted = false }
        let connection = try await scene.connection(scene.node, at: door)
        #expect(door.refusal(of: connection.certificate) == nil)
        #expect(reason(ask(door, connection, try scene.assertion())) == TrustRefusal.notAdmitted.description)
    }
}

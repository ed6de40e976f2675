import ExchangeCore
import NIOCore
import NIOSSL
import Synchronization
import Testing
import Trust

@testable import PeerTransport

@Suite struct MutualTLSTests {
    let scene: TransportScene

    init() throws { scene = try TransportScene() }

    /// Whether a request gets through, and why not.
    private func ask(_ server: LoopbackServer, _ tls: CallerTLS) async -> ExchangeError? {
        do {
            let connection = try await HTTPConnection.connect(to: server.destination, tls: tls)
            defer { connection.close() }
            _ = try await connection.send(ClientRequest(.get, "/"), timeout: .seconds(10))
            return nil
        } catch { return error }
    }

    /// A caller's TLS of any shape, trusting whatever answers, so that only the server's judgement shows.
    private func wild(
        _ identity: TLSIdentity?, oldest: TLSVersion = .tlsv12, newest: TLSVersion = .tlsv13, suites: String? = nil,
        trusting roots: TrustPolicy, kind: TrustPolicy.Kind,
    ) throws -> CallerTLS {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let identity {
            configuration.certificateChain = try identity.sources.chain
            configuration.privateKey = try identity.sources.key
        }
        configuration.certificateVerification = .noHostnameVerification
        configuration.trustRoots = .certificates(try roots.roots.map(MutualTLS.certificate))
        configuration.minimumTLSVersion = oldest
        configuration.maximumTLSVersion = newest
        if let suites { configuration.cipherSuites = suites }
        return CallerTLS(
            context: try NIOSSLContext(configuration: configuration), kind: kind, policy: { roots },
            now: { [now = scene.now] in now })
    }

    @Test func `T30 T32 the peer port takes nodes of the network and nobody else`() async throws {
        let refusals = Refusals()
        let server = try await LoopbackServer.start(tls: scene.peerListener(refusals.add)) { _ in .answer(200) }
        #expect(await ask(server, try scene.caller(scene.westNode, .peer(scene.east))) == nil)
        let foreign = try TransportScene.node(scene.west, by: scene.stranger, now: scene.now)
        let expired = try TransportScene.node(scene.west, by: scene.network, now: scene.now - .seconds(8 * 86400))
        let early = try TransportScene.node(scene.west, by: scene.network, now: scene.now + .seconds(3600))
        for identity in [foreign, expired, early, scene.client, scene.server] {
            let tls = try wild(identity, trusting: scene.peers, kind: .peer(nil))
            #expect(await ask(server, tls) == ExchangeError(.unavailable, ""))
        }
        #expect(refusals.list == [.unknownAuthority(""), .expired, .notYetValid, .wrongUsage, .wrongUsage])
        #expect(await ask(server, try wild(nil, trusting: scene.peers, kind: .peer(nil))) == ExchangeError(.unavailable, ""))
        #expect(server.seen.withLock { $0 }.count == 1)
        try await server.stop()
    }

    @Test func `T30 T32 the client port takes clients of the facility and nobody else`() async throws {
        let refusals = Refusals()
        let server = try await LoopbackServer.start(tls: scene.clientListener(refusals.add)) { _ in .answer(200) }
        #expect(await ask(server, try scene.caller(scene.client, .server("127.0.0.1"))) == nil)
        for identity in [scene.westNode, scene.eastNode, scene.server] {
            let tls = try wild(identity, trusting: scene.clients, kind: .server("127.0.0.1"))
            #expect(await ask(server, tls) == ExchangeError(.unavailable, ""))
        }
        #expect(refusals.list == [.wrongNames, .wrongNames, .wrongUsage])
        let nobody = try wild(nil, trusting: scene.clients, kind: .server("127.0.0.1"))
        #expect(await ask(server, nobody) == ExchangeError(.unavailable, ""))
        #expect(server.seen.withLock { $0 }.count == 1)
        try await server.stop()
    }

    @Test func `T33 the peer port speaks TLS 1.3 alone, the client port 1.2 with AEAD at the least`() async throws {
        let peer = try await LoopbackServer.start(tls: scene.peerListener()) { _ in .answer(200) }
        for version in [TLSVersion.tlsv1, .tlsv11, .tlsv12] {
            let tls = try wild(
                scene.westNode, oldest: .tlsv1, newest: version, trusting: scene.peers, kind: .peer(nil))
            #expect(await ask(peer, tls) == ExchangeError(.unavailable, ""), "\(version)")
        }
        let client = try await LoopbackServer.start(tls: scene.clientListener()) { _ in .answer(200) }
        let kind = TrustPolicy.Kind.server("127.0.0.1")
        for version in [TLSVersion.tlsv1, .tlsv11] {
            let tls = try wild(scene.client, oldest: .tlsv1, newest: version, trusting: scene.clients, kind: kind)
            #expect(await ask(client, tls) == ExchangeError(.unavailable, ""), "\(version)")
        }
        for suite in ["ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"] {
            let tls = try wild(
                scene.client, newest: .tlsv12, suites: suite, trusting: scene.clients, kind: kind)
            #expect(await ask(client, tls) == nil, "\(suite)")
        }
        for suite in ["ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "AES128-GCM-SHA256"] {
            let tls = try wild(
                scene.client, newest: .tlsv12, suites: suite, trusting: scene.clients, kind: kind)
            #expect(await ask(client, tls) == ExchangeError(.unavailable, ""), "\(suite)")
        }
        try await peer.stop()
        try await client.stop()
    }

    @Test func `T9 a caller leaves when another node answers than the one it meant, and says why`() async throws {
        let server = try await LoopbackServer.start(tls: scene.peerListener()) { _ in .answer(200) }
        let other = await ask(server, try scene.caller(scene.westNode, .peer(scene.west)))
        #expect(other?.code == .unavailable)
        #expect(other?.message.contains("another community") == true)
        var policy = scene.peers
        policy.admitted = [scene.east: [scene.westNode.key.publicKey.thumbprint]]
        let unadmitted = await ask(server, try scene.caller(scene.westNode, .peer(scene.east), policy: policy))
        #expect(unadmitted?.message.contains("admission") == true)
        let strangers = TrustPolicy(roots: [scene.stranger.certificate])
        let foreign = await ask(server, try scene.caller(scene.westNode, .peer(nil), policy: strangers))
        #expect(foreign?.message.contains("authority") == true)
        #expect(server.seen.withLock { $0 }.isEmpty)
        let client = try await LoopbackServer.start(tls: scene.clientListener()) { _ in .answer(200) }
        let named = await ask(client, try scene.caller(scene.client, .server("b.example.org")))
        #expect(named?.message.contains("another server") == true)
        try await server.stop()
        try await client.stop()
    }

    @Test func `T27 a kept connection is not used again once its certificate is revoked`() async throws {
        let server = try await LoopbackServer.start(tls: scene.peerListener()) { _ in .answer(200) }
        let revoked = Refusals()
        let (peers, now, thumbprint) = (scene.peers, scene.now, scene.eastNode.thumbprint)
        let tls = CallerTLS(
            context: try MutualTLS.callerContext(identity: scene.westNode, roots: peers.roots, isPeer: true),
            kind: .peer(scene.east),
            policy: {
                var policy = peers
                if !revoked.list.isEmpty { policy.revoked = [thumbprint] }
                return policy
            }, now: { now })
        let uptime = scene.world.uptime
        let pool = HTTPConnectionPool(destination: server.destination, tls: tls, uptime: uptime)
        #expect(try await pool.send(ClientRequest(.get, "/"), deadline: uptime() + .seconds(10)).status == 200)
        revoked.add(.revoked)
        await #expect(throws: ExchangeError(.unavailable, "")) {
            try await pool.send(ClientRequest(.get, "/"), deadline: uptime() + .seconds(10))
        }
        #expect(server.seen.withLock { $0 }.count == 1)
        try await server.stop()
    }

    @Test func `a key that is not the certificate's makes no identity`() {
        #expect(throws: ExchangeError(.badRequest, "")) {
            try TLSIdentity(chain: scene.eastNode.chain, key: scene.westNode.key)
        }
        #expect(throws: ExchangeError(.badRequest, "")) { try TLSIdentity(chain: [], key: scene.westNode.key) }
    }
}

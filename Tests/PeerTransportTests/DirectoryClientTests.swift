import ExchangeCore
import GossipDirectory
import Synchronization
import Testing
import Trust

@testable import PeerTransport

/// A directory behind a lock, which answers over TLS as a node does; its own messages are not sent.
private final class AnsweringDirectory: Sendable {
    let state: Mutex<DirectoryState>
    private let now: Timestamp

    init(_ state: DirectoryState, now: Timestamp) {
        self.state = Mutex(state)
        self.now = now
    }

    func handle(_ event: DirectoryEvent) -> [DirectoryEffect] {
        var random = SystemRandomNumberGenerator()
        return state.withLock { $0.handle(event, at: Moment(now: now, uptime: .seconds(1)), using: &random) }
    }

    func answer(_ bytes: [UInt8], from peer: CommunityID) throws(ExchangeError) -> [UInt8] {
        for effect in handle(.asked(try DirectoryFrame(bytes), from: peer)) {
            if case .reply(let reply) = effect { return reply.bytes }
        }
        throw ExchangeError(.forbidden, "not admitted")
    }
}

@Suite struct DirectoryClientTests {
    let scene: TransportScene

    init() throws { scene = try TransportScene() }

    private func directory(_ community: CommunityID, _ node: TLSIdentity, port: Int, admitted: Bool = true) throws
        -> AnsweringDirectory
    {
        let authority = scene.network.key
        let identity = DirectoryIdentity(authorities: [authority.publicKey], community: community, key: node.key)
        let directory = AnsweringDirectory(
            DirectoryState(identity: identity, store: UInt64.random(in: 0...UInt64.max)), now: scene.now)
        guard admitted else { return directory }
        let admission = try Admission(
            granting: .init(
                network: identity.network, community: community, organization: "Org", keys: [node.key.publicKey],
                issued: scene.now), key: authority)
        _ = directory.handle(.admitted(admission.token.compact))
        let url = try #require(EndpointURL("https://127.0.0.1:\(port)"))
        _ = directory.handle(
            .profiled(DirectoryProfile(organization: "Org", endpoints: [DirectoryEndpoint(role: "gossip", url: url)])))
        return directory
    }

    @Test func `two nodes exchange their records over mutual TLS, knowing only an address`() async throws {
        let east = try directory(scene.east, scene.eastNode, port: 1)
        let west = try directory(scene.west, scene.westNode, port: 2)
        let asker = scene.west
        try await LoopbackGossip.serve(scene.peerListener(), as: { asker }, answer: east.answer) { server in
            let client = DirectoryClient(connections: try scene.connections(), world: scene.world)
            let seed = try server.target(nil)
            var message = DirectoryMessage(network: scene.network.key.publicKey.thumbprint, at: scene.now)
            let own = west.state.withLock { $0.facts }
            message.admissions = own.filter { $0.kind == .admission }.map(\.compact)
            message.records = own.filter { $0.kind == .record }.map(\.compact)
            message.wants = true
            let (answer, community) = try await client.send(.message(message), to: seed)
            #expect(community == scene.east)
            _ = west.handle(.answered(answer, from: community, target: seed))
            for directory in [east, west] {
                let known = directory.state.withLock { $0.communities(at: Moment(now: scene.now, uptime: .seconds(1))) }
                #expect(known.map(\.standing) == [.active, .active])
            }
        }
    }

    @Test func `a node that is not admitted is refused, and another than the one meant is not heard`() async throws {
        let east = try directory(scene.east, scene.eastNode, port: 1)
        let asker = scene.west
        let count = Counter(Mutex(0))
        try await LoopbackGossip.serve(
            scene.peerListener(), as: { asker },
            answer: { (bytes, peer) async throws(ExchangeError) in
                count.value.withLock { $0 += 1 }
                return try east.answer(bytes, from: peer)
            }
        ) { server in
            let client = DirectoryClient(connections: try scene.connections(), world: scene.world)
            let message = DirectoryMessage(network: scene.network.key.publicKey.thumbprint)
            await #expect(throws: ExchangeError(.forbidden, "")) {
                try await client.send(.message(message), to: server.target(scene.east))
            }
            await #expect(throws: ExchangeError(.unavailable, "")) {
                try await client.send(.message(message), to: server.target(scene.west))
            }
            #expect(count.value.withLock { $0 } == 1)
        }
    }

    private final class Counter: Sendable {
        let value: Mutex<Int>
        init(_ value: consuming sending Mutex<Int>) { self.value = value }
    }

    @Test func `a node goes on under a renewed certificate`() async throws {
        let server = try await LoopbackServer.start(tls: scene.peerListener()) { _ in .answer(200) }
        let connections = try scene.connections()
        let url = try #require(EndpointURL("https://127.0.0.1:\(server.port)"))
        func ask() async throws -> Int {
            try await connections.send(
                ClientRequest(.get, "/"), to: url, of: scene.east, deadline: scene.world.uptime() + .seconds(10)
            ).response.status
        }
        #expect(try await ask() == 200)
        #expect(try await ask() == 200)
        #expect(server.connections.withLock { $0 } == 1)
        let renewed = try TransportScene.node(scene.west, by: scene.network, now: scene.now)
        try connections.rotate(to: renewed)
        #expect(connections.identity.thumbprint == renewed.thumbprint)
        #expect(try await ask() == 200)
        #expect(server.connections.withLock { $0 } == 2)
        connections.close()
        try await server.stop()
    }
}

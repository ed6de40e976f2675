import ExchangeCore
import GossipDirectory
import NIOSSL
import Synchronization
import Testing
import Trust

@testable import PeerTransport

@Suite struct GossipLinksTests {
    let scene: TransportScene

    init() throws { scene = try TransportScene() }

    private func echo(_ frame: [UInt8], _ peer: CommunityID) async throws(ExchangeError) -> [UInt8] { frame + [0xFF] }

    @Test func `many questions at once go over one connection, and each gets its own answer`() async throws {
        let west = scene.west
        try await LoopbackGossip.serve(scene.peerListener(), as: { west }, answer: echo) { server in
            let links = try scene.connections().gossip
            let target = try server.target(scene.east)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<50 as Range<UInt8> {
                    group.addTask {
                        let question = [UInt8](repeating: number, count: 1 + Int(number) * 100)
                        let (answer, from) = try await links.ask(question, of: target, timeout: .seconds(10))
                        #expect(answer == question + [0xFF])
                        #expect(from == target.community)
                    }
                }
                try await group.waitForAll()
            }
            #expect(server.connections == 1)
        }
    }

    @Test func `a refusal is said as what it is, and the connection goes on`() async throws {
        let west = scene.west
        let codes: [ExchangeError.Code] = [.forbidden, .badRequest, .tooLarge, .unavailable]
        try await LoopbackGossip.serve(
            scene.peerListener(), as: { west },
            answer: { (frame, _) async throws(ExchangeError) in throw ExchangeError(codes[Int(frame[0])], "no") }
        ) { server in
            let links = try scene.connections().gossip
            for (number, code) in codes.enumerated() {
                await #expect(throws: ExchangeError(code, "")) {
                    try await links.ask([UInt8(number)], of: server.target(scene.east), timeout: .seconds(10))
                }
            }
            #expect(server.connections == 1)
        }
    }

    @Test func `T27 L14 a certificate that is not served any more gets a refusal, then the end`() async throws {
        let west = scene.west
        let box = Box(Mutex(true))
        try await LoopbackGossip.serve(
            scene.peerListener(), as: { box.value.withLock { $0 } ? west : nil }, answer: echo
        ) { server in
            let connections = try scene.connections()
            let target = try server.target(scene.east)
            _ = try await connections.gossip.ask([1], of: target, timeout: .seconds(10))
            box.value.withLock { $0 = false }
            await #expect(throws: ExchangeError(.forbidden, "")) {
                try await connections.gossip.ask([2], of: target, timeout: .seconds(10))
            }
            for await lost in connections.lost {
                #expect(lost == scene.east)
                break
            }
        }
    }

    @Test func `a connection that the other side ends is told of, and made anew at the next question`() async throws {
        let west = scene.west
        try await LoopbackGossip.serve(scene.peerListener(), as: { west }, answer: echo) { server in
            let connections = try scene.connections()
            let target = try server.target(scene.east)
            _ = try await connections.gossip.ask([1], of: target, timeout: .seconds(10))
            server.hangUp()
            for await lost in connections.lost {
                #expect(lost == scene.east)
                break
            }
            #expect(try await connections.gossip.ask([2], of: target, timeout: .seconds(10)).payload == [2, 0xFF])
            #expect(server.connections == 2)
            server.stop()
            await #expect(throws: ExchangeError(.unavailable, "")) {
                try await connections.gossip.ask([3], of: target, timeout: .seconds(10))
            }
        }
    }

    @Test func `a connection that breaks off without a goodbye is told of like one that was ended`() async throws {
        let west = scene.west
        try await LoopbackGossip.serve(scene.peerListener(), as: { west }, answer: echo) { server in
            let relay = try await CutRelay.start(to: server.target(scene.east).url.port)
            let connections = try scene.connections()
            let port = try #require(relay.port)
            let url = try #require(EndpointURL("https://127.0.0.1:\(port)"))
            let target = DirectoryTarget(community: scene.east, url: url)
            _ = try await connections.gossip.ask([1], of: target, timeout: .seconds(10))
            relay.cut()
            for await lost in connections.lost {
                #expect(lost == scene.east)
                break
            }
            #expect(try await connections.gossip.ask([2], of: target, timeout: .seconds(10)).payload == [2, 0xFF])
            try await relay.stop()
        }
    }

    @Test func `nobody listening is told as refused, at once`() async throws {
        let links = try scene.connections().gossip
        let target = DirectoryTarget(community: scene.east, url: try #require(EndpointURL("https://127.0.0.1:1")))
        do {
            _ = try await links.ask([1], of: target, timeout: .seconds(10))
            Issue.record("somebody answered")
        } catch { #expect(DirectoryClient.failure(error) == .refused) }
    }

    @Test func `who does not speak the protocol gets no question`() async throws {
        let server = try await LoopbackServer.start(tls: scene.clientListener()) { _ in .answer(200) }
        let http = try await LoopbackServer.start(
            tls: {
                var listener = try scene.peerListener()
                var configuration = listener.configuration
                configuration.applicationProtocols = ["http/1.1"]
                listener = MutualTLS.Listener(configuration: configuration, verify: listener.verify)
                return listener
            }()
        ) { _ in .answer(200) }
        let links = try scene.connections().gossip
        for port in [server.port, http.port] {
            let target = DirectoryTarget(community: scene.east, url: try #require(EndpointURL("https://127.0.0.1:\(port)")))
            await #expect(throws: ExchangeError.self) { try await links.ask([1], of: target, timeout: .seconds(10)) }
        }
        #expect(server.seen.withLock { $0 }.isEmpty && http.seen.withLock { $0 }.isEmpty)
        try await server.stop()
        try await http.stop()
    }

    @Test func `T6 one community holds a few connections and no more, and the newest is served`() async throws {
        let west = scene.west
        try await LoopbackGossip.serve(scene.peerListener(), as: { west }, answer: echo) { server in
            let target = try server.target(scene.east)
            var all: [PeerConnections] = []
            for number in 0..<(GossipServer.connectionsMax + 2) {
                all.append(try scene.connections())
                #expect(try await all[number].gossip.ask([1], of: target, timeout: .seconds(10)).payload == [1, 0xFF])
            }
            for await lost in all[0].lost {
                #expect(lost == scene.east, "the oldest was let go")
                break
            }
            #expect(try await all[all.count - 1].gossip.ask([2], of: target, timeout: .seconds(10)).payload == [2, 0xFF])
        }
    }

    private final class Box: Sendable {
        let value: Mutex<Bool>
        init(_ value: consuming sending Mutex<Bool>) { self.value = value }
    }
}

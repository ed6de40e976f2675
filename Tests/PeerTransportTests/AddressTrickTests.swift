import ExchangeCore
import GossipDirectory
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Transactions

@testable import PeerTransport

/// Every trick at every place that takes an address from others, and how many connections left for it.
@Suite struct AddressTrickTests {
    /// Where a node of the internet is reached: neither a private address nor this machine is any host of its configuration.
    private static let internet = DialRule(own: ["9.9.9.9"])

    /// A listener on this machine that counts who comes.
    private struct Doorbell {
        let channel: any Channel
        let rung: Rings
        var port: Int { channel.localAddress?.port ?? 0 }

        final class Rings: Sendable { let count = Mutex(0) }

        /// Where both versions lead to it, it listens at both.
        static func start(_ host: String = "::") async throws -> Doorbell {
            let rung = Rings()
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .childChannelInitializer { channel in
                    rung.count.withLock { $0 += 1 }
                    return channel.eventLoop.makeSucceededVoidFuture()
                }.bind(host: host, port: 0).get()
            return Doorbell(channel: channel, rung: rung)
        }
    }

    @Test func `there are enough of them, none twice`() {
        #expect(AddressTrick.all.count >= 200)
        #expect(Set(AddressTrick.all.map(\.text)).count == AddressTrick.all.count)
    }

    @Test(arguments: AddressTrick.all)
    func `T23 a directory record's, a subscription's and a link's address is taken apart once, strictly`(_ trick: AddressTrick) {
        let text = trick.text.split(separator: "PORT", omittingEmptySubsequences: false).joined(separator: "8443")
        let url = EndpointURL(text)
        #expect((url == nil) == (trick.verdict == .unread))
        if let url { #expect(EndpointURL(url.description) == url) }
        // Whatever it is, notifications go to hosts that are listed alone, and a peer's links lead below its own base.
        let rules = NotificationRules(hosts: ["hooks.example.org:443"])
        #expect(throws: ExchangeError.self) { try rules.permitted(text) }
        #expect(PeerPlace.below("https://hooks.example.org/fhir", text) == nil)
        #expect(throws: ExchangeError.self) { try PeerPlace.ofDocument(text, id: "d7", bases: ["https://hooks.example.org/fhir"]) }
    }

    @Test func `T23 no connection leaves for any of them`() async throws {
        let bell = try await Doorbell.start()
        let scene = try TransportScene()
        let connections = try scene.connections(dial: Self.internet)
        var dialled = 0
        for trick in AddressTrick.all where trick.verdict == .undialled {
            let text = trick.text.split(separator: "PORT", omittingEmptySubsequences: false).joined(separator: String(bell.port))
            let url = try #require(EndpointURL(text))
            let target = DirectoryTarget(community: nil, url: url)
            for way in 0..<2 {
                let error = await #expect(throws: ExchangeError.self, "\(trick)") {
                    if way == 0 {
                        _ = try await connections.send(
                            ClientRequest(.get, "/metadata"), to: url, of: nil, deadline: scene.world.uptime() + .seconds(5))
                    } else {
                        _ = try await connections.gossip.ask([1], of: target, timeout: .seconds(5))
                    }
                }
                #expect(error?.message == GuardedResolver.refused.message, "\(trick)")
            }
            dialled += 1
        }
        #expect(bell.rung.count.withLock { $0 } == 0)
        #expect(dialled > 50)
        // The same listener is found by a node that lives on this machine: what was counted could have come.
        let neighbour = try scene.connections(dial: DialRule(own: ["127.0.0.1"]))
        _ = try? await neighbour.send(
            ClientRequest(.get, "/metadata"), to: try #require(EndpointURL("https://127.0.0.1:\(bell.port)")), of: nil,
            deadline: scene.world.uptime() + .milliseconds(300))
        #expect(bell.rung.count.withLock { $0 } == 1)
        connections.close()
        neighbour.close()
        try await bell.channel.close()
    }

    /// The addresses that a resolver would have a connection tried at.
    private static func handed(
        _ host: String, _ rule: DialRule, _ lookup: @escaping GuardedResolver.Lookup
    ) async -> [String] {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let resolver = GuardedResolver(loop: loop, rule: rule, lookup: lookup)
        let found = [
            try? await resolver.initiateAQuery(host: host, port: 443).get(), try? await resolver.initiateAAAAQuery(host: host, port: 443).get(),
        ]
        return found.flatMap { $0 ?? [] }.compactMap(\.ipAddress)
    }

    @Test func `T23 of what a trick or a name means, only the internet's addresses are tried`() async throws {
        for trick in AddressTrick.all where trick.verdict != .unread {
            let text = trick.text.split(separator: "PORT", omittingEmptySubsequences: false).joined(separator: "8443")
            let host = try #require(EndpointURL(text)).host
            // A name of somebody else's means what he likes: here, everything that is not to be reached.
            let tried = await Self.handed(host, Self.internet) { host in
                IPAddress(host).map { [$0] } ?? ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00::1", "64:ff9b::7f00:1"].compactMap { IPAddress($0) }
            }
            #expect(tried.isEmpty == (trick.verdict != .global), "\(trick)")
        }
        let mixed = await Self.handed("x.example", Self.internet) { _ in ["127.0.0.1", "1.1.1.1", "::1", "2606:4700::1111"].compactMap { IPAddress($0) } }
        #expect(mixed == ["1.1.1.1", "2606:4700::1111"])
        #expect(await Self.handed("x.example", Self.internet) { _ in [] } == [])
    }

    @Test func `T23 a name that means another address a moment later is connected to at the one that was judged`() async {
        let asked = Mutex(0)
        let rebinding: GuardedResolver.Lookup = { _ in
            let time = asked.withLock { asked in
                defer { asked += 1 }
                return asked
            }
            return [time.isMultiple(of: 2) ? "1.1.1.1" : "127.0.0.1"].compactMap { IPAddress($0) }
        }
        for _ in 0..<6 { #expect(await Set(Self.handed("rebind.example", Self.internet, rebinding)).subtracting(["1.1.1.1"]).isEmpty) }
        #expect(asked.withLock { $0 } == 12)
    }

    @Test func `T23 a notification goes to a host that is listed wherever it is, but never to what nobody should speak to`() async {
        let name = DialRule(own: ["hooks.example.org"])
        let inner = await Self.handed("hooks.example.org", name) { _ in ["10.0.0.1", "127.0.0.1", "1.1.1.1"].compactMap { IPAddress($0) } }
        #expect(inner == ["10.0.0.1", "127.0.0.1", "1.1.1.1"])
        let never = await Self.handed("hooks.example.org", name) { _ in ["169.254.169.254", "0.0.0.0", "::", "fe80::1", "224.0.0.1"].compactMap { IPAddress($0) } }
        #expect(never == [])
    }

    @Test func `private addresses and this machine's are connected to where the node or a seed is there, others never`() async {
        let lookup: GuardedResolver.Lookup = { host in
            switch host {
            case "hospital": [IPAddress("172.18.0.2")].compactMap(\.self)
            case "both.example": ["10.0.0.9", "127.0.0.1", "169.254.169.254", "1.1.1.1"].compactMap { IPAddress($0) }
            default: [IPAddress(host)].compactMap(\.self)
            }
        }
        func tried(_ own: Set<String>) async -> [String] { await Self.handed("both.example", DialRule(own: own), lookup) }
        #expect(await tried(["hospital"]) == ["10.0.0.9", "1.1.1.1"])
        #expect(await tried(["127.0.0.1"]) == ["127.0.0.1", "1.1.1.1"])
        #expect(await tried(["fd00::7", "::1"]) == ["10.0.0.9", "127.0.0.1", "1.1.1.1"])
        #expect(await tried(["0.0.0.0", "169.254.169.254", "224.0.0.1", "nowhere.example"]) == ["1.1.1.1"])
        #expect(await tried([]) == ["1.1.1.1"])
    }
}

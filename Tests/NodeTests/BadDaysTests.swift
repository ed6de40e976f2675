import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Synchronization
import Testing
import Transactions
import Trust

extension RealNodes {
    /// What goes wrong in a hospital's network, and what the node does meanwhile (README, "Keeping it well").
    @Suite struct BadDaysTests {
        @Test func `names that nobody resolves keep no node from starting, serving and stopping`() async throws {
            try await Network.run { network in
                let node = try network.add()
                try node.reconfigure {
                    $0.replacing("seeds: []", with: "seeds: [\"no-such-host.invalid:9443\", \"also-none.invalid:9443\"]")
                }
                try await node.start()
                try await node.register()
                let client = try node.client()
                defer { client.close() }
                let (answer, took) = try await timing { try await client.send(.get, "/DocumentReference?patient=nobody") }
                #expect(answer.status < 500, "\(answer.text)")
                #expect(took < .seconds(5))
                // What it says of itself to others waits for somebody who answers, and the doctor says so: a warning.
                func record() async throws -> JSONValue? {
                    let checks = try await node.home.ask("node/health")["checks"]?.items ?? []
                    #expect(!checks.contains { $0["status"] == "fail" }, "\(checks)")
                    return checks.first { $0["component"] == "directory record" }
                }
                #expect(try await record()?["status"] == "warn")
                // Somebody whose seed it is asks it, and that is somebody.
                let other = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11", seeds: [node]))
                try await other.start()
                try await until("the other facility hears of it", within: .seconds(20)) {
                    let seen = try? await other.home.ask("directory/show", ["community": .string(node.community.urn)])
                    return seen?["standing"] == "active"
                }
                #expect(try await record() == nil, "there is one")
                let (_, stopping) = try await timing { try await node.stop() }
                #expect(stopping < .seconds(15))
            }
        }

        @Test func `a crowd of idle connections fills the listener for its idle limit at the most; the administrator is let in`()
            async throws
        {
            try await Network.one(.init(limits: ["connections: 40", "idle-seconds: 2"])) { network, node in
                let cards = try Cards(node, network)
                var crowd: [RawConnection] = []
                for _ in 0..<120 {
                    crowd.append(
                        try await RawConnection.open(
                            port: node.clients.number, tls: RawConnection.configuration(cards.client)))
                }
                #expect(try await node.home.ask("node/status")["healthy"] == true, "the socket is its own")
                let client = try node.caller(cards.client)
                defer { client.close() }
                try await until("the crowd is gone and a client is served", within: .seconds(25)) {
                    (try? await client.send(.get, "/metadata", as: .none, within: .seconds(3)).status) == 200
                }
                try await until("every idle connection was closed", within: .seconds(15)) { crowd.allSatisfy { !$0.isOpen } }
            }
        }

        @Test func `tables of a newer program are made anew, and say the same`() async throws {
            try await Network.one { network, node in
                let patient = try await node.register()
                let before = try await node.counts()
                try await node.stop()
                let changed = try await Subprocess.run(
                    "/usr/bin/python3",
                    [
                        "-c", "import sqlite3,sys; d=sqlite3.connect(sys.argv[1]); d.execute('PRAGMA user_version=99'); d.commit()",
                        node.home.projection.path,
                    ])
                #expect(changed.text.isEmpty, "\(changed.text)")
                try await node.start()
                let after = try await node.counts()
                #expect(after.patients == before.patients)
                let client = try node.client()
                defer { client.close() }
                #expect(try await client.send(.get, "/Patient/\(patient.id)").status == 200)
                _ = try await network.reason(since: 0, "projection rebuilt")
            }
        }

        @Test func `a clock that leaps refuses what it should, says why, and is itself again when it is set right`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let leap = Leap()
                try await node.start(world: leap.world)
                let client = try node.client()
                #expect(try await client.send(.get, "/Patient/nobody").status == 404)
                client.close()
                let place = network.log.count
                leap.by(.seconds(2 * 3600))
                let other = try node.known()
                #expect(try await other.send(.get, "/Patient/nobody").status == 401)
                _ = try await network.reason(since: place, "request refused", "token expired")
                leap.by(.seconds(-2 * 3600))
                #expect(try await other.send(.get, "/Patient/nobody").status == 404)
                let size = try node.journalSize
                try await node.register()
                #expect(try node.journalSize > size, "entries go on")
                other.close()
            }
        }
    }
}

/// A world whose wall clock is moved by hand; the monotonic one goes on.
final class Leap: Sendable {
    private let ahead = Mutex(Duration.zero)

    /// Moves the clock.
    func by(_ time: Duration) { ahead.withLock { $0 += time } }

    private var now: Timestamp { World.system.now() + ahead.withLock { $0 } }

    /// The world as the node sees it.
    var world: World {
        World(
            now: { self.now }, uptime: World.system.uptime,
            randomBits: World.system.randomBits, sleep: World.system.sleep)
    }
}

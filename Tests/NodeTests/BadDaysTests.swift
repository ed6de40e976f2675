import ExchangeCore
import ExchangeNode
import Foundation
import Glibc
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

        @Test func `who asks for a large document and does not read it is cut after the idle limit, and the others are served`()
            async throws
        {
            try await Network.one(.init(limits: ["idle-seconds: 1"])) { network, node in
                try await node.register()
                let client = try node.client()
                defer { client.close() }
                let bytes = [UInt8](repeating: 0x41, count: 5 << 20)
                let published = try await client.post("/DocumentReference", Submissions.simplified(bytes, at: node))
                try #require(published.status == 201, "\(published.text)")
                let found = try await client.send(
                    .get, "/DocumentReference?patient.identifier=\(node.numbers)%7C\(Canary.number)")
                let url = try #require(try found.matches.first?["resource"]?["content"]?[0]?["attachment"]?["url"]?.string)
                let path = try #require(url.split(separator: "/fhir", maxSplits: 1).last)
                let slow = try await RawConnection.open(
                    port: node.clients.number, tls: RawConnection.configuration(client.identity), receives: 16_384)
                // The handshake is over once a request was answered.
                let head = "Host: x\r\nAuthorization: Bearer \(try #require(client.token))\r\n\r\n"
                await slow.send("GET /fhir/metadata HTTP/1.1\r\n\(head)")
                try await until("the first answer") { slow.received.contains("CapabilityStatement") }
                try await slow.reads(false)
                let place = network.log.count
                let (_, took) = try await timing {
                    await slow.send("GET /fhir\(path) HTTP/1.1\r\n\(head)")
                    _ = try await client.send(.get, "/Patient/nobody")
                    try await until("it is cut", within: .seconds(20)) {
                        network.log.since(place).contains { $0.contains("an answer was not read and was cut") }
                    }
                }
                #expect(took > .milliseconds(500), "not before its time")
                #expect(try await client.document(String(path)).bytes.count == bytes.count, "who reads gets it whole")
                try await slow.reads(true)
                try await until("its connection is over", within: .seconds(10)) { !slow.isOpen }
                #expect(slow.received.utf8.count < bytes.count)
            }
        }

        @Test(.enabled(if: ProcessInfo.processInfo.environment["HIE_LONG"] != nil, "10,000 sockets: HIE_LONG=1"))
        func `ten thousand idle connections cost a bounded number of sockets, and go`() async throws {
            try await Network.process(.init(limits: ["idle-seconds: 5"])) { _, node, process in
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_port = in_port_t(node.clients.number).bigEndian
                address.sin_addr.s_addr = inet_addr("127.0.0.1")
                var sockets: [Int32] = []
                defer { for file in sockets { close(file) } }
                for _ in 0..<10_000 {
                    let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
                    try #require(file >= 0, "ulimit -n")
                    sockets.append(file)
                    _ = withUnsafePointer(to: &address) { pointer in
                        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                            connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                        }
                    }
                }
                let (status, took) = try await timing { try await process.status() }
                #expect(status["healthy"] == true && took < .seconds(5), "the administrator's socket is its own: \(took)")
                let (open, peak) = (try process.openFiles, try process.peakBytes)
                #expect(open < 1024 + 200, "\(open) files are open")
                #expect(peak < 400 << 20, "\(peak >> 20) MB")
                print("10,000 idle connections: \(open) files open, \(peak >> 20) MB at the most, the administrator answered in \(took)")
                let client = try node.client()
                defer { client.close() }
                try await until("a client is served among them", within: .seconds(120)) {
                    (try? await client.send(.get, "/metadata", as: .none, within: .seconds(5)).status) == 200
                }
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

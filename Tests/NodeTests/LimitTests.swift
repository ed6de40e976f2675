import ExchangeCore
import ExchangeNode
import JSON
import PeerTransport
import Testing
import Trust

extension RealNodes {
    /// What is too large, too slow or never finished is ended before it costs anything.
    @Suite struct LimitTests {
        private static let bytesMax = 64 * 1024
        private static let plan = RunningNode.Plan(limits: ["request-bytes: \(bytesMax)", "idle-seconds: 1"])

        private static func head(_ client: NodeClient, _ lines: String...) throws -> String {
            let token = try #require(client.token)
            return "POST /fhir HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n"
                + "Content-Type: application/fhir+json\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n"
        }

        @Test func `T14 a length that is too large is 413 before a byte of the body is sent`() async throws {
            try await Network.one(Self.plan) { network, node in
                let client = try node.client()
                for length in ["\(Self.bytesMax + 1)", "10000000000"] {
                    let connection = try await RawConnection.open(
                        port: node.clients.number, tls: RawConnection.configuration(client.identity))
                    await connection.send(try Self.head(client, "Content-Length: \(length)"))
                    try await until("the answer", within: .seconds(5)) { connection.received.contains("\r\n\r\n") }
                    #expect(connection.received.hasPrefix("HTTP/1.1 413"), "\(length)")
                    #expect(connection.received.lowercased().contains("connection: close"))
                    #expect(connection.received.contains("too-long"))
                    try await until("the connection ends", within: .seconds(10)) { !connection.isOpen }
                }
                let whole = Array(repeating: UInt8(ascii: " "), count: Self.bytesMax - 2) + Array("{}".utf8)
                #expect(try await client.send(.post, "", body: whole).status == 400, "as large as may be is read")
            }
        }

        @Test func `T14 a chunked body is 413 as soon as it crosses the limit`() async throws {
            try await Network.one(Self.plan) { _, node in
                let client = try node.client()
                let connection = try await RawConnection.open(
                    port: node.clients.number, tls: RawConnection.configuration(client.identity))
                await connection.send(try Self.head(client, "Transfer-Encoding: chunked"))
                let chunk = "2000\r\n" + String(repeating: " ", count: 0x2000) + "\r\n"
                var sent = 0
                while sent < 64 << 20, connection.isOpen, !connection.received.contains("\r\n\r\n") {
                    guard await connection.send(chunk) else { break }
                    sent += 0x2000
                    if sent > Self.bytesMax { try await World.system.sleep(.milliseconds(1)) }
                }
                try await until("the answer", within: .seconds(5)) { connection.received.contains("too-long") }
                #expect(connection.received.hasPrefix("HTTP/1.1 413"))
                #expect(sent < 16 << 20, "\(sent) bytes were taken before the refusal came")
                connection.close()
                #expect(try await client.send(.get, "/metadata").status == 200, "the node goes on")
            }
        }

        /// What a caller sends before it falls silent.
        static let halves: [String] = [
            "", "POST /fhir HTTP/1.1\r\nHost: localhost\r\nContent-Le",
            "POST /fhir/DocumentReference/_search HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\npatient=",
        ]

        @Test(arguments: halves)
        func `T104 a half-sent request is closed after the idle limit`(_ half: String) async throws {
            try await Network.one(Self.plan) { _, node in
                let client = try node.client()
                let connection = try await RawConnection.open(
                    port: node.clients.number, tls: RawConnection.configuration(client.identity))
                await connection.send(half.replacing("TOKEN", with: try #require(client.token)))
                let (_, took) = try await timing {
                    try await until("the node closes", within: .seconds(8)) { !connection.isOpen }
                }
                #expect(took > .milliseconds(500), "not before its time")
                #expect(!connection.received.hasPrefix("HTTP/1.1 200"))
                #expect(try await client.send(.get, "/metadata").status == 200)
            }
        }

        @Test func `T104 who connects and never begins a handshake is closed too`() async throws {
            try await Network.one(Self.plan) { _, node in
                let silent = try await RawConnection.open(port: node.clients.number, tls: nil)
                let started = try await RawConnection.open(port: node.peers.number, tls: nil)
                // The first bytes of a ClientHello that never comes to its end.
                await started.send([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])
                try await until("the node closes both", within: .seconds(15)) { !silent.isOpen && !started.isOpen }
            }
        }

        @Test func `T105 deep nesting, long addresses and many parameters are refused by their own words`() async throws {
            try await Network.one { _, node in
                let client = try node.client()
                let deep = #"{"resourceType":"Bundle","entry":"# + String(repeating: "[", count: 60_000)
                let nested = try await client.send(.post, "", body: Array(deep.utf8))
                #expect(nested.status == 400)
                let long = try await client.send(.get, "/Patient?identifier=" + String(repeating: "a", count: 20_000))
                #expect([400, 414].contains(long.status))
                let many = (0..<100).map { "type=\($0)" }.joined(separator: "&")
                #expect(try await client.form("/DocumentReference/_search", many).status == 400)
                #expect(try await client.send(.get, "/metadata").status == 200)
            }
        }

        /// A question that stays under way: its form never comes to its end.
        private static func unending(_ client: NodeClient, _ node: RunningNode) async throws -> RawConnection {
            let connection = try await RawConnection.open(
                port: node.clients.number, tls: RawConnection.configuration(client.identity))
            let token = try #require(client.token)
            await connection.send(
                "POST /fhir/DocumentReference/_search HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(token)\r\n"
                    + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\npatient=")
            return connection
        }

        private static func held(_ user: String, _ node: RunningNode) async throws -> JSONValue? {
            try await node.home.ask("node/limits")["askers"]?.items.first { $0["asker"]?.string?.hasPrefix(user + " ") == true }
        }

        @Test func `T6 two clients with limits of their own: who is over is told to come again, the other is served`() async throws {
            try await Network.run { network in
                let node = try network.add()
                try node.reconfigure {
                    $0 + "limits-for:\n  - {user: bulk.export, questions: 1}\n  - {user: dr.busy, questions: 3}\n"
                }
                try await node.start()
                let (bulk, busy) = (try node.client("bulk", user: "bulk.export"), try node.client("busy", user: "dr.busy"))
                defer {
                    bulk.close()
                    busy.close()
                }
                let path = "/Patient?identifier=\(node.numbers)%7Cnobody"
                #expect(try await bulk.send(.get, path).status == 200, "one at a time is what it may")
                var open: [RawConnection] = []
                for client in [bulk, busy, busy] { open.append(try await Self.unending(client, node)) }
                defer { for connection in open { connection.close() } }
                try await until("the questions are under way", within: .seconds(10)) {
                    let (one, other) = (try await Self.held("bulk.export", node), try await Self.held("dr.busy", node))
                    return one?["held"]?.integer == 1 && other?["held"]?.integer == 2
                }
                let refused = try await bulk.send(.get, path)
                #expect(refused.status == 503)
                #expect(refused.header("retry-after") == "1")
                #expect(try refused.issues.first?["details"]?["coding"]?[0]?["code"] == "XDSRegistryBusy")
                #expect(try await busy.send(.get, path).status == 200, "the third of three")
                let row = try #require(try await Self.held("bulk.export", node))
                #expect(row["most"]?.integer == 1 && row["refused"]?.integer == 1)
                #expect(try await Self.held("dr.busy", node)?["refused"]?.integer == 0)
                open[0].close()
                try await until("its question is over and it is served again", within: .seconds(10)) {
                    try await bulk.send(.get, path).status == 200
                }
            }
        }
    }
}

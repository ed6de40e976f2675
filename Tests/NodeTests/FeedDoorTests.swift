import ExchangeCore
import ExchangeNode
import Fixtures
import HL7v2
import JSON
import PeerTransport
import Testing
import Trust
import X509

extension RealNodes {
    /// Who may send, how much, and how it is answered.
    @Suite struct FeedDoorTests {
        private static func one(
            keys: [String], _ body: (Network, RunningNode, ReservedPort) async throws -> Void,
        ) async throws {
            try await Network.run { network in
                let node = try network.add()
                let port = try node.addFeed(keys: keys)
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                try await body(network, node, port)
            }
        }

        @Test func `over TLS the certificates that are named may send, others are told so and cut off`() async throws {
            try await Self.one(keys: ["clients: [adt-engine]"]) { network, node, port in
                let engine = try node.client("adt-engine")
                let other = try node.client("ehr")
                let client = try await FeedClient(port.number, tls: RawConnection.configuration(engine.identity))
                #expect(try await client.ask(FeedMessages.identity("A01", "1")).code == "AA")
                let place = network.log.count
                let stranger = try await FeedClient(port.number, tls: RawConnection.configuration(other.identity))
                #expect(try await stranger.ask(FeedMessages.identity("A01", "2")).code == "AE")
                try await until("the stranger is cut off") { !stranger.connection.isOpen }
                _ = try await network.reason(since: place, "sender refused", "ehr")
                let nobody = try await FeedClient(port.number, tls: RawConnection.configuration())
                await nobody.connection.send(MLLPFrame.encode(Array(FeedMessages.identity("A01", "3").utf8)))
                try await until("who shows no certificate is cut off") { !nobody.connection.isOpen }
                #expect(nobody.answers.isEmpty)
                let clear = try await FeedClient(port.number)
                await clear.connection.send(MLLPFrame.encode(Array(FeedMessages.identity("A01", "4").utf8)))
                try await until("who speaks in clear is cut off") { !clear.connection.isOpen }
                #expect(clear.answers.isEmpty)
                let letters = try await node.home.ask("feed/dead-letters")["letters"]
                #expect(letters?.items.isEmpty == true, "a stranger's message is not kept")
            }
        }

        @Test func `a revoked certificate's connection ends`() async throws {
            try await Self.one(keys: ["clients: [adt-engine]"]) { _, node, port in
                let engine = try node.client("adt-engine")
                let client = try await FeedClient(port.number, tls: RawConnection.configuration(engine.identity))
                #expect(try await client.ask(FeedMessages.identity("A01", "1")).code == "AA")
                let certificate = try #require(engine.identity.chain.first)
                _ = try RevokedClients.add(certificate.thumbprint, name: "adt-engine", of: node.home, at: World.system.now())
                _ = try await node.home.ask("certificate/reload")
                try await until("the connection ends", within: .seconds(5)) { !client.connection.isOpen }
            }
        }

        @Test func `limits: a frame too long, a frame without an end, silence, one connection too many`() async throws {
            try await Self.one(
                keys: ["in-clear: true", "frame-bytes: 4096", "idle-seconds: 1", "frame-seconds: 1", "connections: 2"]
            ) { _, node, port in
                let long = try await FeedClient(port.number)
                await long.connection.send([MLLPFrame.start] + Array(FeedMessages.identity("A01", "1").utf8))
                await long.connection.send([UInt8](repeating: 0x41, count: 5000))
                try await until("it is closed") { !long.connection.isOpen }
                #expect(try long.answers.first.map { try FeedClient.Answer($0).code } == "AE")
                #expect(try long.answers.first.map { try FeedClient.Answer($0).controlID } == "1")

                let silent = try await FeedClient(port.number)
                try await until("the silent one is closed", within: .seconds(10)) { !silent.connection.isOpen }
                let slow = try await FeedClient(port.number)
                var ended = false
                for byte in [MLLPFrame.start] + [UInt8](repeating: 0x41, count: 200) {
                    guard await slow.connection.send([byte]), slow.connection.isOpen else {
                        ended = true
                        break
                    }
                    try await World.system.sleep(.milliseconds(20))
                }
                #expect(ended, "bytes that trickle in do not hold a place for ever")

                let (first, second) = (try await FeedClient(port.number), try await FeedClient(port.number))
                try await until("two are open") { try await node.home.ask("feed/status")["feeds"]?[0]?["connections"]?.integer == 2 }
                let third = try await FeedClient(port.number)
                try await until("the third is closed at once", within: .milliseconds(900)) { !third.connection.isOpen }
                first.connection.close()
                second.connection.close()
            }
        }

        @Test func `each mode is answered as it asks, and a batch by a batch`() async throws {
            try await Self.one(keys: RunningNode.feedKeys) { _, node, port in
                let client = try await FeedClient(port.number)
                for (number, row) in [("AL|NE", "CA"), ("NE|AL", "AA"), ("AL|AL", "CA"), ("|", "AA")].enumerated() {
                    let answer = try await client.ask(FeedMessages.identity("A01", "m\(number)", modes: row.0))
                    #expect(answer.code == row.1, "\(row.0)")
                }
                await client.connection.send(
                    MLLPFrame.encode(FeedMessages.identity("A01", "never", modes: "NE|NE").utf8.map { $0 == 0x0A ? 0x0D : $0 }))
                let wrong = try await client.ask(FeedMessages.identity("A99", "w", modes: "AL|NE"))
                #expect(wrong.code == "CR" && wrong.controlID == "w", "the one that asked for no answer had none")
                let before = client.answers.count
                let batch = "BHS|^~\\&|A\n" + FeedMessages.identity("A01", "b1") + FeedMessages.identity("A01", "b2", "1^^^NOBODY||Q^R")
                    + "BTS|2\n"
                await client.connection.send(MLLPFrame.encode(batch.utf8.map { $0 == 0x0A ? 0x0D : $0 }))
                try await until("the batch's answer") { client.connection.received.contains("BTS|2") }
                #expect(client.answers.count >= before)
                let text = client.connection.received
                #expect(text.contains("MSA|AA|b1") && text.contains("MSA|AE|b2"))
                #expect(try await node.home.ask("feed/status")["feeds"]?[0]?["lost"]?.integer == 0)
            }
        }

        @Test func `a feed that cannot be is refused before the node starts`() throws {
            let sound = "name: A\ncommunity: 1.2.3\nclients: 127.0.0.1:0\npeers: 127.0.0.1:0\nconsent: opt-in\nfeeds:\n"
            let table = "    authorities: [{name: A, system: 'urn:oid:1.2'}]\n"
            let cases: [(text: String, word: String)] = [
                ("  - name: a\n    listen: 0.0.0.0:25\n    in-clear: true\n" + table, "in-clear"),
                ("  - name: a\n    listen: 127.0.0.1:25\n" + table, "clients"),
                ("  - name: a\n    listen: 127.0.0.1:25\n    in-clear: true\n", "authorities"),
                ("  - name: A b\n    listen: 127.0.0.1:25\n    in-clear: true\n" + table, "name"),
                ("  - name: a\n    listen: here\n    in-clear: true\n" + table, "listen"),
                ("  - name: a\n    listen: 127.0.0.1:1\n    in-clear: true\n    messages: [XYZ]\n" + table, "messages"),
                ("  - name: a\n    listen: 127.0.0.1:1\n    in-clear: true\n    frame-byte: 9\n" + table, "did you mean frame-bytes"),
                ("  - name: a\n    listen: 127.0.0.1:1\n    in-clear: true\n    authorities: [{name: A, system: here}]\n", "URI"),
            ]
            for row in cases {
                let refusal = #expect(throws: ExchangeError.self, "\(row.text)") { try NodeConfiguration(yaml: sound + row.text) }
                #expect(refusal?.message.contains(row.word) == true, "\(String(describing: refusal))")
            }
            let fine = "  - name: a\n    listen: 127.0.0.1:1\n    in-clear: true\n" + table
            #expect(try NodeConfiguration(yaml: sound + fine).feeds.count == 1)
            #expect(throws: ExchangeError.self) { try NodeConfiguration(yaml: sound + fine + fine) }
        }

        @Test(.enabled(if: SharedData.isPresent, "the shared data is not here"))
        func `T114 every message and stream of the corpus is answered, none ends the feed, none is told in the log`() async throws {
            try await Self.one(keys: ["in-clear: true", "frame-bytes: 33554432", "processing: [P, T, D]"]) { _, node, port in
                var answered = 0
                let paths = (SharedData.files("hl7v2") + SharedData.files("hostile/hl7v2")).filter { $0.contains(".hl7") }
                for path in paths {
                    let bytes = try SharedData.inflated(path)
                    // What holds a frame's own signs is no frame; the streams below are for that.
                    guard !bytes.contains(MLLPFrame.start), !bytes.contains(MLLPFrame.end) else { continue }
                    let client = try await FeedClient(port.number)
                    await client.connection.send(MLLPFrame.encode(bytes))
                    try await until("an answer to \(path)", within: .seconds(30)) {
                        client.connection.received.contains("MSA") || Self.asksForNone(bytes)
                    }
                    client.connection.close()
                    answered += 1
                }
                #expect(answered > 180)
                for path in SharedData.files("hostile/mllp") {
                    let client = try await FeedClient(port.number)
                    await client.connection.send(try SharedData.inflated(path))
                    client.connection.close()
                }
                let last = try await FeedClient(port.number).ask(FeedMessages.identity("A01", "last"))
                #expect(last.code == "AA", "the feed goes on")
            }
        }

        /// Whether a message says that it wants no answer.
        private static func asksForNone(_ bytes: [UInt8]) -> Bool {
            guard let message = try? MessageReader.read(bytes), let header = try? MessageHeader(message) else { return false }
            return header.isEnhanced && header.acceptAcknowledgement != .always
        }
    }
}

import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Testing
import Trust

extension RealNodes {
    /// A listener that believes pinned certificates alone: others are refused in the handshake, whoever signed them.
    @Suite struct PinnedListenerTests {
        private static func pins(_ listener: String, _ certificates: [String]) -> String {
            "pinned:\n  - {listener: \(listener), certificates: ['\(certificates.joined(separator: "', '"))']}\n"
        }

        private static func isLetIn(_ client: NodeClient) async -> Bool {
            (try? await client.send(.get, "/metadata", as: .none, within: .seconds(5)).status) == 200
        }

        @Test func `the client port: the pinned and nobody else, and a reload ends what is pinned no more`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let cards = try Cards(node, network)
                let key = cards.client.key.publicKey.thumbprint
                let hex = cards.strangersClient.thumbprint.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
                let plain = String(decoding: try Data(contentsOf: node.home.configuration), as: UTF8.self)
                try node.reconfigure { $0 + Self.pins("clients", [key.text, hex.joined(separator: ":").uppercased(), cards.expiredClient.thumbprint.text]) }
                try await node.start()
                let (byKey, byNumber) = (try node.caller(cards.client), try node.caller(cards.strangersClient))
                defer {
                    byKey.close()
                    byNumber.close()
                }
                #expect(await Self.isLetIn(byKey), "pinned by its key")
                #expect(await Self.isLetIn(byNumber), "another authority's, pinned by its number as openssl prints it")
                // The facility's own authority counts for nothing here; neither does a pin for what has expired.
                for (identity, why) in [
                    (try node.client("unpinned").identity, "not among those pinned"), (cards.expiredClient, "expired"),
                    (cards.node, "names are not those"), (cards.selfSigned, "not among those pinned"),
                ] {
                    let place = network.log.count
                    await #expect(throws: ExchangeError.self) {
                        try await node.caller(identity).send(.get, "/metadata", as: .none)
                    }
                    _ = try await network.reason(since: place, "certificate refused", "listener=clients", why)
                }
                // The peer port goes by the chain as before.
                #expect(await Self.isLetIn(try node.peer(cards.node)))
                // Who was only told what everybody is told holds a connection that nobody asked the name of.
                for one in [byKey, byNumber] { #expect(try await one.send(.get, "/Patient/unknown", as: .none).status == 401) }
                try node.reconfigure { _ in plain + Self.pins("clients", [cards.strangersClient.key.publicKey.thumbprint.text]) }
                let reload = try await node.home.ask("config/reload")
                #expect(reload["taken"]?.items.compactMap(\.string) == ["pinned"], "\(reload)")
                #expect(await !Self.isLetIn(byKey), "its open connection is closed, and it gets no other")
                #expect(await Self.isLetIn(byNumber))
                try node.reconfigure { _ in plain }
                #expect(try await byNumber.send(.get, "/Patient/unknown", as: .none).status == 401)
                _ = try await node.home.ask("config/reload")
                #expect(await Self.isLetIn(byKey), "the chain again")
                #expect(await !Self.isLetIn(byNumber))
            }
        }

        @Test func `the peer port: an admitted community whose certificate is not pinned is refused; the pinned is served`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let pinned = try network.add(.init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11"))
                let other = try network.add(.init(name: "emergency", community: "1.3.6.1.4.1.21367.2026.12"))
                let key = try pinned.peerIdentity.key.publicKey.thumbprint
                try node.reconfigure { $0 + Self.pins("peers", [key.text]) }
                try await node.start()
                #expect(await Self.isLetIn(try node.peer(pinned.peerIdentity)))
                let place = network.log.count
                await #expect(throws: ExchangeError.self) {
                    try await node.peer(try other.peerIdentity).send(.get, "/metadata")
                }
                _ = try await network.reason(since: place, "certificate refused", "listener=peers", "not among those pinned")
                let client = try node.client()
                defer { client.close() }
                #expect(await Self.isLetIn(client), "the clients' port goes by the chain")
            }
        }

        @Test func `a feed's port has its own pins`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let engine = try node.client("adt-engine").identity
                let other = try node.client("other").identity
                let port = try ReservedPort()
                try node.reconfigure {
                    $0 + "feeds:\n  - {name: admissions, listen: '127.0.0.1:\(port.number)', clients: [adt-engine, other], "
                        + "authorities: [{name: ARH, system: 'urn:oid:1.3.6.1.4.1.21367.2026.10.1'}]}\n"
                        + Self.pins("admissions", [engine.thumbprint.text])
                }
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                for (identity, isIn) in [(engine, true), (other, false)] {
                    let connection = try await RawConnection.open(port: port.number, tls: RawConnection.configuration(identity))
                    await connection.send("\u{0B}MSH|^~\\&|A|B|C|D|20260101||ACK|1|P|2.5\r\u{1C}\r")
                    try await until("an answer, or the end", within: .seconds(10)) {
                        connection.received.contains("MSA|") || !connection.isOpen
                    }
                    #expect(connection.received.contains("MSA|") == isIn)
                    connection.close()
                }
                let client = try node.known("other")
                defer { client.close() }
                #expect(await Self.isLetIn(client), "the clients' port goes by the chain")
            }
        }
    }
}

import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import PeerTransport
import Testing
import Transactions

extension InteropServer {
    /// The tags of what it received, in the order of arrival, each at its first arrival.
    var tags: [String] {
        get throws {
            var seen: Set<String> = []
            return try received.compactMap { event in
                (event["meta"]?["tag"]?.items ?? []).first { $0["system"] == "urn:concordat:journal-entry" }?["code"]?.string
            }.filter { seen.insert($0).inserted }
        }
    }
}

extension RealNodes {
    /// ITI-20 out: what the journal holds arrives at a repository, whole and in order, whoever dies in between.
    @Suite struct AuditFeedTests {
        /// The tags of every event of the journal, in its order.
        private func expected(_ node: RunningNode, upTo size: UInt64) async throws -> [String] {
            let exchange = try node.exchange
            let entries = try await exchange.reader.entries(from: 0, limit: Int(size))
            let view = AuditEventView(node: node.community, base: exchange.settings.clientBase)
            let origin = exchange.witness?.origin ?? ""
            return entries.flatMap { view.events($0) }.map { "\(origin)/\($0["id"]?.string ?? "")" }
        }

        private func feed(_ node: HieProcess) async throws -> JSONValue {
            try #require(try await node.status()["auditFeed"])
        }

        private static func publish(_ number: Int, _ client: NodeClient, _ node: RunningNode) async throws {
            let answer = try await client.post(
                "/DocumentReference", Submissions.simplified(Array(Canary.document(number).utf8), at: node))
            try #require(answer.status == 201, "\(answer.text)")
        }

        @Test(.enabled("no python3, or the program hie was not built") { InteropServer.isReady && HieProcess.executable != nil })
        func `every event arrives in order, though the repository dies, refuses, and the node is killed in between`()
            async throws
        {
            try await Network.one { network, node in
                let repository = try InteropServer("audit_repository", in: network)
                defer { repository.kill() }
                try await repository.start()
                let port = try repository.port
                let patient = try await node.register().id
                let client = try node.client()
                try await node.stop()
                try node.reconfigure { $0 + "audit-repository:\n  url: http://127.0.0.1:\(port)/fhir\n" }
                let process = HieProcess(node)
                try await process.start()
                for number in 0..<5 { try await Self.publish(number, client, node) }
                _ = try await client.send(.get, "/DocumentReference?patient=\(patient)")
                func settled() async throws -> Bool { try await feed(process)["waiting"] == .number("0") }
                try await until("the first events arrive") { try await settled() }
                #expect(try await feed(process)["failure"] == nil)

                repository.kill()
                for number in 5..<40 { try await Self.publish(number, client, node) }
                try await until("the feed says that it fails") {
                    let feed = try await feed(process)
                    return feed["failure"] != nil && feed["since"] != nil && feed["nextTry"] != nil
                }
                #expect(try await feed(process)["waiting"]?.integer ?? 0 > 20)
                #expect(try await process.status()["healthy"] == true, "the feed never holds the node up")
                await process.end(SIGKILL)
                try repository.answer("503")
                try await repository.start()
                try await process.start()
                try await until("a 503 is waited for") {
                    try await feed(process)["failure"]?.string?.contains("503") == true
                }
                // Kept and not acknowledged: it comes again, under the same tag.
                let before = try repository.received.count
                try repository.answer("drop")
                try await until("an event is kept, and its answer lost") { try repository.received.count > before }
                try repository.answer("201")
                try await until("everything arrives", within: .seconds(60)) { try await settled() }
                for number in 40..<44 {
                    try await Self.publish(number, client, node)
                    await process.end(SIGKILL)
                    try await process.start()
                }
                try await until("everything arrives after four kills", within: .seconds(60)) { try await settled() }
                let size = try #require(try await process.status()["journal"]?["entries"]?.integer)
                #expect(try await feed(process)["refused"] == .number("0"))
                await process.end(SIGTERM)
                let leaks = Canary.found(in: process.lines)
                #expect(leaks.isEmpty, "patient data in the log")
                try node.reconfigure { $0.replacing("audit-repository:\n  url: http://127.0.0.1:\(port)/fhir\n", with: "") }
                try await node.start()
                let wanted = try await expected(node, upTo: UInt64(size))
                let tags = try repository.tags
                #expect(tags.count >= wanted.count && Array(tags.prefix(wanted.count)) == wanted, "in order, none missing")
                print("audit feed: \(wanted.count) events, \(try repository.received.count - tags.count) of them twice")
            }
        }

        @Test(.enabled("no python3") { InteropServer.isReady })
        func `over TLS with certificates of both sides, an event that is refused for good is counted and passed over`()
            async throws
        {
            try await Network.one { network, node in
                // The facility's own authority, and what the node shows on its client port, serve as the repository's.
                let repository = try InteropServer(
                    "audit_repository",                     in: network,
                    [node.home.listenerCertificate.path, node.home.listenerKey.path, node.home.networkAuthority.path])
                defer { repository.kill() }
                try await repository.start()
                try await node.register()
                try await node.stop()
                let port = try repository.port
                let section = "audit-repository:\n  url: https://127.0.0.1:\(port)/fhir\n"
                try node.reconfigure { $0 + section + "  authority: \(node.home.clientAuthority.path)\n" }
                try repository.answer("422")
                try await node.start()
                // Nil until the feed has begun.
                func status() throws -> OutboxStatus? { try node.node.feedStatus }
                try await until("events are refused") { try status()?.place.refused ?? 0 > 0 }
                try repository.answer("201")
                try await node.register("MRN-2")
                try await until("later ones arrive") {
                    try status()?.place.entry == node.journalSize && !repository.received.isEmpty
                }
                try await node.stop()
                // A repository that another authority vouches for is no repository.
                try node.reconfigure {
                    $0.replacing(node.home.clientAuthority.path, with: node.home.networkAuthority.path)
                }
                let count = try repository.received.count
                try await node.start()
                try await node.register("MRN-3")
                try await until("the feed says that it is not trusted") { try status()?.failure != nil }
                #expect(try repository.received.count == count)
            }
        }

        @Test func `a repository is an https URL, or http on this machine, and says whom it is checked against`() throws {
            func problem(_ lines: String) -> String? {
                let yaml = NodeSetup.yaml(
                    name: "n", community: "1.2.3", clients: "127.0.0.1:1", peers: "127.0.0.1:2", consent: "opt-out", seeds: [])
                do throws(ExchangeError) {
                    _ = try NodeConfiguration(yaml: yaml + "audit-repository:\n" + lines)
                    return nil
                } catch { return error.message }
            }
            #expect(problem("  url: http://127.0.0.1:9/fhir\n") == nil)
            #expect(problem("  url: https://audit.example.org/fhir\n  authority: a.pem\n") == nil)
            #expect(problem("  url: https://audit.example.org/fhir\n")?.contains("authority") == true)
            #expect(problem("  url: http://audit.example.org/fhir\n")?.contains("url") == true)
            #expect(problem("  url: https://u:p@audit.example.org/fhir\n  authority: a\n")?.contains("url") == true)
            #expect(problem("  url: https://a.example.org/fhir?x=1\n  authority: a\n")?.contains("url") == true)
            #expect(problem("  url: https://a.example.org/fhir\n  authority: a\n  key: k\n")?.contains("go together") == true)
            #expect(problem("  authority: a\n")?.contains("url is missing") == true)
            #expect(problem("  url: http://127.0.0.1:9/fhir\n  passwort: x\n")?.contains("is not a key") == true)
        }
    }
}

import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Testing
import Transactions

extension RealNodes {
    /// DSUBm over real TLS, with a receiver of another maker.
    @Suite(.enabled("no python3") { InteropServer.isReady })
    struct SubscriptionDoorTests {
        private static func resource(_ patient: PatientID, _ endpoint: String) -> JSONValue {
            let backport = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
            return [
                "resourceType": "Subscription", "status": "requested", "reason": "care coordination",
                "criteria": .string(SubscriptionMapping.topic),
                "_criteria": [
                    "extension": [
                        [
                            "url": .string(backport + "backport-filter-criteria"),
                            "valueString": .string("DocumentReference?patient=Patient/\(patient)"),
                        ],
                    ],
                ],
                "channel": [
                    "type": "rest-hook", "endpoint": .string(endpoint), "payload": "application/fhir+json",
                    "header": ["Authorization: Bearer hook-secret"],
                ],
            ]
        }

        private static func publish(_ number: Int, _ node: RunningNode, _ client: NodeClient) async throws -> String {
            let answer = try await client.post(
                "/DocumentReference", Submissions.simplified(Array(Canary.document(number).utf8), at: node))
            try #require(answer.status == 201, "\(answer.text)")
            return try #require(try answer.json["id"]?.string)
        }

        private static func told(_ receiver: InteropServer) throws -> [String] {
            try receiver.received.filter { $0["status"]?.integer == 200 }.compactMap { note in
                note["body"]?["entry"]?[1]?["fullUrl"]?.string?.split(separator: "/").last.map(String.init)
            }
        }

        @Test(.enabled(if: HieProcess.executable != nil, "the program hie was not built"))
        func `new documents are told over TLS, after SIGKILL too, and nothing follows a redirect`() async throws {
            try await Network.one { network, node in
                let receiver = try InteropServer(
                    "notification_receiver", in: network,
                    [node.home.listenerCertificate.path, node.home.listenerKey.path, node.home.networkAuthority.path])
                defer { receiver.kill() }
                try await receiver.start()
                let port = try receiver.port
                let patient = try await node.register().id
                let client = try node.client()
                let endpoint = "https://127.0.0.1:\(port)/hooks/new"
                let refused = try await client.post("/Subscription", Self.resource(patient, endpoint))
                #expect(refused.status == 403, "without an administrator's word nothing goes anywhere")
                try await node.stop()
                try node.reconfigure {
                    $0 + "subscriptions: {hosts: ['127.0.0.1:\(port)'], authority: '\(node.home.clientAuthority.path)'}\n"
                }
                let process = HieProcess(node)
                try await process.start()
                try receiver.answer("307")
                let made = try await client.post("/Subscription", Self.resource(patient, endpoint))
                #expect(made.status == 201, "\(made.text)")
                let id = try #require(try made.json["id"]?.string)
                #expect(made.header("location")?.hasSuffix("/Subscription/\(id)") == true)
                #expect(!made.text.contains("hook-secret"))
                var documents = [try await Self.publish(1, node, client)]
                try await until("the redirect is not followed, and said to fail") {
                    try await client.send(.get, "/Subscription/\(id)").json["status"] == "error"
                }
                #expect(try receiver.received.allSatisfy { $0["path"] == "/hooks/new" })
                try receiver.answer("200")
                try await until("the first is told", within: .seconds(30)) { try Self.told(receiver).count == 1 }
                #expect(try await client.send(.get, "/Subscription/\(id)").json["status"] == "active")
                receiver.kill()
                documents.append(try await Self.publish(2, node, client))
                await process.end(SIGKILL)
                try await process.start()
                documents.append(try await Self.publish(3, node, client))
                try await receiver.start()
                try await until("both are told", within: .seconds(30)) { try Self.told(receiver).count >= 3 }
                #expect(try Self.told(receiver) == documents, "in order")
                #expect(try receiver.received.allSatisfy { $0["authorization"] == "Bearer hook-secret" })
                let words = try receiver.received.map { String(decoding: JSONWriter.bytes($0), as: UTF8.self) }
                #expect(Canary.found(in: words).isEmpty, "a notification says no more than an id")
                let listed = try await client.send(.get, "/Subscription?status=active&url=\(endpoint)")
                #expect(try listed.matches.count == 1)
                #expect(try await client.send(.get, "/Subscription?status=off").matches.isEmpty)
                // Counted once the receiver's answer is here.
                try await until("all are counted, the handshake among them") {
                    let status = try await process.ask("feed/status")["receivers"]?[0]
                    return status?["name"]?.string == "subscription \(id)" && status?["delivered"]?.integer == 4
                }
                #expect(try await client.send(.delete, "/Subscription/\(id)").status == 204)
                _ = try await Self.publish(4, node, client)
                try await until("its outbox is gone") { try await process.ask("feed/status")["receivers"]?.items.isEmpty == true }
                #expect(try Self.told(receiver).count == 3)
                await process.end(SIGTERM)
                #expect(Canary.found(in: process.lines).isEmpty)
            }
        }

        @Test func `a receiver that another authority vouches for is told nothing`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let receiver = try InteropServer(
                    "notification_receiver", in: network,
                    [node.home.listenerCertificate.path, node.home.listenerKey.path, node.home.networkAuthority.path])
                defer { receiver.kill() }
                try await receiver.start()
                let port = try receiver.port
                try node.reconfigure {
                    $0 + "subscriptions: {hosts: ['127.0.0.1:\(port)'], authority: '\(node.home.networkAuthority.path)'}\n"
                }
                try await node.start()
                let patient = try await node.register().id
                let client = try node.client()
                let made = try await client.post("/Subscription", Self.resource(patient, "https://127.0.0.1:\(port)/x"))
                #expect(made.status == 201, "\(made.text)")
                try await until("it is said to fail") {
                    try await node.home.ask("feed/status")["receivers"]?[0]?["failure"]?.string?.contains("trusted") == true
                }
                #expect(try receiver.received.isEmpty)
            }
        }

        @Test func `hosts and an authority are needed, and nothing else is a host`() throws {
            func problem(_ text: String) -> String? {
                let yaml = NodeSetup.yaml(
                    name: "n", community: "1.2.3", clients: "127.0.0.1:1", peers: "127.0.0.1:2", consent: "opt-out", seeds: [])
                do throws(ExchangeError) {
                    _ = try NodeConfiguration(yaml: yaml + "subscriptions: {\(text)}\n")
                    return nil
                } catch { return error.message }
            }
            #expect(problem("hosts: [a.example.org], authority: a.pem") == nil)
            #expect(problem("hosts: ['https://a.example.org/'], authority: a.pem")?.contains("hosts") == true)
            #expect(problem("authority: a.pem")?.contains("hosts") == true)
            #expect(problem("hosts: [a], max: 0, authority: a.pem")?.contains("max") == true)
            #expect(problem("hosts: [a]")?.contains("authority") == true)
        }
    }
}

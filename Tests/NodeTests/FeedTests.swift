import ExchangeCore
import ExchangeNode
import HL7v2
import JSON
import Journal
import PatientIndex
import PeerTransport
import Testing
import Transactions
import Trust

extension RealNodes {
    /// HL7 v2 over MLLP from a real socket into a real node.
    @Suite struct FeedTests {
        /// Runs a test with one node that has a feed.
        private static func one(
            keys: [String] = RunningNode.feedKeys, _ body: (Network, RunningNode, ReservedPort) async throws -> Void,
        ) async throws {
            try await Network.run { network in
                let node = try network.add()
                let port = try node.addFeed(keys: keys)
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                try await body(network, node, port)
            }
        }

        private static func patients(_ node: RunningNode, _ number: String = Canary.number) async throws -> [PatientRecord] {
            let identifier = try #require(PatientIdentifier(system: node.numbers, value: number))
            return try await node.exchange.activePatients(identifier: identifier)
        }

        @Test func `a registration, an update, a cancelled stay, a merge and a new number reach the index`() async throws {
            try await Self.one { _, node, port in
                let client = try await FeedClient(port.number)
                let admitted = try await client.ask(FeedMessages.identity("A01", "1"))
                #expect(admitted.code == "AA" && admitted.controlID == "1")
                #expect(try await Self.patients(node).first?.demographics.names.first?.family == Canary.family)
                let moved = FeedMessages.pid.replacing(Canary.city, with: "Elsewhere")
                #expect(try await client.ask(FeedMessages.identity("A08", "2", moved)).code == "AA")
                #expect(try await Self.patients(node).first?.demographics.addresses.first?.city == "Elsewhere")
                let id = try await Self.patients(node).first?.id
                for (number, event) in ["A02", "A03", "A11", "A12", "A13", "A04", "A05"].enumerated() {
                    #expect(try await client.ask(FeedMessages.identity(event, "c\(number)", moved)).code == "AA", "\(event)")
                }
                #expect(try await Self.patients(node).first?.id == id)
                let other = "X-2^^^ARH||Zweig^Bo||19700101|M"
                #expect(try await client.ask(FeedMessages.identity("A28", "3", other, "")).code == "AA")
                #expect(try await client.ask(FeedMessages.identity("A40", "4", moved, "MRG|X-2^^^ARH")).code == "AA")
                #expect(try await Self.patients(node, "X-2").map(\.id) == [id])
                #expect(try await client.ask(FeedMessages.identity("A47", "5", "N-3^^^ARH", "MRG|\(Canary.number)^^^ARH")).code == "AA")
                let renamed = try await Self.patients(node, "N-3")
                #expect(renamed.count == 1)
                #expect(try await Self.patients(node).map(\.id) == renamed.map(\.id), "the old number still leads there")
                #expect(try await client.ask(FeedMessages.identity("A29", "6", "N-3^^^ARH||Zweig^Bo", "")).code == "AA")
                #expect(try await Self.patients(node, "N-3").isEmpty)
            }
        }

        @Test func `the same message twice has one effect, on one connection, on another, and after a restart`() async throws {
            try await Self.one { _, node, port in
                let message = FeedMessages.identity("A01", "1")
                let client = try await FeedClient(port.number)
                #expect(try await client.ask(message).code == "AA")
                let size = try node.journalSize
                #expect(try await client.ask(message).code == "AA")
                #expect(try await FeedClient(port.number).ask(message).code == "AA")
                #expect(try node.journalSize == size)
                let other = try await client.ask(FeedMessages.identity("A08", "1", FeedMessages.pid + "^US"))
                #expect(other.code == "AE" && other.condition == "205" && other.place.hasPrefix("MSH^1^10"), "another under its name")
                let status = try await node.home.ask("feed/status")["feeds"]?[0]
                #expect(status?["repeated"]?.integer == 2 && status?["accepted"]?.integer == 1)
                try await node.stop()
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                #expect(try await FeedClient(port.number).ask(message).code == "AA")
                #expect(try node.journalSize == size)
            }
        }

        @Test func `an unknown authority is refused, kept without a word of the patient in list or log, and taken once it is named`()
            async throws
        {
            try await Self.one { network, node, port in
                let foreign = FeedMessages.identity("A01", "1", FeedMessages.pid.replacing("^^^ARH", with: "^^^NOBODY"))
                let client = try await FeedClient(port.number)
                for _ in 0..<2 {
                    let refused = try await client.ask(foreign)
                    #expect(refused.code == "AE" && refused.condition == "204" && refused.place.hasPrefix("PID^1^3"))
                }
                #expect(try await Self.patients(node).isEmpty)
                let list = try await node.home.ask("feed/dead-letters")
                let letter = try #require(list["letters"]?[0])
                #expect(list["letters"]?.items.count == 1 && letter["times"]?.integer == 2)
                #expect(letter["place"] == "PID-3" && letter["kind"] == "ADT^A01" && letter["controlId"] == "1")
                let id = try #require(letter["id"]?.string)
                let status = try await node.home.ask("feed/status")
                let health = try await node.home.ask("node/health")
                for shown in [list, status, health] {
                    #expect(Canary.found(in: [String(decoding: JSONWriter.bytes(shown), as: UTF8.self)]).isEmpty)
                }
                let again = try await node.home.ask("feed/retry", ["id": .string(id)])
                #expect(again["taken"] == false && again["reason"]?.string?.contains("authority") == true)

                let size = try node.journalSize
                let shown = try await node.home.ask("feed/dead-letter", ["id": .string(id), "message": true])
                let bytes = try #require(shown["message"]?.string.flatMap { Base64.decode($0) })
                #expect(String(decoding: bytes, as: UTF8.self).contains(Canary.family))
                #expect(try node.journalSize == size + 1, "that it was shown stands in the journal")

                try await node.stop()
                try node.reconfigure { $0 + "      - {name: NOBODY, system: '\(node.numbers)'}\n" }
                try await node.start()
                #expect(try await node.home.ask("feed/retry", ["id": .string(id)])["taken"] == true)
                #expect(try await Self.patients(node).count == 1)
                #expect(try await node.home.ask("feed/dead-letters")["letters"]?.items.isEmpty == true)
                await #expect(throws: ExchangeError.self) { try await node.home.ask("feed/retry", ["id": .string(id)]) }
                _ = network
            }
        }

        @Test func `documents are published, edited, added to, replaced and cancelled, and found over FHIR`() async throws {
            try await Self.one { _, node, port in
                let patient = try await node.register()
                let client = try await FeedClient(port.number)
                let ehr = try node.client()
                func listed(_ status: String) async throws -> [JSONValue] {
                    try await ehr.send(.get, "/DocumentReference?patient=\(patient.id)&status=\(status)").matches
                }
                #expect(try await client.ask(FeedMessages.document("T02", "1", number: "D-1", text: Canary.document(1))).code == "AA")
                let first = try #require(try await listed("current").first?["resource"])
                #expect(first["type"]?["coding"]?[0]?["code"] == "18842-5")
                let url = try #require(first["content"]?[0]?["attachment"]?["url"]?.string)
                let place = try #require(url.firstRange(of: "/Binary/"))
                #expect(try await ehr.document(String(url[place.lowerBound...])).text == Canary.document(1) + "\n")
                #expect(try await client.ask(FeedMessages.document("T01", "2", number: "D-1", text: "")).code == "AA")
                let unknown = try await client.ask(FeedMessages.document("T01", "3", number: "D-9", text: ""))
                #expect(unknown.code == "AE" && unknown.place.hasPrefix("TXA^1^12"))
                for (event, id, number, parent, current, superseded) in [
                    ("T08", "4", "D-1", "", 1, 1), ("T06", "5", "D-2", "D-1^ARH", 2, 1), ("T10", "6", "D-3", "D-1^ARH", 1, 3),
                    ("T11", "7", "D-3", "", 1, 4),
                ] {
                    let message = FeedMessages.document(event, id, number: number, parent: parent, text: Canary.document(Int(id) ?? 0))
                    #expect(try await client.ask(message).code == "AA", "\(event)")
                    #expect(try await listed("current").count == current, "\(event)")
                    #expect(try await listed("superseded").count == superseded, "\(event)")
                }
                let last = try await listed("current").first?["resource"]?["content"]?[0]?["attachment"]
                #expect(last?["title"]?.string?.hasPrefix("Cancelled") == true)
                let stranger = FeedMessages.document("T02", "8", number: "D-8", text: "x", pid: "nobody^^^ARH")
                let refused = try await client.ask(stranger)
                #expect(refused.code == "AE" && refused.condition == "204" && refused.place.hasPrefix("PID^1^3"))
            }
        }

        @Test func `a laboratory's result is a document, and its correction takes its place`() async throws {
            try await Self.one(keys: ["in-clear: true", "confidentiality: N"]) { _, node, port in
                let patient = try await node.register()
                let client = try await FeedClient(port.number)
                func result(_ id: String, _ value: String, _ status: String) -> String {
                    FeedMessages.header("ORU^R01", id) + "PID|1||\(FeedMessages.pid)\nOBR|1||F-1^ARH|24323-8^Metabolic panel^LN\n"
                        + "OBX|1|NM|2823-3^Potassium^LN||\(value)|mmol/L|3.5-5.1||||\(status)\n"
                }
                #expect(try await client.ask(result("1", "6.8", "P")).code == "AA")
                #expect(try await client.ask(result("2", "4.8", "C")).code == "AA")
                let found = try await node.client().send(.get, "/DocumentReference?patient=\(patient.id)")
                let statuses = try found.matches.compactMap { $0["resource"]?["status"]?.string }
                #expect(statuses.sorted() == ["current", "superseded"])
            }
        }

        @Test func `eight connections about one patient make one record, and every message is taken`() async throws {
            try await Self.one { _, node, port in
                try await withThrowingTaskGroup { group in
                    for sender in 0..<8 {
                        group.addTask {
                            let client = try await FeedClient(port.number)
                            for number in 0..<5 {
                                let answer = try await client.ask(FeedMessages.identity("A08", "\(sender)-\(number)"))
                                #expect(answer.code == "AA")
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(try await Self.patients(node).count == 1)
                #expect(try await node.counts().patients == 1)
                #expect(try await node.home.ask("feed/dead-letters")["letters"]?.items.isEmpty == true)
            }
        }
    }
}

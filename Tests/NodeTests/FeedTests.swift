import ConsentEngine
import ExchangeCore
import ExchangeNode
import Foundation
import HL7v2
import JSON
import Journal
import Logging
import PatientIndex
import PeerTransport
import Storage
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

        @Test func `records are linked and taken apart by their source, and an old message sent again after a restart does nothing`()
            async throws
        {
            try await Self.one { _, node, port in
                let client = try await FeedClient(port.number)
                #expect(try await client.ask(FeedMessages.identity("A28", "1", "L-1^^^ARH||Zweig^Bo||19700101|M", "")).code == "AA")
                #expect(try await client.ask(FeedMessages.identity("A28", "2", "L-2^^^ARH||Ast^Bo||19710101|M", "")).code == "AA")
                func areOne() async throws -> Bool {
                    var records: [PatientID] = []
                    for number in ["L-1", "L-2"] { records += try await Self.patients(node, number).map(\.id) }
                    let persons = try await node.exchange.persons(of: records)
                    try #require(persons.count == 2)
                    return persons[0] == persons[1]
                }
                func pair(_ event: String, _ id: String, _ other: String = "L-2") -> String {
                    FeedMessages.header("ADT^" + event, id) + "EVN|\(event)|20260809\nPID|1||L-1^^^ARH\nPID|2||\(other)^^^ARH\n"
                }
                #expect(try await !areOne())
                #expect(try await client.ask(pair("A24", "3")).code == "AA")
                #expect(try await areOne())
                let size = try node.journalSize
                #expect(try await client.ask(pair("A24", "3b")).code == "AA")
                #expect(try node.journalSize == size + 1, "they are linked already: only that it was taken is new")
                #expect(try await client.ask(pair("A37", "4")).code == "AA")
                #expect(try await !areOne())
                let unknown = try await client.ask(pair("A24", "5", "nobody"))
                #expect(unknown.code == "AE" && unknown.condition == "204" && unknown.place.hasPrefix("PID^2^3"))
                let itself = try await client.ask(pair("A24", "6", "L-1"))
                #expect(itself.code == "AE" && itself.condition == "205")
                #expect(try await client.ask(pair("A24", "7")).code == "AE", "they were said to be different")

                let old = FeedMessages.identity("A08", "10", "L-1^^^ARH||Zweig^Bo||19700101|M|||1 Old Rd^^Town^VT^05999")
                let new = FeedMessages.identity("A08", "11", "L-1^^^ARH||Zweig^Bo||19700101|M|||2 New Rd^^Town^VT^05999")
                for message in [old, new] { #expect(try await client.ask(message).code == "AA") }
                try await node.stop()
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                let again = try await FeedClient(port.number)
                #expect(try await again.ask(old).code == "AA")
                let lines = try await Self.patients(node, "L-1").first?.demographics.addresses.first?.lines
                #expect(lines == ["2 New Rd"], "what came later stands")
                #expect(try await again.ask(old.replacing("Old Rd", with: "Older Rd")).condition == "205")
            }
        }

        @Test func `whom a stay names may see what the patient keeps for whoever treats, while it goes on and a month after`() async throws {
            try await Self.one(keys: ["in-clear: true", "confidentiality: N"]) { _, node, port in
                let patient = try await node.register()
                let client = try await FeedClient(port.number)
                #expect(try await client.ask(FeedMessages.document("T02", "1", number: "D-1", text: "x")).code == "AA")
                var random = SystemRandomNumberGenerator()
                _ = try await node.exchange.recordConsent(
                    ConsentDirective(
                        id: .ordered(at: World.system.now(), using: &random), patient: patient.id,
                        base: ConsentRule(.deny), exceptions: [ConsentRule(.permit, actors: [.treating])],
                        recorded: World.system.now()), for: node.administrator)
                let ehr = try node.client()
                func seen() async throws -> Int {
                    try await ehr.send(.get, "/DocumentReference?patient=\(patient.id)").matches.count
                }
                #expect(try await seen() == 0)
                func stay(_ event: String, _ id: String, _ doctor: String, at time: String, _ discharged: String = "") -> String {
                    FeedMessages.header("ADT^" + event, id) + "EVN|\(event)|\(time)\nPID|1||\(FeedMessages.pid)\n"
                        + "PV1|1|I|||||\(doctor)||||||||||||V-77^^^ARH" + String(repeating: "|", count: 25)
                        + "20260801|\(discharged)\n"
                }
                let user = "dr.brattain"
                #expect(try await client.ask(stay("A01", "2", "99^Other^Ann", at: "202608010800")).code == "AA")
                #expect(try await seen() == 0, "somebody else treats")
                #expect(try await client.ask(stay("A02", "3", "\(user)^Test^Doc", at: "202608020800")).code == "AA")
                #expect(try await seen() == 1)
                let size = try node.journalSize
                #expect(try await client.ask(stay("A02", "3b", "\(user)^Test^Doc", at: "202608020800")).code == "AA")
                #expect(try node.journalSize == size + 1, "nothing new: only that it was taken is written")
                #expect(try await client.ask(stay("A03", "4", "", at: "202608050800", "20260805")).code == "AA")
                #expect(try await client.ask(stay("A01", "5", "", at: "202608010900")).code == "AA", "late, and without effect")
                let stays = try await node.node.store.projection.encounters(of: patient.id)
                #expect(stays.count == 1 && stays.first?.status == .finished && stays.first?.end?.text == "2026-08-05")
                #expect(try await client.ask(stay("A11", "6", "", at: "202608060800")).code == "AA")
                #expect(try await seen() == 0, "it did not take place")
                let replay = try await node.exchange.replayJournal(for: node.administrator)
                #expect(replay.findings.isEmpty, "\(replay.findings)")
            }
        }

        @Test func `a port that counts messages takes them in order, answers the last again, and says which comes next`() async throws {
            try await Self.one(keys: ["in-clear: true", "sequence: true"]) { _, node, port in
                let client = try await FeedClient(port.number)
                func message(_ number: String, _ id: String) -> String {
                    FeedMessages.identity("A08", id).replacing("|P|2.5.1|||", with: "|P|2.5.1|\(number)||")
                }
                func ask(_ number: String, _ id: String) async throws -> (code: String?, expected: String?) {
                    let answer = try await client.ask(message(number, id))
                    return (answer.code, try answer.message.first("MSA")?.field(4).text())
                }
                #expect(try await ask("0", "a") == ("AA", "-1"))
                #expect(try await ask("7", "b") == ("AA", "8"), "the first number of a sender is where it begins")
                let size = try node.journalSize
                #expect(try await ask("7", "b") == ("AA", "8"))
                #expect(try await ask("9", "c") == ("AE", "8"))
                #expect(try node.journalSize == size)
                for number in ["", "x", "-2", "9223372036854775807", "1000000000000000"] {
                    #expect(try await ask(number, "d\(number)").code == "AE", "\(number)")
                }
                try await node.stop()
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                let again = try await FeedClient(port.number)
                let late = try await again.ask(message("10", "e"))
                #expect(late.code == "AE")
                #expect(try late.message.first("MSA")?.field(4).text() == "8", "remembered")
                #expect(try await again.ask(message("8", "f")).code == "AA")
            }
        }

        @Test func `immunisations are a document, and the same order sent again takes its place`() async throws {
            try await Self.one(keys: ["in-clear: true", "confidentiality: N"]) { _, node, port in
                let patient = try await node.register()
                let client = try await FeedClient(port.number)
                func given(_ id: String, _ lot: String) -> String {
                    FeedMessages.header("VXU^V04^VXU_V04", id)
                        + "PID|1||\(FeedMessages.pid)\nORC|RE||V-1^ARH\nRXA|0|1|20260801||140^Influenza, seasonal^CVX|0.5|mL^mL^UCUM"
                        + "||||||||\(lot)|||||CP\nRXR|IM^Intramuscular^HL70162|LD^Left deltoid^HL70163\n"
                }
                #expect(try await client.ask(given("1", "L100")).code == "AA")
                #expect(try await client.ask(given("2", "L200")).code == "AA")
                let ehr = try node.client()
                let found = try await ehr.send(.get, "/DocumentReference?patient=\(patient.id)&status=current").matches
                #expect(found.count == 1)
                #expect(found.first?["resource"]?["type"]?["coding"]?[0]?["code"] == "87273-9")
                let url = try #require(found.first?["resource"]?["content"]?[0]?["attachment"]?["url"]?.string)
                let place = try #require(url.firstRange(of: "/Binary/"))
                #expect(
                    try await ehr.document(String(url[place.lowerBound...])).text
                        == "Immunizations\n  2026-08-01: Influenza, seasonal (140), 0.5 mL, lot L200\n"
                        + "    route Intramuscular, site Left deltoid\n")
                let without = try await client.ask(given("3", "L300").replacing("ORC|RE||V-1^ARH\n", with: ""))
                #expect(without.code == "AE" && without.condition == "100")
            }
        }

        @Test func `refused messages are in a backup, and those of an erased patient in none made after`() async throws {
            try await Self.one { network, node, port in
                let patient = try await node.register()
                let client = try await FeedClient(port.number)
                let foreign = FeedMessages.document("T06", "1", number: "D-1", parent: "D-0^ARH", text: "\(Canary.words)")
                #expect(try await client.ask(foreign).code == "AE")
                let other = FeedMessages.document("T06", "2", number: "D-2", parent: "D-0^ARH", text: "x", pid: "X-9^^^ARH")
                #expect(try await client.ask(other).code == "AE")
                #expect(try await client.ask(FeedMessages.identity("A01", "3")).code == "AA")
                func letters() async throws -> Int { try await node.home.ask("feed/dead-letters")["letters"]?.items.count ?? -1 }
                #expect(try await letters() == 2)
                let recovery = try RecoveryKey(world: .system)
                let backup = Backup(network.folder.appendingPathComponent("backup").path)
                func copy() throws {
                    let end = try node.node.store.store.end
                    _ = try backup.create(node.home, upTo: end, for: recovery.publicHalf, world: .system)
                }
                func restored(_ name: String) async throws -> [String] {
                    let home = NodeHome(network.folder.appendingPathComponent(name).path)
                    let silent = Logger(label: "restore") { _ in SwiftLogNoOpLogHandler() }
                    _ = try await backup.restore(to: home, key: recovery, world: .system, logger: silent)
                    let store = try await NodeStore.open(
                        home, configuration: try NodeConfiguration(of: home), world: .system, logger: silent)
                    #expect(try await store.projection.takenMessages(atMost: 10).count == 1, "what was taken is remembered, too")
                    try await store.close()
                    return try FileManager.default.contentsOfDirectory(atPath: home.deadLetters.path)
                }
                try copy()
                #expect(try await restored("before").count == 2)
                _ = try await node.exchange.erasePatient(patient.id, ground: .request, for: node.administrator)
                #expect(try await letters() == 1, "another patient's stays")
                try copy()
                #expect(try await restored("after").count == 1)
            }
        }

        @Test func `what an earlier version had taken is taken over at the first start`() async throws {
            try await Network.run { network in
                let node = try network.add()
                _ = try node.addFeed(keys: RunningNode.feedKeys)
                let folder = node.home.takenMessages
                try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
                var record: [UInt8] = [1, 0, 0, 0] + [UInt8](repeating: 9, count: 16) + [5, 0, 0, 0, 0, 0, 0, 0]
                let check = CRC32C.checksum(record)
                record += (0..<4).map { UInt8(truncatingIfNeeded: check >> (8 * $0)) }
                try Data(record).write(to: folder.appendingPathComponent("taken"))
                try await node.start()
                let taken = TakenMessage(.message, key: [UInt8](repeating: 9, count: 16), content: 5)
                #expect(try await node.exchange.takenMessages(atMost: 10) == [taken])
                #expect(!FileManager.default.fileExists(atPath: folder.appendingPathComponent("taken").path))
                try await node.stop()
                try await node.start()
                #expect(try await node.exchange.takenMessages(atMost: 10) == [taken])
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

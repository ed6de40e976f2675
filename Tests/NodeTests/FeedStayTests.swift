import ConsentEngine
import ExchangeCore
import ExchangeNode
import HL7v2
import JSON
import PatientIndex
import PeerTransport
import Storage
import Testing
import Transactions

extension RealNodes {
    /// Stays and visits that feeds tell of, at a real node.
    @Suite struct FeedStayTests {
        private static func stay(_ event: String, _ id: String, _ pid: String, _ admitted: String, doctor: String = "dr.brattain") -> String {
            FeedMessages.header("ADT^" + event, id) + "EVN|\(event)|202608020800\nPID|1||\(pid)\nPV1|1|I|||||\(doctor)^Test^Doc"
                + "||||||||||||V-77^^^ARH" + String(repeating: "|", count: 25) + "\(admitted)\n"
        }

        private static func one(
            _ keys: [String] = RunningNode.feedKeys, node more: String = "",
            _ body: (RunningNode, ReservedPort) async throws -> Void,
        ) async throws {
            try await Network.run { network in
                let node = try network.add()
                let port = try node.addFeed(keys: keys)
                if !more.isEmpty { try node.reconfigure { more + $0 } }
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                try await body(node, port)
            }
        }

        @Test func `a stay that cannot be read is left out with a warning, and who the patient is is taken`() async throws {
            try await Self.one { node, port in
                let client = try await FeedClient(port.number)
                let broken = Self.stay("A01", "1", FeedMessages.pid, "2026-08-01")
                for _ in 0..<2 {
                    let answer = try await client.ask(broken)
                    #expect(answer.code == "AA" && answer.condition == "102" && answer.place.hasPrefix("PV1^1^44"))
                    #expect(try answer.message.first("ERR")?.field(4).text() == "W")
                    #expect(try answer.message.first("ERR")?.field(8).text()?.hasPrefix("the stay was not taken") == true)
                }
                let identifier = try #require(PatientIdentifier(system: node.numbers, value: Canary.number))
                let patient = try #require(try await node.exchange.activePatients(identifier: identifier).first)
                #expect(patient.demographics.names.first?.family == Canary.family)
                #expect(try await node.node.store.projection.encounters(of: patient.id).isEmpty)
                let status = try await node.home.ask("feed/status")["feeds"]?[0]
                #expect(status?["takenInPart"]?.integer == 1 || status?["takenInPart"]?.integer == 2)
                #expect(status?["lastOmission"]?["reason"]?.string?.contains("PV1-44") == true)
                #expect(try await node.home.ask("feed/dead-letters")["letters"]?.items.isEmpty == true, "it was taken")
                let mended = try await client.ask(Self.stay("A01", "2", FeedMessages.pid, "20260801"))
                #expect(mended.code == "AA" && mended.message.first("ERR") == nil)
                #expect(try await node.node.store.projection.encounters(of: patient.id).count == 1)
            }
        }

        @Test func `a stay is the registered patient's, also where a number of the message stands on another's record`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let port = try node.addFeed()
                try node.reconfigure { $0 + "      - {name: SSA, system: 'http://hl7.org/fhir/sid/us-ssn'}\n" }
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                let client = try await FeedClient(port.number)
                // A father's number on his daughter's registration: desks do that.
                let people = ["X-1^^^ARH~219-09-9998^^^SSA||Zweig^Bo||19500101|M", "X-2^^^ARH~219-09-9998^^^SSA||Adler^Una||19800101|F"]
                for (number, person) in people.enumerated() {
                    #expect(try await client.ask(Self.stay("A01", "\(number)", person, "20260801")).code == "AA")
                    let own = try #require(PatientIdentifier(system: node.numbers, value: "X-\(number + 1)"))
                    let patient = try #require(try await node.exchange.activePatients(identifier: own).first)
                    #expect(try await node.node.store.projection.encounters(of: patient.id).count == 1)
                }
            }
        }

        @Test func `a merge over the feed brings the stay to the survivor, and days-after-end is the facility's own`() async throws {
            try await Self.one(
                RunningNode.feedKeys + ["confidentiality: N"], node: "treating: {days-after-end: 0, days-without-end: 20000}\n",
            ) { node, port in
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
                let other = "X-2^^^ARH||Zweig^Bo||19700101|M"
                #expect(try await client.ask(Self.stay("A01", "2", other, "20200801")).code == "AA")
                #expect(try await seen() == 0)
                #expect(try await client.ask(FeedMessages.identity("A40", "3", FeedMessages.pid, "MRG|X-2^^^ARH")).code == "AA")
                #expect(try await seen() == 1, "a stay without an end lasts as long as the facility says")
                let ended = Self.stay("A03", "4", FeedMessages.pid, "20200801").replacing("20200801\n", with: "20200801|20260803\n")
                #expect(try await client.ask(ended).code == "AA")
                #expect(try await seen() == 0, "and nobody treats after its end")
                let replay = try await node.exchange.replayJournal(for: node.administrator)
                #expect(replay.findings.isEmpty, "\(replay.findings)")
            }
        }
    }
}

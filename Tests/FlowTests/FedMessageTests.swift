import ConsentEngine
import ExchangeCore
import Journal
import PatientIndex
import Testing
import Transactions

/// What a feed's message brings besides who the patient is: one append with it, so that nothing of it is half there.
@Suite struct FedMessageTests {
    private static func registration(_ given: String) throws -> PatientRegistration {
        PatientRegistration(
            identifiers: [try #require(PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.10.1", value: "M"))],
            demographics: Demographics(names: [PersonName(family: "Mohr", given: [given])], birthDate: PartialDate("1958-01-30")))
    }

    private static func stay(_ doctor: String, number: String = "V-1") -> FedEncounter {
        FedEncounter(
            number: "urn:oid:1.2.9|\(number)", change: .began, start: nil, end: nil,
            practitioners: [.init(system: nil, value: doctor)], asOf: nil)
    }

    private static func taken(_ number: UInt64) -> TakenMessage {
        TakenMessage(.message, key: [UInt8](repeating: 1, count: 16), content: number)
    }

    @Test func `registration, stay and that it was taken stand one behind the other; what says nothing new writes nothing`() throws {
        try OneNode.run { node in
            let size = node.exchange.journal.size
            func feed(_ given: String, _ doctor: String, _ number: UInt64) async throws -> RegisteredPatient {
                try await node.exchange.feedPatient(
                    Self.registration(given), with: FedMessage(stay: Self.stay(doctor), taken: Self.taken(number)),
                    for: node.administrator)
            }
            func written() -> JournalPosition { node.exchange.journal.size - size }
            let made = try await feed("Alice", "dr.a", 1)
            #expect(made.outcome == .created && written() == 3)
            #expect(try await feed("Alice", "dr.a", 2).outcome == .unchanged && written() == 4, "it is noted all the same")
            #expect(try await feed("Alice", "dr.b", 3).outcome == .unchanged && written() == 6, "the stay and the note")
            #expect(try await feed("Alina", "dr.b", 4).outcome == .updated && written() == 8, "the record and the note")
            #expect(try await node.exchange.takenMessages(atMost: 10) == (1...4).map(Self.taken))
            let stays = try await node.exchange.projection.encounters(of: made.record.id)
            #expect(stays.map { $0.practitioners.map(\.value) } == [["dr.a", "dr.b"]])
        }
    }

    @Test func `a registration that is refused leaves neither stay nor note`() throws {
        try OneNode.run { node in
            let size = node.exchange.journal.size
            var registration = try Self.registration("Alice")
            registration.demographics.names = []
            await #expect(throws: ExchangeError.self) {
                try await node.exchange.feedPatient(
                    registration, with: FedMessage(stay: Self.stay("dr.a"), taken: Self.taken(1)), for: node.administrator)
            }
            await #expect(throws: ExchangeError.self, "a physician feeds nothing") {
                try await node.exchange.feedPatient(
                    Self.registration("Alice"), with: FedMessage(stay: Self.stay("dr.a")), for: node.context(user: "dr.a"))
            }
            #expect(node.exchange.journal.size == size)
        }
    }

    @Test func `one stay too many is left out with a word, and the message is taken`() throws {
        try OneNode.run { node in
            let record = try await node.exchange.registerPatient(Self.registration("Alice"), for: node.administrator)
            for start in stride(from: 0, to: 2000, by: 100) {
                let stays = (start..<start + 100).map { number in
                    CareEncounter(number: "urn:oid:1.2.9|V-\(number)", status: .inProgress, recorded: node.world.now())
                }
                _ = try await node.exchange.journal.append(
                    stays.map { EntryDraft(kind: .encounter, subject: record.id, payload: EncounterEntry.payload($0), value: $0) })
            }
            let answer = try await node.exchange.feedPatient(
                Self.registration("Alice"), with: FedMessage(stay: Self.stay("dr.a", number: "V-2000"), taken: Self.taken(1)),
                for: node.administrator)
            #expect(answer.omission?.code == .tooLarge)
            #expect(try await node.exchange.takenMessages(atMost: 10) == [Self.taken(1)])
            #expect(try await node.exchange.projection.encounters(of: record.id).count == 2000)
        }
    }
}

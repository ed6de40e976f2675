import ExchangeCore
import Journal
import PatientIndex
import Storage
import Testing
import Transactions

/// Records that feeds state again and again: what they are found by follows what they say now, whatever they said before.
@Suite struct FedAgainTests {
    /// What a desk may say of one of thirty patients: few telephones, dates and names, so that they meet.
    private static func record(_ number: Int, _ random: inout SplitMix64) throws -> PatientRecord {
        func draw(_ range: Range<Int>) -> Int { Int.random(in: range, using: &random) }
        let own = try #require(PatientIdentifier(system: "urn:oid:2.999.1", value: "\(number)"))
        let other = try #require(PatientIdentifier(system: "urn:oid:2.999.2", value: "\(number * 10 + draw(0..<3))"))
        return PatientRecord(
            id: try #require(PatientID(bytes: [UInt8](repeating: 0, count: 15) + [UInt8(number)])), identifiers: draw(0..<3) == 0 ? [own, other] : [own],
            demographics: Demographics(
                names: [PersonName(family: "Family\(draw(0..<4))", given: ["Given\(draw(0..<3))"])],
                birthDate: draw(0..<6) == 0 ? nil : PartialDate("19\(30 + draw(0..<60))-05-15"), sex: .female,
                phones: draw(0..<4) == 0 ? [] : ["614555221\(draw(0..<8) / 7)"],
                emails: draw(0..<3) == 0 ? ["a\(draw(0..<3))@example.org"] : []),
            isActive: draw(0..<8) != 0)
    }

    private static func register(_ record: PatientRecord, _ contract: ProjectionContract) async throws {
        let person = try #require(PersonID(bytes: record.id.bytes))
        let entry = IdentityEntry.registration(record, IdentityDecision(person: person, kind: .automatic))
        _ = try await contract.writer.append(
            EntryDraft(kind: .identity, subject: record.id, payload: entry.payload, value: entry))
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `a record fed again is found as if it had been fed once, and tables made anew say the same`(seed: UInt64) async throws {
        var random = SplitMix64(seed: seed)
        let often = try await ProjectionContract(.sqlite)
        defer { often.remove() }
        let once = try await ProjectionContract(.sqlite)
        defer { once.remove() }
        var last: [Int: PatientRecord] = [:]
        for round in 0..<240 {
            let number = round < 30 ? round : Int.random(in: 0..<30, using: &random)
            let record = try Self.record(number, &random)
            last[number] = record
            try await Self.register(record, often)
        }
        for number in 0..<30 { try await Self.register(try #require(last[number]), once) }
        let projection = try #require(often.projection as? SQLiteProjection)
        let fresh = try #require(once.projection as? SQLiteProjection)
        for table in ["person_key", "patient_word"] {
            #expect(try await projection.fingerprint(of: [table]) == fresh.fingerprint(of: [table]), "\(table)")
        }
        // A telephone beside so many birth dates names nobody, also when the dates came one after another.
        #expect(try await projection.persons { $0.placeholders.count } > 0)
        let all = try await projection.fingerprint()
        for loadMin in [UInt64.max, 1] {
            _ = try await often.reader.bringUpToDate(projection, loadMin: loadMin, rebuild: true)
            #expect(try await projection.fingerprint() == all, "\(loadMin)")
        }
    }
}

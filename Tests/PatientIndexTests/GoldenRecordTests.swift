import ExchangeCore
import PatientIndex
import Testing

/// What is best believed of a person, and who says it.
struct GoldenRecordTests {
    private static func record(
        _ seed: UInt64, _ given: String, born: String, line: String, phone: String, ssn: String? = nil, isActive: Bool = true,
    ) -> PatientRecord {
        var random = Seeded(seed: seed)
        var record = PatientRecord(
            id: .random(using: &random),
            identifiers: ssn.flatMap { PatientIdentifier(system: RegistrationTable.socialSecuritySystem, value: $0) }.map { [$0] } ?? [],
            demographics: Demographics(
                names: [PersonName(family: "Mohr", given: [given])], birthDate: PartialDate(born), sex: .female,
                addresses: [PostalAddress(lines: [line], city: "Ashford", postalCode: "43215")], phones: [phone]))
        record.isActive = isActive
        return record
    }

    @Test func `the majority decides, everything else is kept, and each value names its records`() {
        let records = [
            Self.record(1, "Alice", born: "1958-01-30", line: "820 Jordan Ave", phone: "614-231-4433"),
            Self.record(2, "ALICE", born: "1958-01-30", line: "820 N Jordan Avenue", phone: "(614) 231-4433"),
            Self.record(3, "Allie", born: "1958-01-31", line: "12 Elm St", phone: "614-555-9876"),
        ]
        let golden = GoldenRecord(records)
        #expect(golden.names.map(\.value.given) == [["ALICE"], ["Allie"]])
        #expect(golden.names.first?.records == [records[0].id, records[1].id])
        #expect(golden.birthDates.first?.value.text == "1958-01-30")
        #expect(golden.hasBirthDateConflict)
        #expect(golden.sexes.map(\.value) == [.female])
        #expect(golden.addresses.map(\.records) == [[records[2].id], [records[0].id, records[1].id]])
        #expect(golden.phones.count == 2)
    }

    @Test func `a record whose source saw a number weighs more, and one that is not active nothing`() {
        let records = [
            Self.record(1, "Alice", born: "1958-01-30", line: "1 Elm St", phone: "6142314433", ssn: "343911789"),
            Self.record(2, "Alice", born: "1958-01-03", line: "1 Elm St", phone: "6142314433"),
            Self.record(3, "Alice", born: "1958-01-03", line: "1 Elm St", phone: "6142314433", isActive: false),
        ]
        let golden = GoldenRecord(records)
        #expect(golden.birthDates.first?.value.text == "1958-01-30")
        #expect(!golden.names.flatMap(\.records).contains(records[2].id))
        #expect(GoldenRecord([]).names.isEmpty)
    }

    @Test(arguments: UInt64(0)..<20) func `the same records make the same view, and every value is some record's`(seed: UInt64) {
        var random = Seeded(seed: seed)
        let records = (0..<Int(1 + random.next() % 8)).map { number in
            Self.record(
                seed &* 100 &+ UInt64(number), ["Alice", "Allie", "Ally"][Int(random.next() % 3)],
                born: "1958-01-3\(random.next() % 2)", line: "\(1 + random.next() % 3) Elm St", phone: "614231443\(random.next() % 3)")
        }
        let golden = GoldenRecord(records)
        #expect(golden == GoldenRecord(records))
        for stated in golden.names {
            #expect(stated.records.allSatisfy { id in records.contains { $0.id == id } })
            #expect(records.contains { $0.demographics.names.contains(stated.value) })
        }
        #expect(golden.names.flatMap(\.records).count == records.count)
    }
}

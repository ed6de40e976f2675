import ConsentEngine
import ExchangeCore
import Journal
import PatientIndex
import Testing
import Transactions

/// Stays of records that their source merged, for every implementer.
@Suite struct MergedCareTests {
    @Test(arguments: ProjectionKind.allCases)
    func `the last word about each stay of merged records is found at each of them, and parted again`(_ kind: ProjectionKind) async throws {
        let contract = try await ProjectionContract(kind)
        defer { contract.remove() }
        var random = SplitMix64(seed: 5)
        var records: [PatientID] = []
        for value in ["K", "G", "X"] {
            let record = PatientRecord(
                id: .random(using: &random), identifiers: [try #require(PatientIdentifier(system: "urn:oid:1.2.3", value: value))],
                demographics: Demographics(names: [PersonName(family: value, given: [value])]))
            try await write(.identity, record.id, Records.identity(record), record)
            records.append(record.id)
        }
        func write(_ kind: EntryKind, _ subject: PatientID, _ payload: [UInt8], _ value: any Sendable) async throws {
            _ = try await contract.writer.append(EntryDraft(kind: kind, subject: subject, payload: payload, value: value))
        }
        func tell(_ record: PatientID, _ number: String, _ doctor: String) async throws {
            let stay = CareEncounter(
                number: number, status: .inProgress, practitioners: [.init(system: nil, value: doctor)],
                recorded: contract.world.now())
            try await write(.encounter, record, EncounterEntry.payload(stay), stay)
        }
        func act(_ act: IdentityAct) async throws {
            let entry = IdentityEntry.act(act)
            try await write(.identity, try #require(act.records.first), entry.payload, entry)
        }
        func doctors(_ record: PatientID) async throws -> [String] {
            try await contract.projection.encounters(of: record).map { $0.number + " " + ($0.practitioners.first?.value ?? "") }
        }
        let persons = try await contract.projection.persons { [records] snapshot in
            try records.map { try snapshot.id(of: #require(try snapshot.person(of: $0))) }
        }
        try await tell(records[1], "V-1", "early")
        try await tell(records[1], "V-2", "second")
        try await tell(records[2], "V-9", "other")
        // Two merges and a link: K took the place of G; X is only linked.
        var merge = IdentityAct(.feedMerge, moves: [.init(record: records[1], from: persons[1], to: persons[0])], actor: "feed", reason: "merged")
        merge.retires = [Retirement(record: records[1], survivor: records[0])]
        try await act(merge)
        try await act(IdentityAct(.link, moves: [.init(record: records[2], from: persons[2], to: persons[0])], actor: "steward", reason: "seen"))
        try await tell(records[0], "V-1", "late")
        for record in records.prefix(2) { #expect(try await doctors(record) == ["V-1 late", "V-2 second"]) }
        #expect(try await doctors(records[2]) == ["V-9 other"])
        try await act(merge.undone(at: 6, actor: "steward", reason: "wrong"))
        #expect(try await doctors(records[0]) == ["V-1 late"])
        #expect(try await doctors(records[1]) == ["V-1 early", "V-2 second"])
    }
}

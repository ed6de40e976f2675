import ExchangeCore
import JSON
import Journal
import PatientIndex
import Simulation
import Storage
import Testing
import Transactions

/// The index's rows after an act and its undoing: byte for byte what they were.
@Suite struct PersonUndoTests {
    private static func record(_ number: UInt8, _ family: String, _ given: String) -> PatientRecord {
        PatientRecord(
            id: PatientID(bytes: [UInt8](repeating: number, count: 16))!,
            identifiers: [PatientIdentifier(system: "urn:oid:1.2.3", value: "M\(number)")!],
            demographics: Demographics(
                names: [PersonName(family: family, given: [given])], birthDate: PartialDate("1958-01-30"), sex: .female,
                phones: ["802-555-0100"]))
    }

    private static func person(_ number: UInt8) -> PersonID { PersonID(bytes: [UInt8](repeating: 100 + number, count: 16))! }

    /// Four records: two of one person, one with a review, one alone.
    private static func register(_ contract: ProjectionContract) async throws -> [PatientRecord] {
        let records = [
            record(1, "Mohr", "Alice"), record(2, "Mohr", "Alice"), record(3, "Mohr", "Alicia"), record(4, "Zweig", "Bo"),
        ]
        for (index, record) in records.enumerated() {
            let owner = index == 1 ? person(1) : person(UInt8(index + 1))
            let review =
                index == 2 ? [ReviewCandidate(person: person(1), millibits: 9_000, rule: .twinRule)] : [ReviewCandidate]()
            let decision = IdentityDecision(person: owner, kind: index == 1 ? .automatic : .new, review: review)
            let entry = IdentityEntry.registration(record, decision)
            _ = try await contract.writer.append(
                EntryDraft(kind: .identity, subject: record.id, payload: entry.payload, value: entry))
        }
        return records
    }

    private static func acts(_ records: [PatientRecord]) -> [IdentityAct] {
        let ids = records.map(\.id)
        var merge = IdentityAct(
            .merge, moves: [RecordMove(record: ids[2], from: person(3), to: person(1))], closes: [ids[2]], actor: "s",
            reason: "r")
        merge.closed = [
            OpenReview(
                record: ids[2], position: 2,
                candidates: [ReviewCandidate(person: person(1), millibits: 9_000, rule: .twinRule)])
        ]
        let unlink = IdentityAct(
            .unlink, moves: [RecordMove(record: ids[1], from: person(1), to: person(9))],
            apart: [IdentityAct.Pair(ids[1], ids[0])], actor: "s", reason: "r")
        var feed = IdentityAct(
            .feedMerge, moves: [RecordMove(record: ids[3], from: person(4), to: person(1))], actor: "s", reason: "r")
        feed.retires = [Retirement(record: ids[3], survivor: ids[0])]
        return [merge, unlink, feed]
    }

    @Test func `each act, undone, leaves every row of the index as it was, and a rebuild makes the same`() async throws {
        let contract = try await ProjectionContract(.sqlite)
        defer { contract.remove() }
        let records = try await Self.register(contract)
        for act in Self.acts(records) {
            let before = try await Self.rows(contract)
            let entry = IdentityEntry.act(act)
            // As it is read back: what the journal holds is what is undone.
            let read = try IdentityEntry(payload: entry.payload, id: records[0].id)
            guard case .act(let same) = read else { throw ExchangeError(.internal, "not an act") }
            #expect(same == act)
            let receipt = try await contract.writer.append(
                EntryDraft(kind: .identity, subject: records[0].id, payload: entry.payload, value: entry))
            #expect(try await Self.rows(contract) != before)
            let undo = IdentityEntry.act(same.undone(at: receipt.position, actor: "s", reason: "wrong"))
            _ = try await contract.writer.append(
                EntryDraft(kind: .identity, subject: records[0].id, payload: undo.payload, value: undo))
            #expect(try await Self.rows(contract) == before, "\(act.kind)")
        }
        let kept = try await Self.rows(contract)
        _ = try await contract.reader.bringUpToDate(contract.projection, rebuild: true)
        #expect(try await Self.rows(contract) == kept)
    }

    /// SHA-256 over every row of the index; the acts themselves stay, and are left out.
    private static func rows(_ contract: ProjectionContract) async throws -> [UInt8] {
        let projection = try #require(contract.projection as? SQLiteProjection)
        return try await projection.fingerprint(of: [
            "patient", "patient_version", "patient_identifier", "patient_word", "person", "person_record", "person_key",
            "person_apart", "person_review",
        ])
    }
}

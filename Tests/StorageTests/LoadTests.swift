import ExchangeCore
import Foundation
import Journal
import PatientIndex
import Storage
import Testing
import Transactions

/// Registrations taken in as a load: the same rows as one by one, and no half of them is ever taken for the whole.
@Suite struct LoadTests {
    /// Registrations with telephones that several people share, some of them so many that the number names nobody.
    private static func rows(_ count: Int) -> [RegistrationTable.Row] {
        (0..<count).map { number in
            var random = SplitMix64(seed: UInt64(number / 2))
            let born = "19\(30 + Int.random(in: 0..<60, using: &random))-0\(Int.random(in: 1...9, using: &random))-15"
            let phone = number % 5 == 0 ? "6145552211" : "614\(2_000_000 + number / 6)"
            return RegistrationTable.Row(
                id: "R\(number)", source: "F\(number % 3)", recordNumber: "\(number)",
                demographics: Demographics(
                    names: [PersonName(family: "Family\(number / 2 % 40)", given: ["Given\(number / 2)"])],
                    birthDate: PartialDate(born), sex: .female, phones: [phone]), identifiers: [])
        }
    }

    private static func loaded() async throws -> (ProjectionContract, SQLiteProjection) {
        let contract = try await ProjectionContract(.sqlite)
        let desk = IdentityDesk(projection: contract.projection, journal: contract.writer, world: contract.world, policy: .strict)
        var load = try await PatientImport(desk)
        for row in rows(400) { try await load.take(row) }
        try await load.flush()
        return (contract, try #require(contract.projection as? SQLiteProjection))
    }

    @Test func `a load leaves the rows that entries one by one leave, and so do tables made anew either way`() async throws {
        let (contract, projection) = try await Self.loaded()
        defer { contract.remove() }
        let loaded = try await projection.fingerprint()
        #expect(try await projection.persons { $0.placeholders.count } == 1)
        // Acts and updates in the journal, too: they take rows away that may still wait.
        let desk = IdentityDesk(projection: projection, journal: contract.writer, world: contract.world, policy: .strict)
        let one = try await desk.record(named: "R12")
        _ = try await desk.record(try await desk.unlinking(one, actor: "s", reason: "r"))
        try await Self.update(one, contract)
        let all = try await projection.fingerprint()
        #expect(all != loaded)
        for loadMin in [UInt64.max, 1] {
            _ = try await contract.reader.bringUpToDate(projection, loadMin: loadMin, rebuild: true)
            #expect(try await projection.fingerprint() == all, "\(loadMin)")
        }
    }

    private static func update(_ id: PatientID, _ contract: ProjectionContract) async throws {
        var record = try #require(try await contract.projection.patient(id))
        record.demographics.phones = ["6142999999"]
        let person = try #require(
            try await contract.projection.persons { snapshot in try snapshot.person(of: id).map { try snapshot.id(of: $0) } })
        let entry = IdentityEntry.registration(record, IdentityDecision(person: person, kind: .automatic))
        _ = try await contract.writer.append(
            EntryDraft(kind: .identity, subject: id, payload: entry.payload, value: entry))
    }

    @Test func `a load that is cut off is noticed, and its tables are made anew`() async throws {
        let (contract, projection) = try await Self.loaded()
        defer { contract.remove() }
        let whole = try await projection.fingerprint()
        // The process ends before the load does.
        try await projection.beginLoad()
        try projection.close()
        // Nothing in the file is to be relied on: it is to be thrown away, as any damaged one.
        #expect(throws: ExchangeError(.corrupted, "")) {
            try ProjectionContract.sqlite(contract.folder, base: ProjectionContract.base)
        }
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(at: contract.folder.appendingPathComponent("projection.sqlite" + suffix))
        }
        let again = try ProjectionContract.sqlite(contract.folder, base: ProjectionContract.base)
        defer { try? again.close() }
        let report = try await contract.reader.bringUpToDate(again)
        #expect(report.rebuiltBecause != nil)
        #expect(try await again.fingerprint() == whole)
    }

    @Test func `records of a load can be read by their ids before it ends, and are found by what they say after it`() async throws {
        let contract = try await ProjectionContract(.sqlite)
        defer { contract.remove() }
        let projection = contract.projection
        try await projection.beginLoad()
        var random = contract.world.random
        let number = try #require(PatientIdentifier(system: "urn:oid:1.2.3", value: "M1"))
        let record = PatientRecord(
            id: .random(using: &random), identifiers: [number],
            demographics: Demographics(names: [PersonName(family: "Mohr", given: ["Alice"])]))
        let entry = IdentityEntry.registration(record, IdentityDecision(person: .random(using: &random), kind: .new))
        _ = try await contract.writer.append(
            EntryDraft(kind: .identity, subject: record.id, payload: entry.payload, value: entry))
        #expect(try await projection.patient(record.id) == nil)
        try await projection.settleLoad()
        #expect(try await projection.patient(record.id) == record)
        #expect(try await projection.patients(identifier: number).isEmpty)
        try await projection.endLoad()
        #expect(try await projection.patients(identifier: number) == [record])
        let mark = try await projection.applied()
        #expect(mark?.next == contract.writer.size)
    }
}

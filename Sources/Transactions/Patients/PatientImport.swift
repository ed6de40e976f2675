import ExchangeCore
import FHIRModel
import Journal
import PatientIndex

/// Loads many registrations in order of arrival, each linked by what came before it and journalled like any other.
///
/// The index is held in memory while it lasts; nothing else may write meanwhile. A file that was loaded in part is
/// loaded again from its beginning: rows that are known are left as they are.
package struct PatientImport {
    /// What became of one row.
    package struct Outcome: Sendable {
        /// The row's id.
        package let row: String
        /// Whether the record was there already.
        package let isKnown: Bool
        /// Number of its record in the index.
        let record: UInt32
        /// Whom somebody should compare it with: the numbers of a record of each, and the score.
        let review: [(record: UInt32, millibits: Int)]
    }

    private let desk: IdentityDesk
    private var linking: ResidentLinking
    private var persons: [PersonID]
    private var numbers: [PatientID: UInt32]
    private var names: [UInt32: String] = [:]
    private var drafts: [EntryDraft] = []
    private var outcomes: [Outcome] = []
    private var random: any RandomNumberGenerator

    /// Rows that one wave of entries holds.
    private static let waveMax = 2048

    /// Reads the index into memory.
    package init(_ desk: IdentityDesk) async throws(ExchangeError) {
        self.desk = desk
        random = desk.world.random
        let policy = desk.policy
        let (loaded, model) = try await desk.read {
            try await desk.projection.persons { snapshot in
                var records: [(PatientID, PersonID, PackedRecord)] = []
                try snapshot.everyRecord { record, person, packed in
                    records.append((record, try snapshot.id(of: person), packed))
                }
                return (records, snapshot.model)
            }
        }
        let index = MemoryPersonIndex(secret: IndexSecret([UInt8](repeating: 1, count: 16)), model: model)
        persons = []
        numbers = [:]
        var numberOf: [PersonID: PersonNumber] = [:]
        for (record, person, packed) in loaded {
            let (number, owner) = index.add(packed, to: numberOf[person])
            numberOf[person] = owner
            if Int(owner) == persons.count { persons.append(person) }
            numbers[record] = number
        }
        linking = ResidentLinking(index, policy: policy)
    }

    /// Takes one row; entries are written in waves.
    package mutating func take(_ row: RegistrationTable.Row) async throws(ExchangeError) {
        var identifiers: [PatientIdentifier] = []
        if let source = row.source, let number = row.recordNumber,
            let own = PatientIdentifier(system: RegistrationTable.sourceSystem(source), value: number)
        {
            identifiers.append(own)
        }
        if let own = PatientIdentifier(system: RegistrationTable.rowSystem, value: row.id) { identifiers.append(own) }
        guard let key = identifiers.first else {
            throw ExchangeError(.badRequest, "a row's id has to be printable ASCII without blanks", at: "row")
        }
        let projection = desk.projection
        let known = numbers.isEmpty ? nil : try await desk.read { try await projection.patients(identifier: key) }.first
        if let known, let number = numbers[known.id] {
            names[number] = row.id
            outcomes.append(Outcome(row: row.id, isKnown: true, record: number, review: []))
            return
        }
        identifiers += row.identifiers
        let record = PatientRecord(
            id: .random(using: &random), identifiers: identifiers, demographics: row.demographics)
        let link = linking.register(PackedRecord(record.demographics, identifiers: identifiers))
        let number = UInt32(linking.index.recordCount - 1)
        names[number] = row.id
        let review = link.review.map {
            (record: linking.index.members(of: $0.person).first ?? number, millibits: $0.millibits)
        }
        outcomes.append(Outcome(row: row.id, isKnown: false, record: number, review: review))
        let decision = decision(link)
        let entry = IdentityEntry.registration(record, decision)
        drafts.append(EntryDraft(kind: .identity, subject: record.id, payload: entry.payload, value: entry))
        if drafts.count >= Self.waveMax { try await flush() }
    }

    private mutating func decision(_ link: LinkDecision) -> IdentityDecision {
        let person = link.person ?? 0
        let isNew = Int(person) == persons.count
        if isNew { persons.append(.random(using: &random)) }
        var named = link
        if isNew { named.person = nil }
        return IdentityDecision(named, fresh: persons[Int(person)], model: linking.index.model, policy: desk.policy) {
            persons[Int($0)]
        }
    }

    /// Writes what waits.
    package mutating func flush() async throws(ExchangeError) {
        let wave = drafts
        drafts = []
        let journal = desk.journal
        let failure = await withTaskGroup(of: ExchangeError?.self) { group in
            for draft in wave {
                group.addTask {
                    do throws(ExchangeError) {
                        _ = try await journal.append(draft)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            var failure: ExchangeError?
            for await outcome in group { failure = failure ?? outcome }
            return failure
        }
        if let failure { throw failure }
    }

    /// Rows taken so far.
    package var count: Int { outcomes.count }

    /// Rows that were known already.
    package var knownCount: Int { outcomes.count { $0.isKnown } }

    /// Rows that somebody should look at.
    package var reviewCount: Int { outcomes.count { !$0.review.isEmpty } }

    /// Every row with its person, in the order of the file.
    package var clusters: [(row: String, person: PersonID)] {
        outcomes.map { ($0.row, persons[Int(linking.index.person(of: $0.record))]) }
    }

    /// Every row to be looked at, with a record of each person it might be, best first; thousandths of a bit.
    package var reviews: [(row: String, candidate: String, millibits: Int)] {
        outcomes.flatMap { outcome in
            outcome.review.map { (outcome.row, names[$0.record] ?? "", $0.millibits) }
        }
    }
}

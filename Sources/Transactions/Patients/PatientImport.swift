import ExchangeCore
import FHIRModel
import Journal
import PatientIndex

/// Loads many registrations in order of arrival, each linked by what came before it and journalled like any other.
///
/// The index is held in memory while it lasts; nothing else may write meanwhile. A file that was loaded in part is
/// loaded again from its beginning: rows that are known are left as they are, and so is a row that the file repeats.
package struct PatientImport {
    /// What became of one row.
    private struct Outcome: Sendable {
        /// The row's id.
        let row: String
        /// Number of its record in the index.
        let record: UInt32
        /// Whether the record was there already.
        let isKnown: Bool
    }

    private let desk: IdentityDesk
    private var linking: ResidentLinking
    /// The person of each number of the index.
    private var persons: [PersonID]
    /// The record of each number of the index.
    private var ids: [PatientID]
    /// Numbers of the records that were there before; made when somebody asks.
    private var loaded: [PatientID: UInt32]?
    private let loadedCount: Int
    /// Whether anything was registered before the load.
    private let hadRecords: Bool
    /// Whose the records of known rows are that are in use no more, by the outcome's place.
    private var resting: [Int: PersonID] = [:]
    /// Numbers of the records whose rows name no source, by a hash of the row's own name.
    private var unsourced: [UInt64: UInt32] = [:]
    private var isLoading = false
    /// Rows that are linked next.
    private var waiting: [(row: RegistrationTable.Row, identifiers: [PatientIdentifier])] = []
    /// Entries of linked rows that are written next.
    private var drafts: [EntryDraft] = []
    private var outcomes: [Outcome] = []
    /// Rows that somebody should look at, of those that were registered now.
    package private(set) var reviewCount = 0
    private var random: any RandomNumberGenerator

    /// Rows that one wave of entries holds.
    private static let waveMax = 2048

    /// Reads the index into memory.
    package init(_ desk: IdentityDesk) async throws(ExchangeError) {
        self.desk = desk
        random = desk.world.random
        let policy = desk.policy
        hadRecords = desk.journal.size > 1
        let (records, apart, known) = try await desk.read {
            try await desk.projection.persons { snapshot in
                var records: [(PatientID, PersonID, PackedRecord)] = []
                try snapshot.everyRecord { record, person, packed in
                    records.append((record, try snapshot.id(of: person), packed))
                }
                var apart: [(PersonID, PersonID)] = []
                try snapshot.everyApart { one, other in
                    guard let one = try snapshot.person(of: one), let other = try snapshot.person(of: other) else { return }
                    apart.append((try snapshot.id(of: one), try snapshot.id(of: other)))
                }
                return (records, apart, (secret: snapshot.secret, model: snapshot.model, placeholders: snapshot.placeholders))
            }
        }
        let index = MemoryPersonIndex(secret: known.secret, model: known.model, placeholders: known.placeholders)
        persons = []
        ids = []
        var numberOf: [PersonID: PersonNumber] = [:]
        for (record, person, packed) in records {
            let owner = index.add(packed, to: numberOf[person]).person
            numberOf[person] = owner
            if Int(owner) == persons.count { persons.append(person) }
            ids.append(record)
        }
        loadedCount = ids.count
        for (one, other) in apart {
            guard let one = numberOf[one], let other = numberOf[other] else { continue }
            index.keepApart(one, other)
        }
        linking = ResidentLinking(index, policy: policy)
    }

    /// Takes one row; rows are linked and written in waves. `.badRequest` names the field of a row that is not taken, as every
    /// other door refuses it; the load goes on with the next.
    package mutating func take(_ row: RegistrationTable.Row) async throws(ExchangeError) {
        let identifiers = row.recordIdentifiers
        guard !identifiers.isEmpty else {
            throw ExchangeError(.badRequest, "a row's id has to be printable ASCII without blanks", at: "row")
        }
        try RegistrationRules.check(identifiers, row.demographics, now: desk.world.now())
        waiting.append((row, identifiers))
        if waiting.count >= Self.waveMax { try await linkWave() }
    }

    /// Links the rows that wait while the wave before them is written.
    private mutating func linkWave() async throws(ExchangeError) {
        let (rows, written, journal) = (waiting, drafts, desk.journal)
        waiting = []
        drafts = []
        if !hadRecords, !rows.isEmpty { try await beginLoad() }
        var place = 0
        async let failure = Self.write(written, journal)
        while place < rows.count, isNew(rows[place].identifiers[0]) {
            register(rows[place].row, rows[place].identifiers)
            place += 1
        }
        if let failure = await failure { throw failure }
        // From the first row on that has to be looked up: what went before it has to be written.
        while place < rows.count {
            let (row, identifiers) = rows[place]
            if let known = try await known(identifiers[0]) {
                take(row, known)
            } else {
                try await beginLoad()
                register(row, identifiers)
            }
            place += 1
        }
    }

    private mutating func beginLoad() async throws(ExchangeError) {
        guard !isLoading else { return }
        isLoading = true
        try await desk.projection.beginLoad()
    }

    /// Whether nobody can be known by an identifier, without looking anything up.
    private func isNew(_ key: PatientIdentifier) -> Bool {
        let place = Self.place(key)
        return !hadRecords && unsourced[place] == nil && linking.index.record(assigned: place) == nil
    }

    /// Takes a row whose record is there.
    private mutating func take(_ row: RegistrationTable.Row, _ known: Known) {
        switch known {
        case .number(let number):
            outcomes.append(Outcome(row: row.id, record: number, isKnown: true))
        case .resting(let person):
            resting[outcomes.count] = person
            outcomes.append(Outcome(row: row.id, record: 0, isKnown: true))
        }
    }

    /// Links one row to what came before it.
    private mutating func register(_ row: RegistrationTable.Row, _ identifiers: [PatientIdentifier]) {
        let record = PatientRecord(
            id: .random(using: &random), identifiers: identifiers, demographics: row.demographics)
        let packed = PackedRecord(record.demographics, identifiers: identifiers)
        let link = linking.register(packed)
        let number = UInt32(linking.index.recordCount - 1)
        if identifiers[0].system == RegistrationTable.rowSystem { unsourced[Self.place(identifiers[0])] = number }
        ids.append(record.id)
        if !link.review.isEmpty { reviewCount += 1 }
        outcomes.append(Outcome(row: row.id, record: number, isKnown: false))
        drafts.append(Self.draft(record, packed, decision(link)))
    }

    private static func draft(_ record: PatientRecord, _ packed: PackedRecord, _ decision: IdentityDecision) -> EntryDraft {
        let filed = FiledRegistration(record, packed, decision)
        return EntryDraft(kind: .identity, subject: record.id, payload: filed.entry.payload, value: filed)
    }

    /// A record that is there already.
    private enum Known {
        /// Its number in the index.
        case number(UInt32)
        /// It is in use no more, and so in no index; whose it is.
        case resting(PersonID)
    }

    private static func place(_ key: PatientIdentifier) -> UInt64 {
        StableHash.word(key.value.utf8, seed: StableHash.word(key.system.utf8))
    }

    /// The record that an identifier names already: one that was there before, or an earlier row's.
    private mutating func known(_ key: PatientIdentifier) async throws(ExchangeError) -> Known? {
        let projection = desk.projection
        let place = Self.place(key)
        if let number = linking.index.record(assigned: place) ?? unsourced[place] {
            // The hash only says where to look: the record itself has to carry the identifier.
            try await writeDrafts()
            try await projection.settleLoad()
            let id = ids[Int(number)]
            let record = try await desk.read { try await projection.patient(id) }
            if record?.identifiers.contains(key) ?? false { return .number(number) }
        }
        guard hadRecords else { return nil }
        guard let known = try await desk.read({ try await projection.patients(identifier: key) }).first else { return nil }
        if let number = loadedNumber(of: known.id) { return .number(number) }
        let person = try await desk.read {
            try await projection.persons { snapshot in try snapshot.person(of: known.id).map { try snapshot.id(of: $0) } }
        }
        return person.map { .resting($0) }
    }

    private mutating func loadedNumber(of record: PatientID) -> UInt32? {
        if loaded == nil {
            loaded = Dictionary(zip(ids.prefix(loadedCount), 0..<UInt32(loadedCount))) { first, _ in first }
        }
        return loaded?[record]
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

    /// Links and writes what waits, and makes the tables good again: to be called at the end, also of a load that failed.
    package mutating func flush() async throws(ExchangeError) {
        try await linkWave()
        try await writeDrafts()
        guard isLoading else { return }
        isLoading = false
        try await desk.projection.endLoad()
    }

    private mutating func writeDrafts() async throws(ExchangeError) {
        let wave = drafts
        drafts = []
        if let failure = await Self.write(wave, desk.journal) { throw failure }
    }

    private static func write(_ wave: [EntryDraft], _ journal: JournalWriter) async -> ExchangeError? {
        await withTaskGroup(of: ExchangeError?.self) { group in
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
    }

    /// Rows taken so far.
    package var count: Int { outcomes.count + waiting.count }

    /// Rows that were known already.
    package var knownCount: Int { outcomes.count { $0.isKnown } }

    /// Every row with its person, in the order of the file.
    package var clusters: [(row: String, person: PersonID)] {
        outcomes.enumerated().map { place, outcome in
            (outcome.row, resting[place] ?? persons[Int(linking.index.person(of: outcome.record))])
        }
    }

    /// Every record that is in use with the row that named it first, in the order of the file.
    package var records: [(row: String, record: PatientID)] {
        var seen: Set<UInt32> = []
        return outcomes.enumerated().compactMap { place, outcome in
            guard resting[place] == nil, seen.insert(outcome.record).inserted else { return nil }
            return (outcome.row, ids[Int(outcome.record)])
        }
    }
}

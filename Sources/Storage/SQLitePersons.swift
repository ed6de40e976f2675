import ExchangeCore
import GRDB
import PatientIndex
import Synchronization
import Transactions

/// The persons of one snapshot of the tables; valid while its read lasts.
struct SQLitePersons: PersonSnapshot {
    let database: Database
    /// What a search asks again and again.
    let questions: PersonQuestions
    let names: NameFrequencies
    let placeholders: LearnedPlaceholders
    let model: MatchModel
    let secret: IndexSecret

    func persons(under key: UInt64, _ body: (PersonNumber) -> Void) throws -> Bool {
        var records: [Int64] = []
        // One more than may be read tells that there are too many.
        try database.rows(
            questions.recordsUnderKey, by: Int64(bitPattern: key), Int64(BlockingKey.postingsMax + 1)
        ) { row in records.append(row.integer(0)) }
        guard records.count <= BlockingKey.postingsMax else { return false }
        for record in records {
            if let person = try person(ofRecord: record) { body(person) }
        }
        return true
    }

    /// Whose a record is, by its number: one that is found under many keys is asked for once.
    private func person(ofRecord record: Int64) throws -> PersonNumber? {
        if let known = questions.persons[record] { return known }
        var person: PersonNumber?
        try database.rows(questions.personOfRecord, by: record) { person = PersonNumber(truncatingIfNeeded: $0.integer(0)) }
        if let person { questions.remember(person, of: record) }
        return person
    }

    func records(of person: PersonNumber, _ body: (RecordView) -> Bool) throws {
        // Read to the end first: the body may ask for another person's records by the same statement.
        var packed: [PackedRecord] = []
        try database.rows(questions.recordsOfPerson, by: Int64(person)) { row in
            if let record = PackedRecord(bytes: row.bytes(0)) { packed.append(record) }
        }
        for record in packed where !record.read(body) { return }
    }

    func areAsserted(different one: PersonNumber, _ other: PersonNumber) throws -> Bool {
        try database.one("SELECT EXISTS(SELECT 1 FROM person_apart)", []) { $0.integer(0) } == 1
            && database.one(
                """
                SELECT EXISTS(SELECT 1 FROM person_record a JOIN person_apart x ON x.one = a.patient
                  JOIN person_record b ON b.patient = x.other WHERE a.pid = ? AND b.pid = ?)
                """, [Int64(one), Int64(other)]
            ) { $0.integer(0) } == 1
    }

    func id(of person: PersonNumber) throws -> PersonID {
        guard let id: PersonID = try database.one("SELECT id FROM person WHERE pid = ?", [Int64(person)], { try $0.id(0) })
        else { throw ExchangeError(.corrupted, "a person without a name; hie journal rebuild makes the tables anew") }
        return id
    }

    func number(of person: PersonID) throws -> PersonNumber? {
        try Self.number(of: person, database).map { PersonNumber(truncatingIfNeeded: $0) }
    }

    /// The number of a person, or of the one it was merged into.
    static func number(of person: PersonID, _ database: Database) throws -> Int64? {
        var found = try database.one("SELECT pid, coalesce(merged, 0) FROM person WHERE id = ?", [person.sql]) {
            ($0.integer(0), $0.integer(1))
        }
        while let next = found, next.1 != 0 {
            found = try database.one("SELECT pid, coalesce(merged, 0) FROM person WHERE pid = ?", [next.1]) {
                ($0.integer(0), $0.integer(1))
            }
        }
        return found?.0
    }

    func person(of record: PatientID) throws -> PersonNumber? {
        try database.one("SELECT pid FROM person_record WHERE patient = ?", [record.sql]) {
            PersonNumber(truncatingIfNeeded: $0.integer(0))
        }
    }

    func members(of person: PersonNumber) throws -> [PatientID] {
        try database.all("SELECT patient FROM person_record WHERE pid = ? ORDER BY rid", [Int64(person)]) { try $0.id(0) }
    }

    func packed(_ record: PatientID) throws -> PackedRecord? {
        try database.one("SELECT norm FROM person_record WHERE patient = ?", [record.sql]) {
            PackedRecord(bytes: $0.bytes(0))
        } ?? nil
    }

    func everyRecord(_ body: (PatientID, PersonNumber, PackedRecord) throws -> Void) throws {
        try database.rows("SELECT patient, pid, norm FROM person_record WHERE active = 1 ORDER BY rid", []) { row in
            guard let packed = PackedRecord(bytes: row.bytes(2)) else { return }
            try body(try row.id(0), PersonNumber(truncatingIfNeeded: row.integer(1)), packed)
        }
    }

    func reviews(limit: Int) throws -> [OpenReview] {
        try database.all(
            "SELECT patient, position, candidates, risk FROM person_review ORDER BY risk DESC, patient LIMIT ?", [limit],
            Self.review)
    }

    func openReviews() throws -> Int { Int(try database.one("SELECT count(*) FROM person_review", []) { $0.integer(0) } ?? 0) }

    func review(of record: PatientID) throws -> OpenReview? {
        try database.one(
            "SELECT patient, position, candidates, risk FROM person_review WHERE patient = ?", [record.sql], Self.review)
    }

    func areApart(_ one: PatientID, _ other: PatientID) throws -> Bool {
        try database.one("SELECT 1 FROM person_apart WHERE one = ? AND other = ?", [one.sql, other.sql]) { _ in true }
            ?? false
    }

    func apart(from record: PatientID) throws -> [PatientID] {
        try database.all("SELECT other FROM person_apart WHERE one = ? ORDER BY other", [record.sql]) { try $0.id(0) }
    }

    func everyApart(_ body: (PatientID, PatientID) throws -> Void) throws {
        try database.rows("SELECT one, other FROM person_apart WHERE one < other", []) { try body($0.id(0), $0.id(1)) }
    }

    func act(at position: UInt64) throws -> IdentityAct? {
        guard let number = Int64(exactly: position) else { return nil }
        return try database.one("SELECT payload FROM person_act WHERE position = ? LIMIT 1", [number]) {
            try StoredIdentity.act($0.bytes(0))
        } ?? nil
    }

    func modelActs(limit: Int) throws -> [ModelAct] {
        try database.all("SELECT payload FROM person_model ORDER BY position DESC LIMIT ?", [limit]) {
            try ModelEntry.act($0.bytes(0))
        }.compactMap(\.self)
    }

    func acts(about record: PatientID) throws -> [UInt64] {
        try database.all("SELECT position FROM person_act WHERE patient = ? ORDER BY position DESC LIMIT 100", [record.sql]) {
            UInt64(clamping: $0.integer(0))
        }
    }

    private static func review(_ row: SQLRow) throws -> OpenReview {
        OpenReview(
            record: try row.id(0), position: UInt64(clamping: row.integer(1)),
            candidates: try StoredIdentity.candidates(row.bytes(2)),
            isStanding: OpenReview.isStanding(risk: Int(row.integer(3))))
    }
}

/// The model in force, read once and again whenever another was put in force.
final class ModelInForce: Sendable {
    private let known = Mutex<(position: Int64, model: MatchModel)?>(nil)

    /// The model of a snapshot.
    func current(_ database: Database) throws -> MatchModel {
        let position =
            try database.one("SELECT coalesce(max(position), -1) FROM person_model WHERE active = 1", []) { $0.integer(0) } ?? -1
        guard position >= 0 else { return .initial }
        if let known = known.withLock({ $0 }), known.position == position { return known.model }
        let act = try database.one("SELECT payload FROM person_model WHERE position = ?", [position]) {
            try ModelEntry.act($0.bytes(0))
        }
        guard let act = act ?? nil else {
            throw ExchangeError(.corrupted, "the matching model cannot be read; hie journal rebuild makes the tables anew")
        }
        known.withLock { $0 = (position, act.model) }
        return act.model
    }
}

/// The questions of a search, each prepared once for a snapshot, and what was answered last: a search asks some forty, and
/// most of the keys of a person lead to the same few records.
final class PersonQuestions {
    private static let personsMax = 1_000

    let recordsUnderKey: Statement
    let personOfRecord: Statement
    let recordsOfPerson: Statement
    private(set) var persons: [Int64: PersonNumber] = [:]

    init(_ database: Database) throws {
        recordsUnderKey = try database.cachedStatement(sql: "SELECT rid FROM person_key WHERE k = ? LIMIT ?")
        personOfRecord = try database.cachedStatement(sql: "SELECT pid FROM person_record WHERE rid = ?")
        recordsOfPerson = try database.cachedStatement(
            sql: "SELECT norm FROM person_record WHERE pid = ? AND active = 1 ORDER BY rid LIMIT 64")
    }

    /// Keeps whose a record is; a snapshot does not change.
    func remember(_ person: PersonNumber, of record: Int64) {
        if persons.count >= Self.personsMax { persons.removeAll(keepingCapacity: true) }
        persons[record] = person
    }
}

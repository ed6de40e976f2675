import ExchangeCore
import GRDB
import PatientIndex

/// Rows of a load that wait to be put into their tables in the tables' own order.
///
/// What a registration is found by (keys, words, identifiers) lies everywhere in tables of hundreds of megabytes: row by row,
/// each costs a page read, a page in the WAL and a page carried back. Sorted by the million, a page is carried once.
struct DeferredRows: Sendable {
    /// A blocking key of a record; a key that may turn out to be a placeholder's comes with its limit, others with 0.
    struct Key: Sendable {
        let k: Int64
        let rid: UInt32
        let limit: UInt8
    }

    /// An identifier of a record.
    struct Identifier: Sendable {
        let value: String
        let system: String
        let patient: PatientID
    }

    /// What a name is counted under.
    struct Name: Sendable, Hashable {
        let kind: Int64
        let hash: UInt32
    }

    /// Rows that wait at most: some tens of megabytes of each.
    private static let keysMax = 2_000_000
    private static let wordsMax = 300_000
    private static let identifiersMax = 250_000

    var keys: [Key] = []
    var words: [(word: String, patient: PatientID)] = []
    var identifiers: [Identifier] = []
    var names: [Name: Int64] = [:]

    /// Whether it is time to write some of them.
    var isFull: Bool {
        keys.count >= Self.keysMax || words.count >= Self.wordsMax || identifiers.count >= Self.identifiersMax
    }

    /// Whether nothing waits.
    var isEmpty: Bool { keys.isEmpty && words.isEmpty && identifiers.isEmpty && names.isEmpty }
}

/// Rows that wait, while one transaction adds to them.
final class DeferredBox {
    var rows: DeferredRows

    init(_ rows: DeferredRows) { self.rows = rows }
}

extension ProjectionRows {
    /// Puts what waits into its tables, sorted; all of it, or only the lists that are full.
    func settle(all: Bool = true, _ database: Database) throws {
        guard let deferred else { return }
        if all || deferred.rows.isFull, !deferred.rows.isEmpty {
            try writeKeys(deferred, database)
            try writeWords(deferred, database)
            try writeIdentifiers(deferred, database)
            try writeNames(deferred, database)
        }
    }

    private func writeKeys(_ deferred: DeferredBox, _ database: Database) throws {
        var keys: [DeferredRows.Key] = []
        swap(&keys, &deferred.rows.keys)
        keys.sort { ($0.k, $0.rid) < ($1.k, $1.rid) }
        try database.runEach("INSERT OR IGNORE INTO person_key(k, rid) VALUES (?, ?)", keys, { ($0.k, Int64($0.rid)) }) { place in
            // The last of a run: its page is at hand.
            let key = keys[place]
            guard key.limit > 0, place + 1 == keys.count || keys[place + 1].k != key.k else { return }
            try learn(UInt64(bitPattern: key.k), limit: Int(key.limit), database)
        }
    }

    private func writeWords(_ deferred: DeferredBox, _ database: Database) throws {
        var words: [(word: String, patient: PatientID)] = []
        swap(&words, &deferred.rows.words)
        words.sort { ($0.word, $0.patient) < ($1.word, $1.patient) }
        for (word, patient) in words {
            try database.run(
                "INSERT OR IGNORE INTO patient_word(word, patient) VALUES (?, ?)", [.text(word), .id(patient)])
        }
    }

    private func writeIdentifiers(_ deferred: DeferredBox, _ database: Database) throws {
        var identifiers: [DeferredRows.Identifier] = []
        swap(&identifiers, &deferred.rows.identifiers)
        identifiers.sort { ($0.value, $0.system, $0.patient) < ($1.value, $1.system, $1.patient) }
        for identifier in identifiers {
            try database.run(
                "INSERT OR IGNORE INTO patient_identifier(value, system, patient) VALUES (?, ?, ?)",
                [.text(identifier.value), .text(identifier.system), .id(identifier.patient)])
        }
    }

    private func writeNames(_ deferred: DeferredBox, _ database: Database) throws {
        var names: [DeferredRows.Name: Int64] = [:]
        swap(&names, &deferred.rows.names)
        for (name, count) in names {
            try database.run(
                """
                INSERT INTO person_name(kind, hash, n) VALUES (?, ?, ?) ON CONFLICT(kind, hash) DO UPDATE SET n = n + excluded.n
                """, [.integer(name.kind), .integer(Int64(name.hash)), .integer(count)])
        }
    }
}

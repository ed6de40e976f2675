import ExchangeCore
import GRDB
import Journal
import PatientIndex
import Transactions

extension ProjectionRows {
    /// A record as it was registered now; what it was before stays among its versions.
    func keep(_ record: PatientRecord, _ entry: CommittedEntry, _ database: Database) throws {
        let known = try database.one("SELECT version, updated, resource FROM patient WHERE id = ?", [record.id.sql]) {
            (number: $0.integer(0), updated: $0.integer(1), resource: $0.bytes(2))
        }
        let before = try known.map { try PatientRecord(payload: $0.resource, id: record.id) }
        if let known {
            try database.run(
                "INSERT OR REPLACE INTO patient_version(patient, version, updated, resource) VALUES (?, ?, ?, ?)",
                [.id(record.id), .integer(known.number), .integer(known.updated), .bytes(known.resource)])
        }
        try database.run(
            """
            INSERT INTO patient(id, resource, active, leaf, version, updated) VALUES (?, ?, ?, ?, ?, ?)
            ON CONFLICT(id) DO UPDATE SET resource = excluded.resource, active = excluded.active, leaf = excluded.leaf,
              version = excluded.version, updated = excluded.updated, survivor = NULL
            """,
            [
                .id(record.id), .bytes(entry.payload), .integer(record.isActive ? 1 : 0), .bytes(entry.leaf),
                .integer((known?.number ?? 0) + 1), .time(entry.time),
            ])
        // What is fed again has changed little: only that is written. An identifier once told stays on its record.
        for identifier in record.identifiers where before?.identifiers.contains(identifier) != true {
            if let deferred {
                deferred.rows.identifiers.append(
                    .init(value: identifier.value, system: identifier.system, patient: record.id))
            } else {
                try database.run(
                    "INSERT OR IGNORE INTO patient_identifier(value, system, patient) VALUES (?, ?, ?)",
                    [.text(identifier.value), .text(identifier.system), .id(record.id)])
            }
            try database.run("INSERT OR IGNORE INTO patient_system(system) VALUES (?)", [.text(identifier.system)])
        }
        let words = PatientWords.words(of: record.demographics)
        let told = Set(before.map { PatientWords.words(of: $0.demographics) } ?? [])
        try drop(told.subtracting(words), of: record.id, database)
        for word in words where !told.contains(word) {
            if let deferred {
                deferred.rows.words.append((word, record.id))
                continue
            }
            try database.run(
                "INSERT OR IGNORE INTO patient_word(word, patient) VALUES (?, ?)", [.text(word), .id(record.id)])
        }
    }

    /// Takes away the words a record is searched by, as a payload of it has them.
    func dropWords(of patient: PatientID, _ payload: [UInt8], _ database: Database) throws {
        try drop(
            Set(PatientWords.words(of: try PatientRecord(payload: payload, id: patient).demographics)), of: patient, database)
    }

    private func drop(_ words: Set<String>, of patient: PatientID, _ database: Database) throws {
        guard !words.isEmpty else { return }
        try settle(database)
        for word in words {
            try database.run("DELETE FROM patient_word WHERE word = ? AND patient = ?", [.text(word), .id(patient)])
        }
    }
}

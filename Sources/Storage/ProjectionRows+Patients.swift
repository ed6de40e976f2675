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
        if let known {
            try database.cachedStatement(
                sql: "INSERT OR REPLACE INTO patient_version(patient, version, updated, resource) VALUES (?, ?, ?, ?)"
            ).execute(arguments: [record.id.sql, known.number, known.updated, known.resource.sql])
            try dropWords(of: record.id, known.resource, database)
        }
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO patient(id, resource, active, leaf, version, updated) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            record.id.sql, entry.payload.sql, record.isActive, entry.leaf.sql, (known?.number ?? 0) + 1,
            entry.time.milliseconds,
        ])
        for identifier in record.identifiers {
            if let deferred {
                deferred.rows.identifiers.append(
                    .init(value: identifier.value, system: identifier.system, patient: record.id))
            } else {
                try database.run(
                    "INSERT OR IGNORE INTO patient_identifier(value, system, patient) VALUES (?, ?, ?)",
                    [.text(identifier.value), .text(identifier.system), .id(record.id)])
            }
            try database.cachedStatement(sql: "INSERT OR IGNORE INTO patient_system(system) VALUES (?)")
                .execute(arguments: [identifier.system])
        }
        for word in PatientWords.words(of: record.demographics) {
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
        try settle(database)
        for word in PatientWords.words(of: try PatientRecord(payload: payload, id: patient).demographics) {
            try database.cachedStatement(sql: "DELETE FROM patient_word WHERE word = ? AND patient = ?")
                .execute(arguments: [word, patient.sql])
        }
    }
}

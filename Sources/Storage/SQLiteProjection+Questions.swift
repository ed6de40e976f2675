import ConsentEngine
import DocumentExchange
import ExchangeCore
import GRDB
import Journal
import PatientIndex
import Transactions
import XDSMetadata

extension SQLiteProjection {
    package func patient(_ id: PatientID) async throws -> PatientRecord? {
        try await read { try Self.patientRecord(id, $0) }
    }

    package func patients(identifier: PatientIdentifier) async throws -> [PatientRecord] {
        try await read { database in
            // A registration may have dropped an identifier that the index still knows: the record decides.
            try database.all(
                """
                SELECT p.id, p.resource, p.active, p.survivor FROM patient_identifier i JOIN patient p ON p.id = i.patient
                WHERE i.value = ? AND i.system = ? ORDER BY p.id LIMIT 100
                """, [identifier.value, identifier.system]
            ) { row in
                try Self.patientRecord(row.id(0), row, from: 1)
            }.filter { $0.identifiers.contains(identifier) }
        }
    }

    package func personsNow<Value: Sendable>(
        _ question: @Sendable @escaping (any PersonSnapshot, UInt64) throws -> Value,
    ) async throws -> Value {
        let (names, placeholders, model, secret) = (names, placeholders, model, secret)
        return try await read { database in
            try question(
                SQLitePersons(
                    database: database, questions: PersonQuestions(database), names: names.current(database),
                    placeholders: placeholders.current(database, secret), model: model.current(database), secret: secret),
                Self.position(database))
        }
    }

    package func entries(of patient: PatientID, matching query: DocumentQuery) async throws -> [DocumentEntry] {
        try await facts(about: patient, matching: query).documents.map { try DocumentEntry(reference: $0.reference) }
    }

    package func entry(_ id: DocumentID) async throws -> DocumentEntry? {
        try await facts(aboutDocument: id)?.documents.first.map { try DocumentEntry(reference: $0.reference) }
    }

    package func entries(uniqueID: String) async throws -> [DocumentEntry] {
        try await read { database in
            try database.all(
                """
                SELECT d.reference FROM document_unique u JOIN document_place p ON p.id = u.id
                JOIN document d ON d.patient = p.patient AND d.registered = p.registered AND d.id = p.id
                WHERE u.unique_id = ? ORDER BY d.registered DESC, d.id LIMIT 100
                """, [uniqueID]
            ) { try DocumentEntry(reference: $0.bytes(0)) }
        }
    }

    package func submissionExists(uniqueID: String) async throws -> Bool {
        try await read { database in
            try database.one(
                """
                SELECT EXISTS(SELECT 1 FROM submission WHERE unique_id = ?1)
                  OR EXISTS(SELECT 1 FROM document_unique WHERE unique_id = ?1)
                """, [uniqueID]
            ) { $0.integer(0) != 0 } ?? false
        }
    }

    static func patientRecord(_ id: PatientID, _ database: Database) throws -> PatientRecord? {
        try database.one("SELECT resource, active, survivor FROM patient WHERE id = ?", [id.sql]) {
            try patientRecord(id, $0, from: 0)
        }
    }

    /// A record from its columns resource, active and survivor.
    static func patientRecord(_ id: PatientID, _ row: SQLRow, from column: Int32) throws -> PatientRecord {
        var record = try PatientRecord(payload: row.bytes(column), id: id)
        record.isActive = row.integer(column + 1) != 0
        record.survivor = PatientID(bytes: row.bytes(column + 2))
        return record
    }

    /// How many entries the snapshot contains: P of the one road.
    static func position(_ database: Database) throws -> JournalPosition {
        JournalPosition(clamping: try database.one("SELECT next FROM mark", []) { $0.integer(0) } ?? 0)
    }
}

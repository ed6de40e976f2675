import ExchangeCore
import GRDB
import Journal
import Transactions

extension SQLiteProjection {
    package func legalHold(of patient: PatientID) async throws -> LegalHold? {
        try await read { database in
            try database.one("SELECT stored FROM legal_hold WHERE patient = ?", [patient.sql]) {
                try LegalHold(stored: $0.bytes(0), patient: patient)
            }
        }
    }

    package func legalHolds() async throws -> [LegalHold] {
        try await read { database in
            try database.all("SELECT patient, stored FROM legal_hold ORDER BY patient", []) {
                try LegalHold(stored: $0.bytes(1), patient: $0.id(0))
            }
        }
    }

    package func erasedPatients() async throws -> [PatientID] {
        try await read { database in
            try database.all("SELECT patient FROM erasure ORDER BY position", []) { try $0.id(0) }
        }
    }

    package func erasedDocuments() async throws -> [ContentReference] {
        try await read { database in
            try database.all(
                "SELECT id, sealed, segment, offset, length FROM document_erasure ORDER BY position, id", []
            ) { row in
                ContentReference(
                    document: try row.id(0), sealedDigest: row.bytes(1),
                    location: ContentLocation(
                        segment: UInt32(clamping: row.integer(2)), offset: UInt64(clamping: row.integer(3)),
                        length: UInt32(clamping: row.integer(4))))
            }
        }
    }

    package func patientIDs(after: PatientID?, limit: Int) async throws -> [PatientID] {
        try await read { database in
            try database.all(
                "SELECT id FROM patient WHERE id > ? ORDER BY id LIMIT ?",
                [after?.sql ?? [UInt8]().sql, limit]
            ) { try $0.id(0) }
        }
    }

    package func purge() async throws { try await truncateWAL() }
}

extension ProjectionRows {
    /// Takes every row about a patient away; `secure_delete` overwrites what they held.
    func erase(_ erasure: Erasure, _ entry: CommittedEntry, _ database: Database) throws {
        let patient = erasure.patient.sql
        try takeKeys(of: erasure.patient, database)
        let resource = try database.one("SELECT resource FROM patient WHERE id = ?", [patient]) { $0.bytes(0) }
        if let resource { try dropWords(of: erasure.patient, resource, database) }
        for statement in [
            "DELETE FROM folder_member WHERE document IN (SELECT id FROM document_place WHERE patient = ?)",
            "DELETE FROM folder_member WHERE folder IN (SELECT id FROM list_place WHERE patient = ?)",
            "DELETE FROM list_place WHERE patient = ?", "DELETE FROM list WHERE patient = ?",
            "DELETE FROM document_unique WHERE id IN (SELECT id FROM document_place WHERE patient = ?)",
            "DELETE FROM document_place WHERE patient = ?", "DELETE FROM document WHERE patient = ?",
            "DELETE FROM consent_delivery WHERE directive IN (SELECT id FROM directive_place WHERE patient = ?)",
            "DELETE FROM directive_version WHERE id IN (SELECT id FROM directive_place WHERE patient = ?)",
            "DELETE FROM directive_origin WHERE patient = ?", "DELETE FROM directive_place WHERE patient = ?",
            "DELETE FROM directive WHERE patient = ?", "DELETE FROM encounter WHERE patient = ?",
            "DELETE FROM access WHERE patient = ?",
            "DELETE FROM alert WHERE patient = ?", "DELETE FROM rule_alert WHERE patient = ?",
            "DELETE FROM legal_hold WHERE patient = ?", "DELETE FROM subscription WHERE patient = ?",
            "DELETE FROM change_request WHERE patient = ?",
            "DELETE FROM person_record WHERE patient = ?",
            "DELETE FROM person_review WHERE patient = ?", "DELETE FROM person_act WHERE patient = ?",
            "DELETE FROM person_apart WHERE one = ?1 OR other = ?1",
            "DELETE FROM patient_identifier WHERE patient = ?", "DELETE FROM patient_version WHERE patient = ?",
            "DELETE FROM patient WHERE id = ?",
        ] { try database.cachedStatement(sql: statement).execute(arguments: [patient]) }
        try database.cachedStatement(sql: "INSERT OR IGNORE INTO erasure(patient, position) VALUES (?, ?)")
            .execute(arguments: [patient, Int64(entry.position)])
    }

    /// Takes the rows of single documents away, and keeps where their bytes lay.
    static func erase(_ erasure: DocumentErasure, _ entry: CommittedEntry, _ database: Database) throws {
        for content in erasure.contents {
            let id = content.document.sql
            for statement in [
                "DELETE FROM document_unique WHERE id = ?1",
                """
                DELETE FROM document WHERE (patient, registered, id) IN
                  (SELECT patient, registered, id FROM document_place WHERE id = ?1)
                """,
                "DELETE FROM document_place WHERE id = ?1", "DELETE FROM folder_member WHERE document = ?1",
            ] { try database.cachedStatement(sql: statement).execute(arguments: [id]) }
            try database.cachedStatement(
                sql: """
                    INSERT OR IGNORE INTO document_erasure(id, position, sealed, segment, offset, length)
                    VALUES (?, ?, ?, ?, ?, ?)
                    """
            ).execute(arguments: [
                id, Int64(entry.position), content.sealedDigest.sql, Int64(content.location.segment),
                Int64(content.location.offset), Int64(content.location.length),
            ])
        }
    }

    static func keep(_ hold: LegalHold, _ database: Database) throws {
        if hold.isHeld {
            try database.cachedStatement(sql: "INSERT OR REPLACE INTO legal_hold(patient, stored) VALUES (?, ?)")
                .execute(arguments: [hold.patient.sql, hold.payload.sql])
        } else {
            try database.cachedStatement(sql: "DELETE FROM legal_hold WHERE patient = ?")
                .execute(arguments: [hold.patient.sql])
        }
    }
}

import ExchangeCore
import GRDB
import PatientIndex
import Transactions

extension SQLiteProjection {
    package func patientVersions(of id: PatientID) async throws -> [PatientVersion] {
        try await read { database in
            let newest = try database.one(
                "SELECT resource, active, survivor, version, updated FROM patient WHERE id = ?", [id.sql]
            ) { row in
                PatientVersion(
                    record: try Self.patientRecord(id, row, from: 0), number: Int(row.integer(3)),
                    updated: Timestamp(milliseconds: row.integer(4)))
            }
            guard let newest else { return [] }
            let older = try database.all(
                "SELECT resource, version, updated FROM patient_version WHERE patient = ? ORDER BY version DESC LIMIT 1000",
                [id.sql]
            ) { row in
                PatientVersion(
                    record: try PatientRecord(payload: row.bytes(0), id: id), number: Int(row.integer(1)),
                    updated: Timestamp(milliseconds: row.integer(2)))
            }
            return [newest] + older
        }
    }

    package func isIdentifierSystem(_ system: String) async throws -> Bool {
        try await read { database in
            try database.one("SELECT 1 FROM patient_system WHERE system = ?", [system]) { _ in true } ?? false
        }
    }

    package func patients(matching criteria: PatientCriteria, limit: Int) async throws -> [PatientRecord]? {
        try await read { database in
            var found: [PatientRecord] = []
            var read = 0
            func take(_ row: SQLRow) throws {
                read += 1
                let record = try Self.patientRecord(row.id(0), row, from: 1)
                if criteria.matches(record) { found.append(record) }
            }
            // One more than may be read tells that there are too many.
            if let word = criteria.lead {
                try database.rows(
                    """
                    SELECT p.id, p.resource, p.active, p.survivor
                    FROM (SELECT DISTINCT patient FROM patient_word WHERE word >= ? AND word < ? LIMIT ?) w
                    CROSS JOIN patient p ON p.id = w.patient ORDER BY p.id
                    """, [word.from, word.until, limit + 1], take)
            } else {
                try database.rows(
                    "SELECT id, resource, active, survivor FROM patient ORDER BY id LIMIT ?", [limit + 1], take)
            }
            return read > limit ? nil : found
        }
    }
}

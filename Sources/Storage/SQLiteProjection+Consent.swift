import ConsentEngine
import ExchangeCore
import GRDB
import Journal
import Transactions

extension SQLiteProjection {
    package func directive(_ id: DirectiveID) async throws -> ConsentDirective? {
        try await read { database in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT d.resource FROM directive_place p JOIN directive d ON d.patient = p.patient AND d.id = p.id
                    WHERE p.id = ?
                    """, arguments: [id.sql])
            return try row.map { try ConsentDirective(payload: $0.bytes(0)) }
        }
    }

    package func versions(of id: DirectiveID) async throws -> [ConsentVersion] {
        try await read { database in
            try database.all(
                "SELECT version, resource, position FROM directive_version WHERE id = ? ORDER BY version DESC", [id.sql],
                Self.version)
        }
    }

    package func consents(of patient: PatientID) async throws -> (versions: [ConsentVersion], position: JournalPosition) {
        try await read { database in
            let versions = try database.all(
                "SELECT version, resource, position FROM directive WHERE patient = ? ORDER BY id", [patient.sql],
                Self.version)
            return (versions, try Self.position(database))
        }
    }

    package func alerts(withClosed: Bool, limit: Int) async throws -> [EmergencyAlert] {
        try await read { database in
            try database.all(
                "SELECT stored FROM alert WHERE closed <= ? ORDER BY id DESC LIMIT ?", [withClosed ? 1 : 0, limit]
            ) { try EmergencyAlert(stored: $0.bytes(0)) }
        }
    }

    package func alert(_ id: JournalPosition) async throws -> EmergencyAlert? {
        guard let number = Int64(exactly: id) else { return nil }
        return try await read { database in
            try database.one("SELECT stored FROM alert WHERE id = ?", [number]) { try EmergencyAlert(stored: $0.bytes(0)) }
        }
    }

    package func directives(of patient: PatientID) async throws -> (directives: [ConsentDirective], position: UInt64) {
        let cache = consents
        return try await read { (try Self.consent(of: patient, merged: [patient], cache, $0).directives, try Self.position($0)) }
    }

    /// What a patient has said; the resources are read only when these versions of them were not lately.
    ///
    /// - Parameter merged: the record and those merged with it, whose stays are theirs, too.
    static func consent(
        of patient: PatientID, merged: [PatientID], _ cache: ConsentCache, _ database: Database,
    ) throws -> PatientConsent {
        let versions = try database.all("SELECT id, version FROM directive WHERE patient = ? ORDER BY id", [patient.sql]) {
            ConsentCache.Version(directive: try $0.id(0), number: Int($0.integer(1)))
        }
        // Who treats matters to what was said alone.
        guard !versions.isEmpty else { return PatientConsent([]) }
        var hasOwnCare = false
        let care = try merged.flatMap { record in
            let told = try database.all("SELECT position FROM encounter WHERE patient = ? ORDER BY number", [record.sql]) { $0.integer(0) }
            if record == patient { hasOwnCare = !told.isEmpty }
            return told
        }
        return try cache.consent(of: patient, versions, care: care) {
            let directives = try database.all("SELECT resource FROM directive WHERE patient = ? ORDER BY id", [patient.sql]) {
                try ConsentDirective(payload: $0.bytes(0))
            }
            return PatientConsent(directives, care: care.isEmpty ? [] : try encounters(of: merged, database), hasOwnCare: hasOwnCare)
        }
    }

    private static func encounters(of merged: [PatientID], _ database: Database) throws -> [CareEncounter] {
        MergedRecords.care(
            try merged.flatMap { record in
                try database.all("SELECT payload, position FROM encounter WHERE patient = ?", [record.sql]) {
                    (try EncounterEntry.encounter($0.bytes(0)), UInt64(clamping: $0.integer(1)))
                }
            })
    }

    package func encounters(of patient: PatientID) async throws -> [CareEncounter] {
        try await read { database in
            try Self.encounters(of: PersonRecords(with: patient, database).merged(database).joined(with: patient), database)
        }
    }

    static func version(_ row: SQLRow) throws -> ConsentVersion {
        let resource = row.bytes(1)
        return ConsentVersion(
            directive: try ConsentDirective(payload: resource), number: Int(row.integer(0)), resource: resource,
            position: JournalPosition(clamping: row.integer(2)))
    }
}

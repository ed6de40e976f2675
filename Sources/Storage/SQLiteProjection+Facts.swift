import ConsentEngine
import DocumentExchange
import ExchangeCore
import GRDB
import GossipDirectory
import Journal
import PatientIndex
import Transactions
import XDSMetadata

extension SQLiteProjection: ExchangeProjection {
    package func facts(about patient: PatientID, matching query: DocumentQuery) async throws -> PatientFacts {
        let (home, consents) = (home, consents)
        return try await read { database in
            let person = try PersonRecords(with: patient, database)
            var documents: [RegisteredDocument] = []
            for record in person.records {
                documents += try Self.documents(
                    of: record,
                    """
                    SELECT id, unique_id, sha256, mime, registered, facts, segment, offset, length, sealed, reference
                    FROM document WHERE patient = ? AND (?2 = -1 OR status = ?2)
                    ORDER BY patient, registered DESC, id
                    """, [record.sql, Self.status(query.statuses)], matching: query, home: home, database)
            }
            // Each record's are in order already.
            if person.records.count > 1 {
                documents.sort { ($1.registered, $0.facts.id) < ($0.registered, $1.facts.id) }
            }
            return try Self.facts(about: patient, person, documents, consents, database)
        }
    }

    package func standing(of patient: PatientID) async throws -> PatientFacts {
        let consents = consents
        return try await read { database in
            try Self.facts(about: patient, PersonRecords(with: patient, database), [], consents, database)
        }
    }

    package func facts(aboutDocument id: DocumentID) async throws -> PatientFacts? {
        let (home, consents) = (home, consents)
        return try await read { database in
            let place = try database.one("SELECT patient, registered FROM document_place WHERE id = ?", [id.sql]) { row in
                (patient: try row.id(0) as PatientID, registered: row.integer(1))
            }
            guard let place else { return nil }
            let documents = try Self.documents(
                of: place.patient,
                """
                SELECT id, unique_id, sha256, mime, registered, facts, segment, offset, length, sealed, reference
                FROM document WHERE patient = ? AND registered = ? AND id = ?
                """, [place.patient.sql, place.registered, id.sql], matching: DocumentQuery(), home: home, database)
            return try Self.facts(
                about: place.patient, PersonRecords(with: place.patient, database), documents, consents, database)
        }
    }

    package func accesses(to patient: PatientID, limit: Int) async throws -> [AccessEvent] {
        try await read { database in
            try Row.fetchAll(
                database.cachedStatement(
                    sql: """
                        SELECT position, time, payload FROM access WHERE patient = ? ORDER BY position DESC LIMIT ?
                        """), arguments: [patient.sql, limit]
            ).map { row in
                AccessEvent(
                    position: JournalPosition(row[0] as Int64), time: Timestamp(milliseconds: row[1]),
                    record: try AccessRecord(payload: row.bytes(2)))
            }
        }
    }

    package func counts() async throws -> ExchangeCounts {
        try await read { database in
            ExchangeCounts(
                patients: try Int.fetchOne(database, sql: "SELECT count(*) FROM patient") ?? 0,
                documents: try Int.fetchOne(database, sql: "SELECT count(*) FROM document_place") ?? 0,
                directives: try Int.fetchOne(database, sql: "SELECT count(*) FROM directive_place") ?? 0)
        }
    }

    package func directoryFacts() async throws -> [DirectoryFact] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT kind, community, compact FROM directory_fact ORDER BY 1, 2")
                .compactMap { row in
                    guard let kind = DirectoryFact.Kind(rawValue: row[0]), let community = CommunityID(row[1] as String)
                    else { return nil }
                    return DirectoryFact(kind: kind, community: community, compact: row[2])
                }
        }
    }

    package func keep(_ fact: DirectoryFact) async throws {
        try await write { try ProjectionRows.keep(fact, $0) }
    }

    /// Patient, directives and position of the snapshot that the documents are of.
    static func facts(
        about patient: PatientID, _ person: PersonRecords, _ documents: [RegisteredDocument], _ consents: ConsentCache,
        _ database: Database,
    ) throws -> PatientFacts {
        let merged = try person.merged(database)
        return PatientFacts(
            patient: try database.one("SELECT 1 FROM patient WHERE id = ?", [patient.sql]) { _ in patient },
            person: person.id, documents: documents,
            consent: PersonConsent(
                try person.records.map { .init($0, try consent(of: $0, merged: merged.joined(with: $0), consents, database)) }),
            position: try position(database))
    }

    static func documents(
        of patient: PatientID, _ sql: String, _ arguments: StatementArguments, matching query: DocumentQuery,
        home: CommunityID, _ database: Database,
    ) throws -> [RegisteredDocument] {
        var documents: [RegisteredDocument] = []
        // Everything but patient and status is judged by the one definition of what a query means.
        var bare = query
        bare.statuses = []
        let isFiltered = bare != DocumentQuery()
        try database.rows(sql, arguments) { row in
            let reference = row.bytes(10)
            if isFiltered, try !QueryMatcher.matches(DocumentEntry(reference: reference), query) { return }
            documents.append(try document(row, of: patient, reference: reference, home: home))
        }
        return documents
    }

    private static func document(_ row: SQLRow, of patient: PatientID, reference: [UInt8], home: CommunityID) throws
        -> RegisteredDocument
    {
        let id: DocumentID = try row.id(0)
        return RegisteredDocument(
            patient: patient, facts: try StoredFacts.decode(row.bytes(5), id: id, home: home), uniqueID: row.text(1), sha256: row.bytes(2),
            mimeType: row.text(3), registered: Timestamp(milliseconds: row.integer(4)), reference: reference,
            content: ContentReference(
                document: id, sealedDigest: row.bytes(9),
                location: ContentLocation(
                    segment: UInt32(truncatingIfNeeded: row.integer(6)),
                    offset: UInt64(truncatingIfNeeded: row.integer(7)),
                    length: UInt32(truncatingIfNeeded: row.integer(8)))))
    }

    /// -1 for any: most searches ask for one status or none.
    private static func status(_ statuses: [AvailabilityStatus]) -> Int {
        guard statuses.count == 1, let only = statuses.first else { return -1 }
        return only == .current ? 1 : 0
    }
}

/// Every record of the person whose record one is, in order of arrival; that one alone where the index does not know it.
struct PersonRecords {
    var id: PersonID?
    var records: [PatientID] = []

    init(with patient: PatientID, _ database: Database) throws {
        try database.rows(
            """
            SELECT r.patient, p.id FROM person_record o JOIN person_record r ON r.pid = o.pid JOIN person p ON p.pid = o.pid
            WHERE o.patient = ? ORDER BY r.rid LIMIT ?
            """, [patient.sql, PatientFacts.recordsMax + 1]
        ) { row in
            records.append(try row.id(0))
            id = try row.id(1)
        }
        guard records.count <= PatientFacts.recordsMax else { throw PatientFacts.tooManyRecords }
        if records.isEmpty { records = [patient] }
    }

    /// Which of them their source has merged.
    func merged(_ database: Database) throws -> MergedRecords {
        guard records.count > 1 else { return MergedRecords(records, survivors: [:]) }
        var survivors: [PatientID: PatientID] = [:]
        for record in records {
            try database.rows("SELECT survivor FROM patient WHERE id = ? AND survivor IS NOT NULL", [record.sql]) { row in
                survivors[record] = try row.id(0)
            }
        }
        return MergedRecords(records, survivors: survivors)
    }
}

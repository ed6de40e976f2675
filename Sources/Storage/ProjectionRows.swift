import ConsentEngine
import DocumentExchange
import ExchangeCore
import FHIRModel
import GRDB
import GossipDirectory
import JSON
import Journal
import PatientIndex
import Transactions
import XDSMetadata

/// What each journal entry makes of the tables.
struct ProjectionRows {
    let base: String
    let secret: IndexSecret
    /// What this transaction teaches about the index.
    let added: AddedToIndex
    /// Rows that wait for their tables, during a load.
    var deferred: DeferredBox?

    func apply(_ entry: CommittedEntry, to database: Database) throws {
        if entry.kind == .directory {
            return try Self.keep((entry.value as? DirectoryFact) ?? DirectoryFact(payload: entry.payload), database)
        }
        if let taken = try TakenMessage(entry) { return try Self.keep(taken, database) }
        if let act = try ModelEntry.act(entry) {
            return try database.execute(
                sql: "INSERT INTO person_model(position, active, payload) VALUES (?, ?, ?)",
                arguments: [Int64(entry.position), act.kind == .activated, entry.payload.sql])
        }
        if let erasure = try Erasure(entry) { return try erase(erasure, entry, database) }
        if let erasure = try DocumentErasure(entry) { return try Self.erase(erasure, entry, database) }
        if let act = try ChangeRequest.Act(entry) { return try Self.note(act, database) }
        if let request = try ChangeRequest(entry) { return try Self.keep(request, database) }
        guard let subject = entry.subject, !entry.isErased else { return }
        switch entry.kind {
        case .identity: try applyIdentity(entry, subject, database)
        case .submission: try applySubmission(entry, subject, database)
        case .consent: try applyConsent(entry, subject, database)
        case .delivery: try Self.applyDelivery(entry, database)
        case .encounter:
            let encounter = try entry.decoded { () throws(ExchangeError) in try EncounterEntry.encounter(entry.payload) }
            try database.run(
                "INSERT OR REPLACE INTO encounter(patient, number, position, payload, leaf) VALUES (?, ?, ?, ?, ?)",
                [
                    .id(subject), .text(encounter.number), .integer(Int64(entry.position)), .bytes(entry.payload),
                    .bytes(entry.leaf),
                ])
        case .subscription: try Self.keep(entry, subscriptionOf: subject, database)
        case .access:
            try applyAlert(entry, subject, database)
            try database.run(
                "INSERT INTO access(patient, position, time, payload) VALUES (?, ?, ?, ?)",
                [.id(subject), .integer(Int64(entry.position)), .time(entry.time), .bytes(entry.payload)])
        case .administration:
            if let hold = try LegalHold(entry) {
                try Self.keep(hold, database)
            } else if let raised = try RuleAlert(entry) {
                try Self.keep(raised, subject, database)
            } else if let act = try AlertAct(entry) {
                try Self.note(act, entry, subject, database)
            }
        case .genesis, .inquiry, .directory, .repair, .erasure, .feed: break
        }
    }

    private func applySubmission(_ entry: CommittedEntry, _ subject: PatientID, _ database: Database) throws {
        let record = try entry.decoded { () throws(ExchangeError) in try SubmissionRecord(payload: entry.payload, base: base) }
        try applyLists(record, entry, subject, database)
        for (index, document) in record.entries.enumerated() {
            guard index < entry.contents.count else {
                throw ExchangeError(.corrupted, "a submission names more documents than stand beside it")
            }
            let content = entry.contents[index]
            try database.run(
                """
                INSERT INTO document(patient, registered, id, status, unique_id, sha256, mime, facts, segment, offset,
                  length, sealed, leaf, reference) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    .id(subject), .time(document.registered), .id(document.id), .integer(document.status == .current ? 1 : 0),
                    .text(document.uniqueID), .bytes(document.sha256), .text(document.mimeType),
                    .bytes(StoredFacts.encode(DocumentFacts(document))), .integer(Int64(content.location.segment)),
                    .integer(Int64(content.location.offset)), .integer(Int64(content.location.length)),
                    .bytes(content.sealedDigest), .bytes(entry.leaf), .bytes(record.references[index]),
                ])
            try database.run(
                "INSERT INTO document_place(id, patient, registered) VALUES (?, ?, ?)",
                [.id(document.id), .id(subject), .time(document.registered)])
            try database.run(
                "INSERT INTO document_unique(unique_id, id) VALUES (?, ?)", [.text(document.uniqueID), .id(document.id)])
        }
        try Self.joinFolders(record, entry.time, database)
        for replaced in record.superseded { try supersede(replaced, database) }
    }

    /// A replaced entry is rendered again, because its FHIR form says so too.
    private func supersede(_ id: DocumentID, _ database: Database) throws {
        guard
            let row = try Row.fetchOne(
                database.cachedStatement(
                    sql: """
                        SELECT d.patient, d.registered, d.reference FROM document_place p
                        JOIN document d ON d.patient = p.patient AND d.registered = p.registered AND d.id = p.id
                        WHERE p.id = ?
                        """), arguments: [id.sql])
        else { return }
        var document = try DocumentEntry(reference: row.bytes(2))
        document.status = .superseded
        let reference = JSONWriter.bytes(.object(DocumentReferenceMapping.json(document, base: base)))
        try database.cachedStatement(
            sql: "UPDATE document SET status = 0, reference = ? WHERE patient = ? AND registered = ? AND id = ?"
        ).execute(arguments: [reference.sql, try row.bytes(0).sql, row[1] as Int64, id.sql])
    }

    /// An emergency opens an alert, or belongs to one that is still open.
    private func applyAlert(_ entry: CommittedEntry, _ subject: PatientID, _ database: Database) throws {
        // Every search passes here: only an emergency is decoded when it is replayed.
        guard (entry.value as? AccessRecord)?.isEmergency ?? EmergencyAlert.mayOpen(entry.payload) else { return }
        let record = try entry.decoded { () throws(ExchangeError) in try AccessRecord(payload: entry.payload) }
        guard record.isEmergency else { return }
        let event = AccessEvent(position: entry.position, time: entry.time, record: record)
        let open = try database.all(
            "SELECT stored FROM alert WHERE patient = ? AND closed = 0 ORDER BY id DESC", [subject.sql]
        ) { try EmergencyAlert(stored: $0.bytes(0)) }
        var alert = open.first { $0.covers(event) }
        if alert != nil { alert?.add(event) } else { alert = EmergencyAlert(event, patient: subject) }
        if let alert { try Self.keep(alert, database) }
    }

    private static func note(_ act: AlertAct, _ entry: CommittedEntry, _ subject: PatientID, _ database: Database) throws {
        let raised = try database.one("SELECT stored FROM rule_alert WHERE id = ?", [Int64(act.alert)]) {
            try RuleAlert(stored: $0.bytes(0))
        }
        if var raised {
            raised.add(act, at: entry.position, entry.time)
            return try keep(raised, subject, database)
        }
        let alert = try database.one("SELECT stored FROM alert WHERE id = ?", [Int64(act.alert)]) {
            try EmergencyAlert(stored: $0.bytes(0))
        }
        guard var alert else { return }
        alert.add(act, at: entry.position, entry.time)
        try keep(alert, database)
    }

    private static func keep(_ alert: EmergencyAlert, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO alert(id, patient, closed, stored) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [Int64(alert.id), alert.patient.sql, alert.state == .closed, alert.stored.sql])
    }

    private static func keep(_ alert: RuleAlert, _ subject: PatientID, _ database: Database) throws {
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO rule_alert(id, key, closed, patient, stored) VALUES (?, ?, ?, ?, ?)"
        ).execute(arguments: [
            Int64(alert.id), alert.raised.key, alert.state == .closed, subject.sql, alert.stored.sql,
        ])
    }

    /// The newest version decides; all of them stay.
    private func applyConsent(_ entry: CommittedEntry, _ subject: PatientID, _ database: Database) throws {
        let directive = try entry.decoded { () throws(ExchangeError) in try ConsentDirective(payload: entry.payload) }
        let last = try database.one(
            "SELECT coalesce(max(version), 0) FROM directive_version WHERE id = ?", [directive.id.sql]
        ) { Int($0.integer(0)) }
        let version = ConsentVersion.number(stated: directive.version, after: last ?? 0)
        try database.cachedStatement(
            sql: "INSERT INTO directive_version(id, version, resource, position) VALUES (?, ?, ?, ?)"
        ).execute(arguments: [directive.id.sql, version, entry.payload.sql, Int64(entry.position)])
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO directive(patient, id, version, resource, position, leaf) VALUES (?, ?, ?, ?, ?, ?)"
        ).execute(arguments: [
            subject.sql, directive.id.sql, version, entry.payload.sql, Int64(entry.position), entry.leaf.sql,
        ])
        if let origin = directive.origin { try Self.applyOrigin(origin, of: directive.id, entry, subject, database) }
        try database.cachedStatement(sql: "INSERT OR REPLACE INTO directive_place(id, patient) VALUES (?, ?)")
            .execute(arguments: [directive.id.sql, subject.sql])
    }

    static func keep(_ fact: DirectoryFact, _ database: Database) throws {
        try database.execute(
            sql: "INSERT OR REPLACE INTO directory_fact(kind, community, compact) VALUES (?, ?, ?)",
            arguments: [fact.kind.rawValue, fact.community.urn, fact.compact])
    }
}

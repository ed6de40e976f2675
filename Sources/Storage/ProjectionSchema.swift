import GRDB

/// The projection's tables, clustered for how they are read; another version means a rebuild from the journal, never a
/// migration: the journal is the truth, so the tables need no history.
enum ProjectionSchema {
    static let version = 12

    static let tables = [
        "mark", "patient", "patient_version", "patient_identifier", "patient_system", "patient_word", "person", "person_record",
        "person_key", "person_name", "person_placeholder", "person_apart", "person_review", "person_act", "person_model", "document", "document_place",
        "document_unique",
        "submission", "list", "list_place", "folder_member", "directive", "directive_place", "directive_version", "access", "alert",
        "directive_origin", "consent_delivery", "rule_alert", "legal_hold", "erasure", "document_erasure", "encounter",
        "change_request", "subscription", "taken",
    ]

    static func make(_ database: Database) throws {
        let existing = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        if existing != version {
            for table in tables + ["patient_key"] { try drop(table, database) }
            try database.execute(sql: "PRAGMA user_version = 12")
        }
        try database.execute(sql: definition)
    }

    static func empty(_ database: Database) throws {
        for table in tables { try drop(table, database) }
        try database.execute(sql: definition)
    }

    private static func drop(_ table: String, _ database: Database) throws {
        if try database.tableExists(table) { try database.drop(table: table) }
    }

    /// `leaf` is the hash of the entry a row follows from: rows that decide can be checked against the journal.
    static let definition = """
        CREATE TABLE IF NOT EXISTS mark(
          origin TEXT NOT NULL, next INTEGER NOT NULL, leaf BLOB NOT NULL, base TEXT NOT NULL, version INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS patient(
          id BLOB PRIMARY KEY, resource BLOB NOT NULL, active INTEGER NOT NULL, leaf BLOB NOT NULL,
          version INTEGER NOT NULL, updated INTEGER NOT NULL, survivor BLOB);
        CREATE TABLE IF NOT EXISTS patient_version(
          patient BLOB NOT NULL, version INTEGER NOT NULL, updated INTEGER NOT NULL, resource BLOB NOT NULL,
          PRIMARY KEY(patient, version)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS patient_system(system TEXT PRIMARY KEY) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS patient_word(
          word TEXT NOT NULL, patient BLOB NOT NULL, PRIMARY KEY(word, patient)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS patient_identifier(
          value TEXT NOT NULL, system TEXT NOT NULL, patient BLOB NOT NULL,
          PRIMARY KEY(value, system, patient)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS person(pid INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, merged INTEGER);
        CREATE TABLE IF NOT EXISTS person_record(
          rid INTEGER PRIMARY KEY, patient BLOB NOT NULL UNIQUE, pid INTEGER NOT NULL, active INTEGER NOT NULL,
          norm BLOB NOT NULL);
        CREATE INDEX IF NOT EXISTS person_record_by_person ON person_record(pid);
        CREATE TABLE IF NOT EXISTS person_key(k INTEGER NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY(k, rid)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS person_name(
          kind INTEGER NOT NULL, hash INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY(kind, hash)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS person_placeholder(k INTEGER PRIMARY KEY);
        CREATE TABLE IF NOT EXISTS person_apart(one BLOB NOT NULL, other BLOB NOT NULL, PRIMARY KEY(one, other)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS person_review(
          patient BLOB PRIMARY KEY, position INTEGER NOT NULL, risk INTEGER NOT NULL, candidates BLOB NOT NULL)
          WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS person_review_by_risk ON person_review(risk DESC, patient);
        CREATE TABLE IF NOT EXISTS person_act(
          position INTEGER NOT NULL, patient BLOB NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(position, patient))
          WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS person_act_by_patient ON person_act(patient, position DESC);
        CREATE TABLE IF NOT EXISTS person_model(position INTEGER PRIMARY KEY, active INTEGER NOT NULL, payload BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS document(
          patient BLOB NOT NULL, registered INTEGER NOT NULL, id BLOB NOT NULL, status INTEGER NOT NULL,
          unique_id TEXT NOT NULL, sha256 BLOB NOT NULL, mime TEXT NOT NULL, facts BLOB NOT NULL,
          segment INTEGER NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL, sealed BLOB NOT NULL,
          leaf BLOB NOT NULL, reference BLOB NOT NULL,
          PRIMARY KEY(patient, registered DESC, id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS document_place(
          id BLOB PRIMARY KEY, patient BLOB NOT NULL, registered INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS document_unique(
          unique_id TEXT NOT NULL, id BLOB NOT NULL, PRIMARY KEY(unique_id, id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS submission(unique_id TEXT PRIMARY KEY, folder BLOB) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS list(
          patient BLOB NOT NULL, registered INTEGER NOT NULL, id BLOB NOT NULL, kind INTEGER NOT NULL, stored BLOB NOT NULL,
          members BLOB NOT NULL, folders BLOB NOT NULL, leaf BLOB NOT NULL,
          PRIMARY KEY(patient, registered DESC, id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS list_place(
          id BLOB PRIMARY KEY, patient BLOB NOT NULL, registered INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS folder_member(
          folder BLOB NOT NULL, added INTEGER NOT NULL, document BLOB NOT NULL, PRIMARY KEY(folder, document)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS folder_member_by_document ON folder_member(document);
        CREATE TABLE IF NOT EXISTS directive(
          patient BLOB NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, resource BLOB NOT NULL,
          position INTEGER NOT NULL, leaf BLOB NOT NULL, PRIMARY KEY(patient, id)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS encounter(
          patient BLOB NOT NULL, number TEXT NOT NULL, position INTEGER NOT NULL, payload BLOB NOT NULL, leaf BLOB NOT NULL,
          PRIMARY KEY(patient, number)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS directive_place(id BLOB PRIMARY KEY, patient BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS directive_version(
          id BLOB NOT NULL, version INTEGER NOT NULL, resource BLOB NOT NULL, position INTEGER NOT NULL,
          PRIMARY KEY(id, version)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS access(
          patient BLOB NOT NULL, position INTEGER NOT NULL, time INTEGER NOT NULL, payload BLOB NOT NULL,
          PRIMARY KEY(patient, position)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS directive_origin(
          origin TEXT NOT NULL, directive BLOB NOT NULL, id BLOB NOT NULL, patient BLOB NOT NULL, since INTEGER NOT NULL,
          PRIMARY KEY(origin, directive, id)) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS directive_origin_by_id ON directive_origin(id);
        CREATE TABLE IF NOT EXISTS consent_delivery(
          directive BLOB NOT NULL, community TEXT NOT NULL, version INTEGER NOT NULL, settled INTEGER NOT NULL,
          signed INTEGER NOT NULL, payload BLOB NOT NULL, PRIMARY KEY(directive, community)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS alert(
          id INTEGER PRIMARY KEY, patient BLOB NOT NULL, closed INTEGER NOT NULL, stored BLOB NOT NULL);
        CREATE INDEX IF NOT EXISTS alert_by_patient ON alert(patient, closed);
        CREATE TABLE IF NOT EXISTS rule_alert(
          id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, closed INTEGER NOT NULL, patient BLOB NOT NULL,
          stored BLOB NOT NULL);
        CREATE TABLE IF NOT EXISTS legal_hold(patient BLOB PRIMARY KEY, stored BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS change_request(
          id INTEGER PRIMARY KEY, patient BLOB, decided INTEGER NOT NULL, stored BLOB NOT NULL);
        CREATE INDEX IF NOT EXISTS change_request_by_patient ON change_request(patient);
        CREATE TABLE IF NOT EXISTS subscription(
          id BLOB PRIMARY KEY, patient BLOB NOT NULL, position INTEGER NOT NULL, payload BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS subscription_by_patient ON subscription(patient);
        CREATE TABLE IF NOT EXISTS taken(
          number INTEGER PRIMARY KEY, kind INTEGER NOT NULL, key BLOB NOT NULL, content INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS erasure(patient BLOB PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS document_erasure(
          id BLOB PRIMARY KEY, position INTEGER NOT NULL, sealed BLOB NOT NULL, segment INTEGER NOT NULL,
          offset INTEGER NOT NULL, length INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS directory_fact(
          kind TEXT NOT NULL, community TEXT NOT NULL, compact TEXT NOT NULL,
          PRIMARY KEY(kind, community)) WITHOUT ROWID
        """
}

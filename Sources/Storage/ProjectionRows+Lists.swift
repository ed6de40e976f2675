import DocumentExchange
import ExchangeCore
import GRDB
import JSON
import Journal
import Transactions
import XDSMetadata

/// What a submission makes of the tables of lists.
extension ProjectionRows {
    /// The submission set, the folders that are new, and what was put into folders.
    func applyLists(_ record: SubmissionRecord, _ entry: CommittedEntry, _ subject: PatientID, _ database: Database) throws {
        try database.run("INSERT OR IGNORE INTO submission(unique_id) VALUES (?)", [.text(record.set.uniqueID)])
        try keepList(
            record.set.id, kind: 0, JSONWriter.bytes(ListStoredForm.json(record.set)), record.entries.flatMap(\.id.bytes),
            record.folders.flatMap(\.folder.id.bytes), entry, subject, database)
        for submitted in record.folders {
            let folder = submitted.folder
            if submitted.isNew {
                try database.run(
                    "INSERT OR IGNORE INTO submission(unique_id, folder) VALUES (?, ?)",
                    [.text(folder.uniqueID), .id(folder.id)])
                try keepList(
                    folder.id, kind: 1, JSONWriter.bytes(ListStoredForm.json(folder)), [], [], entry, subject, database)
            }
            for document in submitted.documents {
                try database.run(
                    "INSERT OR IGNORE INTO folder_member(folder, added, document) VALUES (?, ?, ?)",
                    [.id(folder.id), .time(entry.time), .id(document)])
            }
        }
    }

    private func keepList<Subject>(
        _ id: LocalID<Subject>, kind: Int64, _ stored: [UInt8], _ members: [UInt8], _ folders: [UInt8],
        _ entry: CommittedEntry, _ subject: PatientID, _ database: Database,
    ) throws {
        try database.run(
            """
            INSERT OR IGNORE INTO list(patient, registered, id, kind, stored, members, folders, leaf)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                .id(subject), .time(entry.time), .id(id), .integer(kind), .bytes(stored), .bytes(members), .bytes(folders),
                .bytes(entry.leaf),
            ])
        try database.run(
            "INSERT OR IGNORE INTO list_place(id, patient, registered) VALUES (?, ?, ?)",
            [.id(id), .id(subject), .time(entry.time)])
    }

    /// A document that replaces another comes into the folders of that one (ITI-42, RPLC).
    static func joinFolders(_ record: SubmissionRecord, _ time: Timestamp, _ database: Database) throws {
        for document in record.entries {
            for relation in document.relations where relation.kind == .replaces {
                try database.run(
                    """
                    INSERT OR IGNORE INTO folder_member(folder, added, document)
                    SELECT folder, ?, ? FROM folder_member WHERE document = ?
                    """, [.time(time), .id(document.id), .id(relation.target)])
            }
        }
    }
}

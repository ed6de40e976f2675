import ExchangeCore
import JSON
import Journal

/// What the privacy officer is told of one emergency: who broke the glass for whom, why, what they saw, what came of it.
///
/// Made from the journal alone: access entries open and lengthen it, entries of the officer review and close it.
package struct EmergencyAlert: Hashable, Sendable {
    /// How far the officer is.
    package enum State: String, Sendable, CaseIterable { case open, reviewed, closed }

    /// Something the officer did.
    package struct Note: Hashable, Sendable {
        /// The journal entry that says so.
        package let position: JournalPosition
        /// When.
        package let time: Timestamp
        /// What and by whom.
        package let act: AlertAct
    }

    /// Its id: the position of the access entry that opened it.
    package let id: JournalPosition
    /// Whose documents.
    package let patient: PatientID
    /// When it began.
    package let opened: Timestamp
    /// Who asked first, why, and what was decided.
    package let record: AccessRecord
    /// When the latest access was.
    package private(set) var latest: Timestamp
    /// How many accesses belong to it.
    package private(set) var accesses: Int
    /// The documents shown, each once, in order; the first thousand.
    package private(set) var shown: [DocumentID]
    /// What the officer did, in order.
    package private(set) var notes: [Note]

    /// The alert that an emergency access opens.
    package init(_ event: AccessEvent, patient: PatientID) {
        id = event.position
        self.patient = patient
        opened = event.time
        record = event.record
        latest = event.time
        accesses = 0
        shown = []
        notes = []
        add(event)
    }

    init(
        id: JournalPosition, patient: PatientID, opened: Timestamp, record: AccessRecord, latest: Timestamp,
        accesses: Int, shown: [DocumentID], notes: [Note],
    ) {
        self.id = id
        self.patient = patient
        self.opened = opened
        self.record = record
        self.latest = latest
        self.accesses = accesses
        self.shown = shown
        self.notes = notes
    }

    /// How far the officer is.
    package var state: State {
        switch notes.last?.act.kind {
        case .close: .closed
        case .review: .reviewed
        case nil: .open
        }
    }

    /// False for an access entry's payload that is certainly no emergency, without reading it as JSON.
    package static func mayOpen(_ payload: [UInt8]) -> Bool {
        payload.withUnsafeBytes { bytes in
            guard bytes.count >= word.count else { return false }
            // Every access that is replayed passes here; the library's search took nine tenths of a rebuild.
            return (0...bytes.count - word.count).contains { start in word.indices.allSatisfy { bytes[start + $0] == word[$0] } }
        }
    }

    private static let word = Array("\"emergency\":true".utf8)

    /// Whether an access belongs to the same emergency: same user, organisation, community and reason, in time.
    package func covers(_ event: AccessEvent) -> Bool {
        let other = event.record
        return notes.isEmpty && event.time < opened + EmergencyAccess.lasts && other.user == record.user
            && other.organization == record.organization && other.community == record.community
            && other.reason == record.reason
    }

    /// Counts a further access.
    package mutating func add(_ event: AccessEvent) {
        latest = max(latest, event.time)
        accesses += 1
        for document in event.record.decisions.filter(\.isPermitted).flatMap(\.documents)
        where shown.count < 1000 && !shown.contains(document) { shown.append(document) }
    }

    /// Takes down what the officer did.
    package mutating func add(_ act: AlertAct, at position: JournalPosition, _ time: Timestamp) {
        notes.append(Note(position: position, time: time, act: act))
    }
}

/// What a privacy officer did about an alert: the payload of an `administration` entry under the patient's key.
package struct AlertAct: Hashable, Sendable {
    /// What was done.
    package enum Kind: String, Sendable, CaseIterable { case review, close }

    /// Which alert.
    package let alert: JournalPosition
    /// What.
    package let kind: Kind
    /// By whom.
    package let user: String
    /// What they found.
    package let note: String

    /// An act from its parts.
    package init(alert: JournalPosition, kind: Kind, user: String, note: String) {
        self.alert = alert
        self.kind = kind
        self.user = user
        self.note = note
    }

    /// The canonical JSON that is sealed and hashed.
    package var payload: [UInt8] { JSONWriter.bytes(.object(json)) }

    /// As JSON.
    package var json: JSONObject {
        [
            "alert": .number(String(alert)), "act": .string(kind.rawValue), "user": .string(user),
            "note": .string(note),
        ]
    }

    /// Reads an `administration` entry; nil when it is about something else, `.corrupted` when it cannot be read.
    package init?(_ entry: CommittedEntry) throws(ExchangeError) {
        if let act = entry.value as? AlertAct {
            self = act
        } else {
            try self.init(json: try PayloadReading.json(entry.payload))
        }
    }

    init?(json: JSONValue) throws(ExchangeError) {
        guard let alert = json["alert"] else { return nil }
        guard let position = alert.integer, position >= 0,
            let kind = Kind(rawValue: try PayloadReading.text(json, "act"))
        else { throw PayloadReading.damaged("alert") }
        self.init(
            alert: JournalPosition(position), kind: kind, user: try PayloadReading.text(json, "user"),
            note: try PayloadReading.text(json, "note"))
    }
}

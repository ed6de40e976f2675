import ExchangeCore
import JSON
import Journal

/// An administrator as the kernel names them: whoever is at the other end of the socket.
package struct ChangePerson: Hashable, Sendable {
    /// The user id of the operating system: what makes two persons two.
    package let account: UInt32
    /// Their name there, for people.
    package let name: String

    /// A person by user id and name.
    package init(account: UInt32, name: String) {
        self.account = account
        self.name = name
    }
}

/// A change that waits for a second administrator, and what became of it.
///
/// What is asked for stands in an `administration` entry, under the patient's key where it is about one. It rests on a
/// *ground*: what the change is about as it was when it was asked for, so that nobody accepts something else.
package struct ChangeRequest: Hashable, Sendable {
    /// What became of it.
    package enum State: String, Sendable, CaseIterable {
        /// A second administrator has to look.
        case waiting
        /// A second administrator agreed; it was carried out.
        case accepted
        /// It was rejected, or taken back by who asked.
        case rejected
        /// What it is about changed before anybody agreed.
        case lapsed
        /// A second administrator agreed, and it could not be carried out.
        case failed
        /// Nobody agreed in time.
        case expired
    }

    /// What somebody did about it: the payload of an `administration` entry.
    package struct Act: Hashable, Sendable {
        /// Which request.
        package let request: JournalPosition
        /// `accepted`, `rejected`, `lapsed` or `failed`.
        package let state: State
        /// By whom.
        package let person: ChangePerson
        /// Why; empty when nothing was said.
        package let note: String

        /// An act from its parts.
        package init(_ request: JournalPosition, _ state: State, by person: ChangePerson, note: String = "") {
            self.request = request
            self.state = state
            self.person = person
            self.note = note
        }
    }

    /// Its id: the position of the entry that asks.
    package let id: JournalPosition
    /// Which command, such as `retention/release`.
    package let command: String
    /// The command's arguments; may be patient data.
    package let arguments: JSONObject
    /// What it is about, as it was then; may be patient data.
    package let ground: JSONValue
    /// The patient it is about, when it is about one.
    package let subject: PatientID?
    /// Who asked.
    package let person: ChangePerson
    /// When.
    package let asked: Timestamp
    /// Until when somebody may agree.
    package let until: Timestamp
    /// What was done about it, in order.
    package private(set) var acts: [Act]

    /// A request from its parts.
    package init(
        id: JournalPosition, command: String, arguments: JSONObject, ground: JSONValue, subject: PatientID?,
        person: ChangePerson, asked: Timestamp, until: Timestamp, acts: [Act] = [],
    ) {
        self.id = id
        self.command = command
        self.arguments = arguments
        self.ground = ground
        self.subject = subject
        self.person = person
        self.asked = asked
        self.until = until
        self.acts = acts
    }

    /// What became of it as of a moment.
    package func state(at now: Timestamp) -> State { acts.last?.state ?? (now < until ? .waiting : .expired) }

    /// Takes down what somebody did.
    package mutating func add(_ act: Act) { acts.append(act) }

    /// Whether it asks for the same.
    func isSame(as command: String, _ arguments: JSONObject, _ ground: JSONValue) -> Bool {
        self.command == command && JSONValue.object(self.arguments) == .object(arguments) && self.ground == ground
    }
}

extension ChangeRequest {
    /// The canonical JSON of the entry that asks; sealed where a patient is in it.
    package var payload: [UInt8] { JSONWriter.bytes(.object(asking)) }

    private var asking: JSONObject {
        [
            "change": .string(command), "arguments": .object(arguments), "ground": ground,
            "account": .number(String(person.account)), "user": .string(person.name),
            "until": .number(String(until.milliseconds)),
        ]
    }

    /// Reads an `administration` entry; nil when it asks for nothing, `.corrupted` when it cannot be read.
    package init?(_ entry: CommittedEntry) throws(ExchangeError) {
        guard entry.kind == .administration, entry.payload.starts(with: Self.lead) else { return nil }
        try self.init(
            try PayloadReading.json(entry.payload), id: entry.position, subject: entry.subject, asked: entry.time, acts: [])
    }

    /// The form in which projections keep it.
    package var stored: [UInt8] {
        var object = asking
        object["id"] = .number(String(id))
        object["asked"] = .number(String(asked.milliseconds))
        object["subject"] = subject.map { .string($0.description) }
        object["acts"] = .array(acts.map { .object($0.json) })
        return JSONWriter.bytes(.object(object))
    }

    /// Reads what a projection kept; `.corrupted` when it cannot be read.
    package init(stored: [UInt8]) throws(ExchangeError) {
        let json = try PayloadReading.json(stored)
        guard let id = json["id"]?.integer.flatMap({ JournalPosition(exactly: $0) }), let asked = json["asked"]?.integer else {
            throw PayloadReading.damaged("id")
        }
        var acts: [Act] = []
        for item in json["acts"]?.items ?? [] { acts.append(try Act(json: item)) }
        try self.init(
            json, id: id, subject: json["subject"]?.string.flatMap { PatientID($0) },
            asked: Timestamp(milliseconds: Int64(asked)), acts: acts)
    }

    private init(_ json: JSONValue, id: JournalPosition, subject: PatientID?, asked: Timestamp, acts: [Act])
        throws(ExchangeError)
    {
        guard let arguments = json["arguments"]?.object, let ground = json["ground"], let until = json["until"]?.integer else {
            throw PayloadReading.damaged("arguments")
        }
        self.init(
            id: id, command: try PayloadReading.text(json, "change"), arguments: arguments, ground: ground, subject: subject,
            person: try ChangePerson(json: json), asked: asked, until: Timestamp(milliseconds: Int64(until)), acts: acts)
    }

    private static let lead = Array("{\"change\":".utf8)
}

extension ChangePerson {
    /// Reads the members `account` and `user`; `.corrupted` when they cannot be read.
    init(json: JSONValue) throws(ExchangeError) {
        guard let account = json["account"]?.integer.flatMap({ UInt32(exactly: $0) }) else {
            throw PayloadReading.damaged("account")
        }
        self.init(account: account, name: try PayloadReading.text(json, "user"))
    }
}

extension ChangeRequest.Act {
    /// The canonical JSON that is hashed, and sealed where a note is about a patient.
    package var payload: [UInt8] { JSONWriter.bytes(.object(json)) }

    fileprivate var json: JSONObject {
        [
            "decided": .number(String(request)), "as": .string(state.rawValue), "account": .number(String(person.account)),
            "user": .string(person.name), "note": .string(note),
        ]
    }

    /// Reads an `administration` entry; nil when it decides nothing, `.corrupted` when it cannot be read.
    package init?(_ entry: CommittedEntry) throws(ExchangeError) {
        guard entry.kind == .administration, entry.payload.starts(with: Self.lead) else { return nil }
        try self.init(json: try PayloadReading.json(entry.payload))
    }

    fileprivate init(json: JSONValue) throws(ExchangeError) {
        guard let request = json["decided"]?.integer.flatMap({ JournalPosition(exactly: $0) }),
            let state = ChangeRequest.State(rawValue: try PayloadReading.text(json, "as"))
        else { throw PayloadReading.damaged("decided") }
        self.init(
            request, state, by: try ChangePerson(json: json), note: try PayloadReading.text(json, "note"))
    }

    private static let lead = Array("{\"decided\":".utf8)
}

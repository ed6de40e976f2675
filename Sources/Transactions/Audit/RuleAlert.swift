import Crypto
import ExchangeCore
import JSON
import Journal

/// An alert that a rule raised, as the journal keeps it: what, who, the evidence, and what the officer did about it.
package struct RuleAlert: Hashable, Sendable {
    /// Its id: the position of the entry that raised it.
    package let id: JournalPosition
    /// When it was raised.
    package let opened: Timestamp
    /// What was raised.
    package let raised: RaisedAlert
    /// What the officer did, in order.
    package private(set) var notes: [EmergencyAlert.Note]

    /// An alert just raised.
    package init(id: JournalPosition, opened: Timestamp, raised: RaisedAlert, notes: [EmergencyAlert.Note] = []) {
        self.id = id
        self.opened = opened
        self.raised = raised
        self.notes = notes
    }

    /// How far the officer is.
    package var state: EmergencyAlert.State {
        switch notes.last?.act.kind {
        case .close: .closed
        case .review: .reviewed
        case nil: .open
        }
    }

    /// Takes down what the officer did.
    package mutating func add(_ act: AlertAct, at position: JournalPosition, _ time: Timestamp) {
        notes.append(EmergencyAlert.Note(position: position, time: time, act: act))
    }

    /// Reads an `administration` entry; nil when it raises no alert, `.corrupted` when it cannot be read.
    package init?(_ entry: CommittedEntry) throws(ExchangeError) {
        guard entry.payload.starts(with: Self.lead) else { return nil }
        self.init(
            id: entry.position, opened: entry.time,
            raised: try RaisedAlert(json: try PayloadReading.json(entry.payload)))
    }

    private static let lead = Array("{\"rule\":".utf8)

    /// The form in which projections keep it.
    package var stored: [UInt8] {
        JSONWriter.bytes([
            "id": .number(String(id)), "opened": .number(String(opened.milliseconds)), "raised": raised.json,
            "notes": .array(
                notes.map {
                    [
                        "position": .number(String($0.position)), "time": .number(String($0.time.milliseconds)),
                        "act": .object($0.act.json),
                    ]
                }),
        ])
    }

    /// Reads what a projection kept; `.corrupted` when it cannot be read.
    package init(stored: [UInt8]) throws(ExchangeError) {
        let json = try PayloadReading.json(stored)
        guard let id = json["id"]?.integer.flatMap({ JournalPosition(exactly: $0) }), let raised = json["raised"],
            let opened = json["opened"]?.integer
        else { throw PayloadReading.damaged("id") }
        var notes: [EmergencyAlert.Note] = []
        for item in json["notes"]?.items ?? [] {
            guard let position = item["position"]?.integer.flatMap({ JournalPosition(exactly: $0) }), let act = item["act"],
                let time = item["time"]?.integer, let read = try AlertAct(json: act)
            else { throw PayloadReading.damaged("notes") }
            notes.append(.init(position: position, time: Timestamp(milliseconds: Int64(time)), act: read))
        }
        self.init(
            id: id, opened: Timestamp(milliseconds: Int64(opened)), raised: try RaisedAlert(json: raised), notes: notes)
    }
}

extension RaisedAlert {
    /// As JSON, the rule first.
    package var json: JSONValue {
        var object: JSONObject = ["rule": .string(rule.rawValue), "user": .string(user)]
        object["role"] = role.map { .string($0) }
        object["organization"] = .string(organization)
        object["community"] = .string(community.urn)
        object["patient"] = patient.map { .string($0.description) }
        object["evidence"] = .array(evidence.map { .number(String($0)) })
        object["time"] = .number(String(time.milliseconds))
        return .object(object)
    }

    /// Reads it back; `.corrupted` when it cannot be read.
    package init(json: JSONValue) throws(ExchangeError) {
        guard let rule = AlertRules.Rule(rawValue: try PayloadReading.text(json, "rule")),
            let community = CommunityID(try PayloadReading.text(json, "community")), let time = json["time"]?.integer
        else { throw PayloadReading.damaged("rule") }
        self.init(
            rule: rule, user: try PayloadReading.text(json, "user"), role: json["role"]?.string,
            organization: try PayloadReading.text(json, "organization"), community: community,
            patient: json["patient"]?.string.flatMap { PatientID($0) },
            evidence: (json["evidence"]?.items ?? []).compactMap { $0.integer.flatMap { JournalPosition(exactly: $0) } },
            time: Timestamp(milliseconds: Int64(time)))
    }

    /// Under whose key it is sealed: the one patient's, else one that stands for alerts about several.
    var subject: PatientID? {
        patient ?? PatientID(bytes: Array(SHA256.hash(data: Array("concordat/1/alerts".utf8))).prefix(16))
    }
}

/// An alert of either kind.
package enum AnyAlert: Sendable {
    /// Somebody broke the glass.
    case emergency(EmergencyAlert)
    /// A rule raised it.
    case rule(RuleAlert)
}

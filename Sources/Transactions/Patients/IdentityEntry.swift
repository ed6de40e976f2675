import ExchangeCore
import FHIRModel
import JSON
import Journal
import PatientIndex

/// A registration with its record packed: whoever decided on it has packed it, and the tables need it once more.
package struct FiledRegistration: Sendable {
    /// The registration and its decision.
    package let entry: IdentityEntry
    /// The record of that registration.
    package let packed: PackedRecord

    /// A registration as it is decided.
    init(_ record: PatientRecord, _ packed: PackedRecord, _ decision: IdentityDecision) {
        entry = .registration(record, decision)
        self.packed = packed
    }
}

/// What an `identity` entry holds: a registration with the decision taken, or what somebody did to the index.
package enum IdentityEntry: Sendable {
    /// A record as received, and whose it is.
    case registration(PatientRecord, IdentityDecision?)
    /// A steward's or a feed's act.
    case act(IdentityAct)

    /// The member of a registration's payload that holds the decision, beside the members of the FHIR Patient.
    private static let decisionMember = "decision"
    private static let actMember = "identityAct"

    /// Reads the payload of an `identity` entry; `.corrupted` when it is not one.
    package init(payload: [UInt8], id: PatientID) throws(ExchangeError) {
        let object = try PayloadReading.object(payload)
        if let act = object[Self.actMember] {
            self = .act(try Self.act(act))
            return
        }
        let record = PatientRecord(
            id: id, identifiers: PatientMapping.identifiers(object), demographics: PatientMapping.demographics(object),
            isActive: PatientMapping.isActive(object))
        guard let decision = object[Self.decisionMember] else {
            self = .registration(record, nil)
            return
        }
        self = .registration(record, try Self.decision(decision))
    }

    /// What an entry of the kind says, as its writer handed it on or as it is read.
    package init(_ entry: CommittedEntry, id: PatientID) throws(ExchangeError) {
        switch entry.value {
        case let entry as IdentityEntry: self = entry
        case let filed as FiledRegistration: self = filed.entry
        default: self = try IdentityEntry(payload: entry.payload, id: id)
        }
    }

    /// The payload: canonical JSON.
    package var payload: [UInt8] {
        switch self {
        case .registration(let record, let decision):
            var object = PatientMapping.resource(record)
            if let decision { object[Self.decisionMember] = Self.json(decision) }
            return JSONWriter.bytes(.object(object))
        case .act(let act): return JSONWriter.bytes([Self.actMember: Self.json(act)] as JSONValue)
        }
    }

    private static func json(_ decision: IdentityDecision) -> JSONValue {
        var object: JSONObject = [
            "person": .string(decision.person.description), "kind": .string(decision.kind.rawValue),
            "millibits": .number(String(decision.millibits)), "model": .string(decision.model),
            "profile": .string(decision.profile),
        ]
        object["rule"] = decision.rule.map { .string($0.rawValue) }
        if !decision.merged.isEmpty { object["merged"] = .array(decision.merged.map { .string($0.description) }) }
        if !decision.review.isEmpty { object["review"] = .array(decision.review.map(json)) }
        return .object(object)
    }

    private static func json(_ candidate: ReviewCandidate) -> JSONValue {
        [
            "person": .string(candidate.person.description), "millibits": .number(String(candidate.millibits)),
            "rule": .string(candidate.rule.rawValue),
        ]
    }

    private static func decision(_ json: JSONValue) throws(ExchangeError) -> IdentityDecision {
        guard let person = PersonID(try PayloadReading.text(json, "person")),
            let kind = IdentityDecision.Kind(rawValue: try PayloadReading.text(json, "kind"))
        else { throw PayloadReading.damaged("decision") }
        var decision = IdentityDecision(
            person: person, kind: kind, millibits: json["millibits"]?.integer ?? 0,
            rule: json["rule"]?.string.flatMap(PolicyRule.init(rawValue:)), model: json["model"]?.string ?? "",
            profile: json["profile"]?.string ?? "")
        decision.merged = (json["merged"]?.items ?? []).compactMap { $0.string.flatMap { PersonID($0) } }
        decision.review = (json["review"]?.items ?? []).compactMap(review)
        return decision
    }

    private static func review(_ json: JSONValue) -> ReviewCandidate? {
        guard let person = json["person"]?.string.flatMap({ PersonID($0) }),
            let rule = json["rule"]?.string.flatMap(PolicyRule.init(rawValue:))
        else { return nil }
        return ReviewCandidate(person: person, millibits: json["millibits"]?.integer ?? 0, rule: rule)
    }

    private static func json(_ act: IdentityAct) -> JSONValue {
        var object: JSONObject = [
            "kind": .string(act.kind.rawValue), "actor": .string(act.actor), "reason": .string(act.reason),
        ]
        func texts(_ parts: [String]) -> JSONValue { .array(parts.map { .string($0) }) }
        if !act.moves.isEmpty {
            object["moves"] = .array(
                act.moves.map { texts([$0.record.description, $0.from.description, $0.to.description]) })
        }
        if !act.apart.isEmpty {
            object["apart"] = .array(act.apart.map { texts([$0.one.description, $0.other.description]) })
        }
        if !act.rejoined.isEmpty {
            object["rejoined"] = .array(act.rejoined.map { texts([$0.one.description, $0.other.description]) })
        }
        if !act.closes.isEmpty { object["closes"] = texts(act.closes.map(\.description)) }
        for (name, reviews) in [("closed", act.closed), ("reopens", act.reopens)] where !reviews.isEmpty {
            object[name] = .array(reviews.map(json))
        }
        for (name, retired) in [("retires", act.retires), ("revives", act.revives)] where !retired.isEmpty {
            object[name] = .array(retired.map { texts([$0.record.description, $0.survivor.description]) })
        }
        object["undoes"] = act.undoes.map { .number(String($0)) }
        return .object(object)
    }

    private static func act(_ json: JSONValue) throws(ExchangeError) -> IdentityAct {
        guard let kind = IdentityAct.Kind(rawValue: try PayloadReading.text(json, "kind")) else {
            throw PayloadReading.damaged("identityAct")
        }
        func twos(_ name: String) -> [(PatientID, PatientID)] {
            (json[name]?.items ?? []).compactMap { pair in
                let ids = pair.items.compactMap { $0.string.flatMap { PatientID($0) } }
                return ids.count == 2 ? (ids[0], ids[1]) : nil
            }
        }
        func pairs(_ name: String) -> [IdentityAct.Pair] { twos(name).map { IdentityAct.Pair($0, $1) } }
        func retired(_ name: String) -> [Retirement] { twos(name).map { Retirement(record: $0, survivor: $1) } }
        let moves = (json["moves"]?.items ?? []).compactMap { move -> RecordMove? in
            let texts = move.items.compactMap(\.string)
            guard texts.count == 3, let record = PatientID(texts[0]), let from = PersonID(texts[1]),
                let to = PersonID(texts[2])
            else { return nil }
            return RecordMove(record: record, from: from, to: to)
        }
        var act = IdentityAct(
            kind, moves: moves, apart: pairs("apart"), rejoined: pairs("rejoined"),
            closes: (json["closes"]?.items ?? []).compactMap { $0.string.flatMap { PatientID($0) } },
            undoes: json["undoes"]?.integer.map { UInt64(clamping: $0) },
            actor: try PayloadReading.text(json, "actor"), reason: try PayloadReading.text(json, "reason"))
        act.closed = (json["closed"]?.items ?? []).compactMap(openReview)
        act.reopens = (json["reopens"]?.items ?? []).compactMap(openReview)
        act.retires = retired("retires")
        act.revives = retired("revives")
        return act
    }

    private static func json(_ review: OpenReview) -> JSONValue {
        [
            "record": .string(review.record.description), "position": .number(String(review.position)),
            "candidates": .array(review.candidates.map(json)),
        ]
    }

    private static func openReview(_ json: JSONValue) -> OpenReview? {
        guard let record = json["record"]?.string.flatMap({ PatientID($0) }), let position = json["position"]?.integer else {
            return nil
        }
        return OpenReview(
            record: record, position: UInt64(clamping: position),
            candidates: (json["candidates"]?.items ?? []).compactMap(review))
    }
}

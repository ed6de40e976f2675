import ExchangeCore
import JSON
import Journal
import PatientIndex

/// What was done about the matching model: the payload of an `administration` entry that stands in clear and names no
/// patient but by the ids of records.
package enum ModelEntry {
    /// The payload: canonical JSON.
    package static func payload(_ act: ModelAct) -> [UInt8] {
        let shadow = act.shadow
        func number(_ value: Int) -> JSONValue { .number(String(value)) }
        return JSONWriter.bytes([
            "matchModel": act.model.json, "kind": .string(act.kind.rawValue), "actor": .string(act.actor),
            "reason": .string(act.reason),
            "shadow": [
                "judged": number(shadow.judged), "differing": number(shadow.differing), "lost": number(shadow.lost),
                "gained": number(shadow.gained), "moved": number(shadow.moved),
                "examples": .array(
                    shadow.examples.map { example in
                        [
                            "record": .string(example.record.description), "before": .string(example.before.rawValue),
                            "after": .string(example.after.rawValue), "samePerson": .bool(example.isSamePerson),
                        ]
                    }),
            ],
        ])
    }

    /// Reads an `administration` entry; nil when it is about something else, `.corrupted` when it cannot be read.
    package static func act(_ entry: CommittedEntry) throws(ExchangeError) -> ModelAct? {
        guard entry.kind == .administration, entry.subject == nil else { return nil }
        return try act(entry.payload)
    }

    /// Reads a payload; nil when it is about something else, `.corrupted` when it cannot be read.
    package static func act(_ payload: [UInt8]) throws(ExchangeError) -> ModelAct? {
        guard payload.starts(with: lead) else { return nil }
        let json = try PayloadReading.json(payload)
        guard let kind = ModelAct.Kind(rawValue: try PayloadReading.text(json, "kind")), let form = json["matchModel"],
            let stated = json["shadow"]
        else { throw PayloadReading.damaged("matchModel") }
        let model: MatchModel
        do { model = try MatchModel(json: form) } catch { throw PayloadReading.damaged("matchModel") }
        var shadow = ModelShadow()
        shadow.judged = stated["judged"]?.integer ?? 0
        shadow.differing = stated["differing"]?.integer ?? 0
        shadow.lost = stated["lost"]?.integer ?? 0
        shadow.gained = stated["gained"]?.integer ?? 0
        shadow.moved = stated["moved"]?.integer ?? 0
        shadow.examples = (stated["examples"]?.items ?? []).compactMap(example)
        return ModelAct(
            kind, model, shadow: shadow, actor: try PayloadReading.text(json, "actor"),
            reason: try PayloadReading.text(json, "reason"))
    }

    private static func example(_ json: JSONValue) -> ModelShadow.Difference? {
        guard let record = json["record"]?.string.flatMap({ PatientID($0) }),
            let before = json["before"]?.string.flatMap(MatchGrade.init(rawValue:)),
            let after = json["after"]?.string.flatMap(MatchGrade.init(rawValue:))
        else { return nil }
        return ModelShadow.Difference(
            record: record, before: before, after: after, isSamePerson: json["samePerson"]?.bool ?? false)
    }

    private static let lead = Array("{\"matchModel\":".utf8)
}

import ConsentEngine
import ExchangeCore
import JSON

/// What the journal says of a stay or visit: the payload of an `encounter` entry, sealed under the patient's key.
package enum EncounterEntry {
    /// The canonical JSON that is sealed and hashed.
    package static func payload(_ encounter: CareEncounter) -> [UInt8] {
        var object: JSONObject = [
            "number": .string(encounter.number), "status": .string(encounter.status.rawValue),
            "recorded": .number(String(encounter.recorded.milliseconds)),
        ]
        object["start"] = encounter.start.map { .string($0.text) }
        object["end"] = encounter.end.map { .string($0.text) }
        object["asOf"] = encounter.asOf.map { .string($0.text) }
        object["practitioners"] = .array(
            encounter.practitioners.map { practitioner in
                var item: JSONObject = ["value": .string(practitioner.value)]
                item["system"] = practitioner.system.map { .string($0) }
                return .object(item)
            })
        return JSONWriter.bytes(.object(object))
    }

    /// Reads a payload back; `.corrupted` when it is none.
    package static func encounter(_ payload: [UInt8]) throws(ExchangeError) -> CareEncounter {
        let json = try PayloadReading.json(payload)
        guard let status = CareEncounter.Status(rawValue: try PayloadReading.text(json, "status")),
            let recorded = json["recorded"]?.integer
        else { throw PayloadReading.damaged("status") }
        func date(_ name: String) -> PartialDate? { json[name]?.string.flatMap { PartialDate($0) } }
        return CareEncounter(
            number: try PayloadReading.text(json, "number"), status: status, start: date("start"), end: date("end"),
            practitioners: (json["practitioners"]?.items ?? []).compactMap { item in
                item["value"]?.string.map { .init(system: item["system"]?.string, value: $0) }
            }, asOf: date("asOf"), recorded: Timestamp(milliseconds: Int64(recorded)))
    }
}

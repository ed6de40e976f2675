import ExchangeCore
import JSON
import Journal

extension EmergencyAlert {
    /// The form in which projections keep it.
    package var stored: [UInt8] {
        JSONWriter.bytes([
            "id": .number(String(id)), "patient": .string(patient.description), "opened": Self.time(opened),
            "latest": Self.time(latest), "accesses": .number(String(accesses)),
            "shown": .array(shown.map { .string($0.description) }), "record": record.json,
            "notes": .array(
                notes.map { ["position": .number(String($0.position)), "time": Self.time($0.time), "act": .object($0.act.json)] }),
        ])
    }

    /// Reads what a projection kept; `.corrupted` when it cannot be read.
    package init(stored: [UInt8]) throws(ExchangeError) {
        let json = try PayloadReading.json(stored)
        func number(_ json: JSONValue, _ name: String) throws(ExchangeError) -> Int {
            guard let number = json[name]?.integer else { throw PayloadReading.damaged(name) }
            return number
        }
        guard let id = JournalPosition(exactly: try number(json, "id")), let record = json["record"],
            let patient = PatientID(try PayloadReading.text(json, "patient"))
        else { throw PayloadReading.damaged("id") }
        var notes: [Note] = []
        for item in json["notes"]?.items ?? [] {
            guard let position = JournalPosition(exactly: try number(item, "position")), let act = item["act"],
                let read = try AlertAct(json: act)
            else { throw PayloadReading.damaged("notes") }
            notes.append(
                Note(position: position, time: Timestamp(milliseconds: Int64(try number(item, "time"))), act: read))
        }
        self.init(
            id: id, patient: patient, opened: Timestamp(milliseconds: Int64(try number(json, "opened"))),
            record: try AccessRecord(json: record),
            latest: Timestamp(milliseconds: Int64(try number(json, "latest"))), accesses: try number(json, "accesses"),
            shown: (json["shown"]?.items ?? []).compactMap { $0.string.flatMap { DocumentID($0) } }, notes: notes)
    }

    private static func time(_ time: Timestamp) -> JSONValue { .number(String(time.milliseconds)) }
}

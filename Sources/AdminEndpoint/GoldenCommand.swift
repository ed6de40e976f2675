import ExchangeCore
import FHIRModel
import JSON
import PatientIndex
import Transactions

extension AdminService {
    /// A person as one view; each record it is made of is recorded as shown.
    func goldenPatient(_ call: AdminCall) async throws -> AdminAnswer {
        let id = try await namedPatient(call)
        let members = try await exchange.desk.records(ofPersonOf: id)
        var records: [PatientRecord] = []
        var tickets: [AnswersUnderWay.Ticket] = []
        for member in members.prefix(GoldenAnswer.membersMax) {
            let found = try await exchange.findPatient(member, for: call.context)
            tickets += found.tickets
            if let match = found.matches.first { records.append(match.record) }
        }
        guard !records.isEmpty else { throw Self.unknown }
        return AdminAnswer(GoldenAnswer.json(GoldenRecord(records), records: records.count), tickets: tickets)
    }
}

/// A person as one view, as the administrator's doors show it.
enum GoldenAnswer {
    /// Records of a person that are shown together at most.
    static var membersMax: Int { 64 }

    /// The view with who says what.
    static func json(_ golden: GoldenRecord, records: Int) -> JSONValue {
        func stated<Value>(_ values: [GoldenRecord.Stated<Value>], _ form: (Value) -> JSONValue) -> JSONValue {
            .array(
                values.map { value in
                    ["value": form(value.value), "records": .array(value.records.map { .string($0.description) })]
                })
        }
        func words(_ parts: [String?]) -> JSONValue { .string(parts.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")) }
        return [
            "records": .number(String(records)), "birthDateConflict": .bool(golden.hasBirthDateConflict),
            "names": stated(golden.names) { words($0.given.map(Optional.some) + [$0.family, $0.suffix]) },
            "birthDates": stated(golden.birthDates) { .string($0.text) },
            "sexes": stated(golden.sexes) { .string($0.rawValue) },
            "addresses": stated(golden.addresses) { words($0.lines.map(Optional.some) + [$0.city, $0.state, $0.postalCode]) },
            "phones": stated(golden.phones) { .string($0) }, "emails": stated(golden.emails) { .string($0) },
            "identifiers": stated(golden.identifiers) { .string($0.system + "|" + $0.value) },
        ]
    }
}

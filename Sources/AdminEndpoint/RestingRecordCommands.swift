import ExchangeCore
import FHIRModel
import JSON
import PatientIndex
import Transactions

extension IdentityCommands {
    /// `patient/show` and `patient/golden` of a folder at rest; what they show stands in the journal as shown.
    package func show(_ command: AdminCommand, _ arguments: JSONObject, for context: AccessContext) async throws -> JSONValue {
        let id = try await shown(arguments)
        guard command == .patientGolden else {
            guard let found = try await desk.show([id], for: context).first else { throw AdminService.unknown }
            return ["patient": .object(PatientMapping.resource(found))]
        }
        let members = try await desk.records(ofPersonOf: id).prefix(GoldenAnswer.membersMax)
        let records = try await desk.show(Array(members), for: context)
        guard !records.isEmpty else { throw AdminService.unknown }
        return GoldenAnswer.json(GoldenRecord(records), records: records.count)
    }

    private func shown(_ arguments: JSONObject) async throws(ExchangeError) -> PatientID {
        guard let identifier = arguments["identifier"] else { return try await record("patient", arguments) }
        let (system, value) = (identifier["system"]?.string ?? "", identifier["value"]?.string ?? "")
        return try await record("identifier", ["identifier": .string(system + "|" + value)])
    }
}

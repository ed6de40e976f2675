import ArgumentParser
import ExchangeCore
import JSON

/// Which patient a command is about.
struct PatientChoice: ParsableArguments {
    @Option(help: ArgumentHelp("The patient's id at this node.", valueName: "id"))
    var patient: String?

    @Option(help: ArgumentHelp("A record number with its authority, as SYSTEM|VALUE.", valueName: "system|value"))
    var identifier: String?

    func validate() throws {
        guard (patient == nil) != (identifier == nil) else {
            throw ValidationError("Say which patient: --patient ID or --identifier 'SYSTEM|VALUE', one of them.")
        }
        if let identifier { _ = try PatientIdentifier(argument: identifier) }
    }

    /// As arguments of an administration command.
    func arguments() throws -> JSONObject {
        if let patient { return ["patient": .string(patient)] }
        return ["identifier": try PatientIdentifier(argument: identifier ?? "").argumentJSON]
    }
}

extension PatientIdentifier {
    /// Reads `SYSTEM|VALUE`; a bare OID becomes its URN.
    init(argument: String) throws(ValidationError) {
        let parts = argument.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2,
            let identifier = PatientIdentifier(system: OID(parts[0])?.urn ?? parts[0], value: parts[1])
        else {
            throw ValidationError(
                "An identifier is written SYSTEM|VALUE, such as 'urn:oid:1.2.3|4711', without blanks.")
        }
        self = identifier
    }

    /// As the administration socket takes it.
    var argumentJSON: JSONValue { ["system": .string(system), "value": .string(value)] }
}

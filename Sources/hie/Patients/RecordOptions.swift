import ArgumentParser
import ExchangeCore
import JSON

/// Which patient's record a command shows: by the node's own id, by its row in an imported table, or by a record number.
struct RecordOptions: ParsableArguments {
    @Argument(help: "The patient's id at this node, or the row of an imported table.") var id: String?
    @Option(help: ArgumentHelp("A record number with its authority.", valueName: "system|value"))
    var identifier: String?

    func validate() throws {
        guard (id == nil) != (identifier == nil) else {
            throw ValidationError("Give the patient's ID or --identifier 'SYSTEM|VALUE', one of them.")
        }
        if let identifier { _ = try PatientIdentifier(argument: identifier) }
    }

    /// What the node is asked.
    func arguments() throws -> JSONObject {
        var arguments: JSONObject = [:]
        arguments["patient"] = id.map { .string($0) }
        arguments["identifier"] = try identifier.map { try PatientIdentifier(argument: $0).argumentJSON }
        return arguments
    }
}

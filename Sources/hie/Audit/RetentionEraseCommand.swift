import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Transactions

/// `hie retention erase`.
struct RetentionEraseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "erase",
        abstract: "Erase a patient for ever (the key to everything), or one document (its bytes).",
        discussion: """
            A patient: nothing written about them can be read again, in journal, tables, and \
            backups made from then on. A document: its bytes go from the journal, its rows from the \
            tables; that it was registered, and by whom, stays. The entry that says so stays too, and \
            hie audit prove proves it. A standby and the next backup follow; backups made before \
            hold a document until they are replaced. Refused while the record is under legal hold.

            EXAMPLE
              hie retention erase --patient 3f0c5c1e-... --ground request --yes
              hie retention erase --document 01a20339-... --ground error --yes
              hie audit prove 1841 -o erasure.json
            """)

    @Option(help: ArgumentHelp("The patient's id at this node.", valueName: "id")) var patient: String?
    @Option(help: ArgumentHelp("A record number with its authority, as SYSTEM|VALUE.", valueName: "system|value"))
    var identifier: String?
    @Option(help: ArgumentHelp("One document's id (hie document find).", valueName: "id")) var document: String?
    @Option(help: "request, retention, order or error.") var ground: String
    @Flag(help: "Do it; it cannot be undone.") var yes = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard [patient, identifier, document].compactMap({ $0 }).count == 1 else {
            throw ValidationError("Say what: --patient ID, --identifier 'SYSTEM|VALUE' or --document ID, one of them.")
        }
        if let identifier { _ = try PatientIdentifier(argument: identifier) }
        if let patient, PatientID(patient) == nil {
            throw ValidationError("--patient is a patient's id at this node; hie patient find lists them.")
        }
        if let document, DocumentID(document) == nil {
            throw ValidationError("--document is a document's id; hie document find lists them.")
        }
        guard Erasure.Ground(rawValue: ground) != nil else {
            throw ValidationError("--ground is \(Erasure.Ground.allCases.map(\.rawValue).joined(separator: ", ")).")
        }
        guard yes else { throw ValidationError("An erasure cannot be undone; say --yes when it is meant.") }
    }

    func run() async throws {
        let terminal = Terminal()
        var arguments: JSONObject = ["ground": .string(ground)]
        arguments["patient"] = patient.map { .string($0) }
        arguments["document"] = document.map { .string($0) }
        if let identifier { arguments["identifier"] = try PatientIdentifier(argument: identifier).argumentJSON }
        let answer = try await AdminClient(home).ask(.retentionErase, arguments)
        if output.json { return terminal.result(answer) }
        terminal.result("\(answer.text(document == nil ? "patient" : "document")) erased")
        terminal.words("entry \(answer.text("entry")) says so; hie audit prove \(answer.text("entry")) -o erasure.json")
    }
}

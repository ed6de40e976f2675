import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie audit prove`.
struct AuditProveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prove",
        abstract: "Prove to an outsider that entries stand in the journal, under a head that others cosigned.",
        discussion: """
            Names an entry by its position (see hie audit patient --json), or a patient by id or \
            by SYSTEM|VALUE: then everything about the patient is proven. Without --open the \
            entries stay sealed, and the file tells nothing about anybody; with it the proof \
            carries the key of each entry and of no other, and making it is recorded as reading.

            EXAMPLE
              hie audit prove 1204 -o proof.json
              hie audit prove 3f0c5c1e-... --open -o mine.json
              hie audit check mine.json
            """)

    @Argument(help: "An entry's position, a patient's id, or SYSTEM|VALUE.") var what: String
    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the proof; - for stdout.", valueName: "file"))
    var output: String
    @Flag(help: "Let the reader of the proof open the entries.") var open = false
    @OptionGroup var home: HomeOptions
    @Flag(help: "Print what was written as JSON.") var json = false

    func run() async throws {
        let terminal = Terminal()
        var arguments: JSONObject = ["open": .bool(open)]
        if let position = UInt64(what) {
            arguments["entry"] = .number(String(position))
        } else if PatientID(what) != nil {
            arguments["patient"] = .string(what)
        } else {
            arguments["identifier"] = try PatientIdentifier(argument: what).argumentJSON
        }
        let client = AdminClient(home)
        let proof = try await Progress.during("proving", world: .system, on: terminal) { [arguments] _ in
            try await client.ask(.auditProve, arguments, seconds: 600)
        }
        let bytes = JSONWriter.pretty(proof) + [UInt8(ascii: "\n")]
        guard output != "-" else { return terminal.result(bytes: bytes) }
        try LocalFile.write(bytes, to: output)
        let entries = proof["entries"]?.items.count ?? 0
        if json {
            return terminal.result(["file": .string(output), "entries": .number(String(entries)), "open": .bool(open)])
        }
        terminal.result("\(output): \(entries == 1 ? "1 entry" : "\(entries) entries")\(open ? ", open" : ", sealed")")
        terminal.words("whoever holds it checks it with hie audit check \(output)")
    }
}

/// `hie audit keys`.
struct AuditKeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Print the public keys an auditor needs: of this node's log, and of those who cosign.",
        discussion: """
            One key a line, as NAME+ID+KEY, which public tools for signed notes read. Behind the key \
            in use stand those that signed this log before (hie journal rotate-key): proofs of that \
            time need them. An auditor gets them from several nodes, compares them, and keeps them \
            for hie audit check --keys.

            EXAMPLE
              hie audit keys > keys.txt
              hie audit check proof.json --keys keys.txt
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let keys = try await AdminClient(home).ask(.auditKeys)
        if output.json { return terminal.result(keys) }
        for key in keys["keys"]?.items ?? [] { terminal.result(key.string ?? "") }
    }
}

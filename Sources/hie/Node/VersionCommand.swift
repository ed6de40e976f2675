import ArgumentParser
import ExchangeNode
import JSON

/// `hie version`.
struct VersionCommand: AsyncParsableCommand {
    /// This program's version.
    static let text = Node.version

    static let configuration = CommandConfiguration(
        commandName: "version",
        abstract: "Print the program's version and the standards it speaks.",
        discussion: """
            EXAMPLE
              hie version --json
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        if output.json {
            return terminal.result([
                "version": .string(Self.text), "fhir": "4.0.1", "mhd": "4.2", "pdqm": "3.0", "pcf": "1.1",
            ])
        }
        terminal.result("hie \(Self.text)")
        terminal.result("FHIR R4 (4.0.1), IHE MHD 4.2, PDQm 3.0, PCF 1.1, IUA 2.2")
    }
}

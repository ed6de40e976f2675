import ArgumentParser
import ExchangeCore
import ExchangeNode
import FHIRModel
import JSON

/// `hie document publish`.
struct DocumentPublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Publish C-CDA documents at a node (ITI-106, then ITI-105).",
        discussion: """
            Each document is looked at here first (hie document check). The node derives its \
            metadata, compares its patient with the index and says who could read it; then it is \
            published: acknowledged means durable. One whose patient is not who is registered \
            under its number is not published unless you say that it is the right patient. A folder \
            stands for the .xml files in it. Exits 1 when any was refused; the others are published.

            EXAMPLE
              hie document publish --as ./registry-feed discharge.xml
              hie document publish --as ./registry-feed discharge.xml --dry-run
              hie document publish --as ./registry-feed ./outbox --json > report.jsonl
            """)

    @Argument(help: "Files or folders; - reads stdin.") var files: [String]
    @Flag(help: "Publish nothing: show what the node would say, and who could read it.") var dryRun = false
    @Flag(help: "Somebody has looked: it is the right patient, whatever differs.") var confirmPatient = false
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let paths = try DocumentFiles.paths(files)
        var publisher = DocumentPublisher(client: try FHIRClient(server))
        publisher.isDryRun = dryRun
        publisher.isPatientConfirmed = confirmPatient
        let began = World.system.uptime()
        var refused = 0
        for (index, path) in paths.enumerated() {
            if World.system.uptime() - began > .seconds(2) {
                terminal.progress("publishing \(index + 1) of \(paths.count)")
            }
            let outcome = try await publisher.publish(path)
            terminal.endProgress()
            if outcome.isRefused { refused += 1 }
            PublishReport(path: path, outcome: outcome).show(on: terminal, asJSON: output.json)
        }
        let accepted = Words.count(paths.count - refused, "document")
        terminal.words("\(accepted) \(dryRun ? "could be published" : "published"), \(refused) refused")
        if refused > 0 { throw ExitStatus.failed.exit }
    }
}

/// What a publisher reads of one document.
struct PublishReport {
    let path: String
    let outcome: DocumentPublisher.Outcome

    /// One line of JSON, or words for people.
    func show(on terminal: Terminal, asJSON: Bool) {
        if asJSON { return terminal.resultLine(.object(json)) }
        switch outcome {
        case .published(let id, let preview):
            terminal.result("\(path): published \(id)", .good)
            for finding in preview.findings where finding.severity != .information && finding.rule == "patient" {
                terminal.result("  \(finding.severity.rawValue)  \(finding.path): \(finding.message)", .doubtful)
            }
        case .looked(let preview):
            terminal.result("\(path): could be published", .good)
            preview.show(on: terminal)
        case .refused(let reason, let preview):
            terminal.result("\(path): refused: \(reason)", .bad)
            for finding in preview?.findings ?? [] where finding.severity == .error {
                terminal.result("  error  \(finding.path): \(finding.message)", .bad)
            }
        }
    }

    var json: JSONObject {
        var object: JSONObject = ["file": .string(path)]
        switch outcome {
        case .published(let id, let preview):
            object["published"] = true
            object["id"] = .string(id)
            object["findings"] = .array(preview.findings.map(\.json))
        case .looked(let preview):
            object["published"] = false
            object["publishable"] = true
            for member in preview.json.members { object[member.name] = member.value }
        case .refused(let reason, let preview):
            object["published"] = false
            object["reason"] = .string(reason)
            if let preview { object["findings"] = .array(preview.findings.map(\.json)) }
        }
        return object
    }
}

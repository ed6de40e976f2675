import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation

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
            stands for the .xml files in it. Exits 1 when any was refused; the others are published. \
            Safe to run twice: a document that is there already is not published again, and with \
            --report a file that was published before is not even read by the node. --watch goes on: \
            files that come later are published as soon as they are whole, until it is interrupted.

            EXAMPLE
              hie document publish --as ./registry-feed discharge.xml
              hie document publish --as ./registry-feed discharge.xml --dry-run
              hie document publish --as ./registry-feed ./archive --report archive.jsonl --parallel 8
              hie document publish --as ./registry-feed ./outbox --watch
            """)

    @Argument(help: "Files or folders; - reads stdin.") var files: [String]
    @Flag(help: "Publish nothing: show what the node would say, and who could read it.") var dryRun = false
    @Flag(help: "Somebody has looked: it is the right patient, whatever differs.") var confirmPatient = false
    @Flag(help: "Go on with what comes into the folder, until interrupted.") var watch = false
    @Option(
        help: ArgumentHelp("Write a line of JSON for each file there; what it says was published is passed over.", valueName: "file"))
    var report: String?
    @Option(help: ArgumentHelp("Files on their way at once.", valueName: "count")) var parallel = 4
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    /// How often a watched folder is looked at.
    private static let pause = Duration.seconds(1)

    func validate() throws {
        guard (1...32).contains(parallel) else { throw ValidationError("--parallel takes 1 to 32.") }
        guard !watch || files.count == 1 && files[0] != "-" && !dryRun else {
            throw ValidationError("--watch takes one folder, and publishes.")
        }
    }

    func run() async throws {
        let terminal = Terminal()
        var publisher = DocumentPublisher(client: try FHIRClient(server))
        publisher.isDryRun = dryRun
        publisher.isPatientConfirmed = confirmPatient
        let run = PublishRun(
            publisher: publisher, journal: try report.map { path throws(CommandFailure) in try PublishJournal(path) },
            terminal: terminal, asJSON: output.json, parallel: parallel)
        guard !watch else { return try await goOn(files[0], run, terminal) }
        let summary = try await run.publish(DocumentFiles.paths(files))
        terminal.words(Self.words(summary, isDryRun: dryRun))
        if summary.refused > 0 { throw ExitStatus.failed.exit }
    }

    /// Publishes what is there and what comes; a node that cannot be reached is waited for.
    private func goOn(_ folder: String, _ run: PublishRun, _ terminal: Terminal) async throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
            throw CommandFailure(.notFound, "\(folder) is no folder", hint: "--watch takes a folder")
        }
        var watched = WatchedFolder(folder)
        var patience = Duration.seconds(1)
        terminal.words("watching \(folder); interrupt to end")
        while true {
            let paths = try watched.whole()
            do {
                if !paths.isEmpty {
                    let summary = try await run.publish(paths)
                    watched.take(paths)
                    terminal.words(Self.words(summary, isDryRun: false))
                }
                patience = .seconds(1)
            } catch let failure as CommandFailure where failure.status == .unreachable {
                terminal.words("\(failure.line); trying again in \(patience.components.seconds) s")
                try await World.system.sleep(patience)
                patience = min(patience * 2, .seconds(60))
            }
            try await World.system.sleep(Self.pause)
        }
    }

    private static func words(_ summary: PublishRun.Summary, isDryRun: Bool) -> String {
        var text = Words.count(summary.accepted, "document") + (isDryRun ? " could be published" : " published")
        text += ", \(summary.refused) refused"
        if summary.known > 0 { text += ", \(summary.known) there already" }
        if summary.passedOver > 0 { text += ", \(summary.passedOver) passed over as the report says" }
        return text
    }
}

import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie document import`.
struct DocumentImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Publish the documents of FHIR Bundles of any size (ITI-105).",
        discussion: """
            A file is a Bundle of any type, or resources one behind the other (NDJSON); it is read as a \
            stream, twice, and never held. Every DocumentReference in it is published by itself: its bytes \
            stand in it or in a Binary of the file, and its patient is told by the identifiers of the \
            Patient in the file, or by its own. Everything else in the file is counted and left. Exits 1 \
            when any was refused; the others are published. Safe to run twice: a document that is there \
            already is not published again, for which the token's role has to be one that finds documents, \
            too (hie access roles); with --report what was published before is not even asked for.

            EXAMPLE
              hie document import --as ./records-office export.json
              hie document import --as ./records-office export.json --dry-run
              hie document import --as ./records-office *.ndjson --report import.jsonl --parallel 8
            """)

    @Argument(help: "Files.") var files: [String]
    @Flag(help: "Publish nothing: say what is in the files.") var dryRun = false
    @Option(
        help: ArgumentHelp("Write a line of JSON for each document there; what it says was published is passed over.", valueName: "file"))
    var report: String?
    @Option(help: ArgumentHelp("Documents on their way at once.", valueName: "count")) var parallel = 4
    @OptionGroup var server: ServerOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...32).contains(parallel) else { throw ValidationError("--parallel takes 1 to 32.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let client = dryRun ? nil : try FHIRClient(server)
        let journal = try report.map { path throws(CommandFailure) in try PublishJournal(path) }
        var total = PublishRun.Summary()
        for path in files {
            let bundle = try await Progress.during("reading \(path)", world: .system, on: terminal) { progress in
                try BundleFile(path) { progress.note("\($0 >> 20) MiB") }
            }
            for (number, reason) in bundle.unreadable {
                PublishedFile(path: "\(path)#\(number)", digest: nil, outcome: .refused(reason, nil)).show(on: terminal, asJSON: output.json)
            }
            total.refused += bundle.unreadable.count
            guard let client else {
                total.accepted += bundle.documents.count
                terminal.words("\(path): \(Words.count(bundle.documents.count, "document"))" + Self.left(bundle))
                continue
            }
            let run = BundleRun(
                client: client, bundle: bundle, path: path, journal: journal, terminal: terminal, asJSON: output.json, parallel: parallel)
            total = try await run.publish(adding: total)
            terminal.words("\(path): all of it was looked at" + Self.left(bundle))
        }
        var text = Words.count(total.accepted, "document") + (dryRun ? " found" : " published") + ", \(total.refused) refused"
        if total.known > 0 { text += ", \(total.known) there already" }
        if total.passedOver > 0 { text += ", \(total.passedOver) passed over as the report says" }
        terminal.words(text)
        if total.refused > 0 { throw ExitStatus.failed.exit }
    }

    private static func left(_ bundle: BundleFile) -> String {
        guard !bundle.others.isEmpty else { return "" }
        return "; left: " + bundle.others.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }
}

/// Publishes the documents of one file, several at once.
private struct BundleRun {
    let client: FHIRClient
    let bundle: BundleFile
    let path: String
    let journal: PublishJournal?
    let terminal: Terminal
    let asJSON: Bool
    let parallel: Int

    func publish(adding before: PublishRun.Summary) async throws -> PublishRun.Summary {
        var summary = before
        let began = World.system.uptime()
        var rest = bundle.documents[...]
        try await withThrowingTaskGroup(of: PublishedFile.self) { group in
            var running = 0
            while running > 0 || !rest.isEmpty {
                while running < parallel, let item = rest.popFirst() {
                    let name = "\(path)#\(item.number)"
                    let document: JSONObject
                    do throws(CommandFailure) { document = try bundle.document(item) } catch {
                        summary.refused += 1
                        try tell(PublishedFile(path: name, digest: nil, outcome: .refused(error.line, nil)))
                        continue
                    }
                    let digest = PublishJournal.digest(JSONWriter.bytes(.object(document)))
                    if let journal, journal.has(name, digest) {
                        summary.passedOver += 1
                        continue
                    }
                    let client = client
                    group.addTask {
                        PublishedFile(path: name, digest: digest, outcome: try await Self.publish(document, client))
                    }
                    running += 1
                }
                guard running > 0, let done = try await group.next() else { break }
                running -= 1
                try tell(done)
                switch done.outcome {
                case .published, .looked: summary.accepted += 1
                case .known: summary.known += 1
                case .refused: summary.refused += 1
                }
                if World.system.uptime() - began > .seconds(2), !rest.isEmpty {
                    terminal.progress("\(bundle.documents.count - rest.count - running) of \(bundle.documents.count), \(summary.refused) refused")
                }
            }
        }
        terminal.endProgress()
        return summary
    }

    private func tell(_ published: PublishedFile) throws {
        terminal.endProgress()
        try journal?.add(published)
        published.show(on: terminal, asJSON: asJSON)
    }

    /// ITI-105, unless it is there; a node that cannot be reached, or does not know us, ends the command.
    private static func publish(_ document: JSONObject, _ client: FHIRClient) async throws -> DocumentPublisher.Outcome {
        guard let master = document["masterIdentifier"]?["value"]?.string else { return .refused("its masterIdentifier has no value", nil) }
        let system = document["masterIdentifier"]?["system"]?.string ?? "urn:ietf:rfc:3986"
        do {
            let (created, isNew) = try await client.create(
                "/DocumentReference", document, unless: [("identifier", system + "|" + master)])
            guard let id = created["id"]?.string else {
                throw CommandFailure(.failed, "the node published the document and did not say its id")
            }
            return isNew ? .published(id, nil) : .known(id, nil)
        } catch let failure as CommandFailure {
            switch failure.status {
            case .unreachable, .unauthenticated, .refused: throw failure
            default: return .refused(failure.line, nil)
            }
        }
    }
}

import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import Logging
import Storage

/// `hie journal follow`.
struct JournalFollowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "follow",
        abstract: "Keep a warm standby of a node in another folder, and show its lag.",
        discussion: """
            The folder may lie on another machine's disk. Every group is checked against its tree \
            before it is written; keys and certificates come along. hie journal promote makes a \
            node of the standby.

            EXAMPLE
              hie journal follow --home /var/lib/hie --to /mnt/standby/hie
              hie journal follow --home /var/lib/hie --to /mnt/standby/hie --once --json
            """)

    @OptionGroup var home: HomeOptions
    @Option(help: ArgumentHelp("The standby's folder.", valueName: "dir")) var to: String
    @Option(help: ArgumentHelp("Seconds between two looks.", valueName: "s")) var interval = 1.0
    @Flag(help: "Catch up once and end.") var once = false
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (0.05...3600).contains(interval) else { throw ValidationError("--interval is 0.05 to 3600.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        let standby = Standby(LocalFile.absolute(to))
        var lagSince: Duration?
        while true {
            let began = World.system.uptime()
            do {
                let end = try await SourceJournal.end(client)
                let pass = try standby.catchUp(NodeHome.here(client.home), to: end)
                let took = World.system.uptime() - began
                lagSince = nil
                show(pass, behind: took, terminal)
            } catch let failure as CommandFailure where failure.status == .unreachable && !once {
                lagSince = lagSince ?? began
                let silent = (World.system.uptime() - (lagSince ?? began)).components.seconds
                terminal.progress("the node does not answer since \(silent) s: \(failure.message)")
            }
            if once { return }
            try await World.system.sleep(.milliseconds(Int64(interval * 1000)))
        }
    }

    private func show(_ pass: Standby.Pass, behind: Duration, _ terminal: Terminal) {
        let milliseconds = behind.components.seconds * 1000 + behind.components.attoseconds / 1_000_000_000_000_000
        if output.json {
            return terminal.resultLine([
                "entries": .number(String(pass.entries)), "added": .number(String(pass.added)),
                "bytes": .number(String(pass.bytes)), "lagMilliseconds": .number(String(milliseconds)),
            ])
        }
        if terminal.isErrTerminal, !once {
            return terminal.progress("\(pass.entries) entries, \(milliseconds) ms behind")
        }
        if pass.added > 0 || once { terminal.result("\(pass.entries) entries, \(pass.added) new, \(milliseconds) ms behind") }
    }
}

/// `hie journal promote`.
struct JournalPromoteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "promote",
        abstract: "Make a node of a standby: the one it followed must never run again.",
        discussion: """
            Verifies the journal, makes the tables, and leaves an entry that says so. Until all of \
            that is done it stays a standby. Says when the node it followed had more entries.

            EXAMPLE
              hie journal promote --home /mnt/standby/hie
              hie run --home /mnt/standby/hie
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let standby = Standby(home.folder())
        let taken = try await Progress.during("taking over", world: .system, on: terminal) { _ in
            try await standby.promote(
                world: .system, logger: Logger(label: "hie.journal") { _ in SwiftLogNoOpLogHandler() })
        }
        if output.json { return terminal.result(Self.json(taken)) }
        terminal.result("\(taken.entries) entries taken over")
        if taken.missing > 0 { terminal.result(Self.warning(taken), .doubtful) }
        terminal.words("next: hie run --home \(standby.home.folder.path)")
    }

    private static func warning(_ taken: Standby.Promotion) -> String {
        "the node it followed had \(taken.known ?? 0) entries when last heard; \(taken.missing) of them are not here"
    }

    private static func json(_ taken: Standby.Promotion) -> JSONValue {
        var object: JSONObject = ["entries": .number(String(taken.entries))]
        object["known"] = taken.known.map { .number(String($0)) }
        object["missing"] = .number(String(taken.missing))
        if taken.missing > 0 { object["warning"] = .string(warning(taken)) }
        return .object(object)
    }
}

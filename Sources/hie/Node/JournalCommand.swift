import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import Logging

/// `hie journal`.
struct JournalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "journal",
        abstract: "The node's one durable truth, and the tables made from it.",
        discussion: """
            EXAMPLE
              hie journal rebuild --home /var/lib/hie
              hie journal repair --home /var/lib/hie
              hie journal rotate-key --home /var/lib/hie
              hie journal follow --home /var/lib/hie --to /mnt/standby/hie
            """,
        subcommands: [Rebuild.self, JournalRepairCommand.self, JournalRotateKeyCommand.self, JournalFollowCommand.self, JournalPromoteCommand.self])

    struct Rebuild: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make the node's tables anew from its journal; the node must be stopped.",
            discussion: """
                A node does this by itself when its tables are lost, foreign or damaged.

                EXAMPLE
                  hie journal rebuild --home /var/lib/hie
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let client = AdminClient(home)
            try client.demandHome()
            let node = NodeHome.here(client.home)
            let entries = try await Progress.during("rebuilding the tables", world: .system, on: terminal) { progress in
                let store: NodeStore
                do throws(ExchangeError) {
                    store = try await NodeStore.open(
                        node, configuration: try NodeConfiguration(of: node), rebuild: true, world: .system,
                        logger: Logger(label: "hie.journal") { _ in SwiftLogNoOpLogHandler() }
                    ) { done, all in progress.note("\(done) of \(all) entries") }
                } catch {
                    guard error.code == .conflict else { throw CommandFailure(error) }
                    throw CommandFailure(
                        .locked, "a node or another command holds \(node.store.path)", hint: "stop the node first")
                }
                let size = store.writer.size
                try await store.close()
                return size
            }
            if output.json { return terminal.result(["entries": .number(String(entries))]) }
            terminal.result("rebuilt from \(entries) entries")
        }
    }
}

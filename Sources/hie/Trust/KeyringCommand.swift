import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import Storage

/// `hie keyring`.
struct KeyringCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keyring",
        abstract: "Patients' keys: without them nothing in the journal can be read.",
        discussion: """
            EXAMPLE
              hie keyring rotate --home /var/lib/hie
              hie keyring backup --home /var/lib/hie --to keyring.sealed --recovery recovery.public
              hie keyring restore keyring.sealed --home /var/lib/hie --key recovery.key
            """,
        subcommands: [Rotate.self, Backup.self, Restore.self])

    struct Rotate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wrap every patient's key by a new wrapping key, while the node runs.",
            discussion: """
                No document is written again: only what wraps their keys changes.

                EXAMPLE
                  hie keyring rotate --home /var/lib/hie
                """)

        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let client = AdminClient(home)
            let answer = try await Progress.during("wrapping keys", world: .system, on: terminal) { _ in
                try await client.ask(.keyringRotate, seconds: 600)
            }
            if output.json { return terminal.result(answer) }
            terminal.result("\(answer.text("keys")) keys wrapped anew")
            terminal.words("next: hie keyring backup, since older ones hold the old wrapping key")
        }
    }

    struct Backup: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Seal keyring and wrapping key into a file for the recovery key.",
            discussion: """
                EXAMPLE
                  hie keyring backup --home /var/lib/hie --to keyring.sealed --recovery recovery.public
                """)

        @OptionGroup var home: HomeOptions
        @Option(help: ArgumentHelp("The file, to be made.", valueName: "file")) var to: String
        @Option(help: ArgumentHelp("The recovery key's public half.", valueName: "file")) var recovery: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let client = AdminClient(home)
            try client.demandHome()
            let count = try KeyringBackup.create(
                NodeHome.here(client.home), to: LocalFile.absolute(to), for: try SourceJournal.publicKey(recovery))
            if output.json { return terminal.result(["keys": .number(String(count)), "file": .string(to)]) }
            terminal.result("\(count) keys sealed into \(to)")
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put keyring and wrapping key back; the node must be stopped.",
            discussion: """
                Takes a file of hie keyring backup, or the keyring-... file of a backup's folder. \
                What lies there is kept with .lost behind its name.

                EXAMPLE
                  hie keyring restore keyring.sealed --home /var/lib/hie --key recovery.key
                """)

        @Argument(help: "The sealed file.") var file: String
        @OptionGroup var home: HomeOptions
        @Option(help: ArgumentHelp("The recovery key.", valueName: "file")) var key: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let client = AdminClient(home)
            try client.demandHome()
            let count: Int
            do throws(ExchangeError) {
                let key = try keyOrFail()
                count = try KeyringBackup.restore(LocalFile.absolute(file), to: NodeHome.here(client.home), key: key)
            } catch {
                guard error.code == .conflict else { throw CommandFailure(error) }
                throw CommandFailure(.locked, error.description, hint: "stop the node first")
            }
            if output.json { return terminal.result(["keys": .number(String(count))]) }
            terminal.result("\(count) keys restored")
        }

        private func keyOrFail() throws(ExchangeError) -> RecoveryKey {
            do { return try SourceJournal.privateKey(key) } catch {
                throw ExchangeError(.badRequest, "\(key) holds no recovery key")
            }
        }
    }
}

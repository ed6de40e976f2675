import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import Logging
import Storage

/// `hie backup`.
struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Backups: on line, incremental, sealed for a recovery key that is kept elsewhere.",
        discussion: """
            The recovery key's public half makes backups; its private half, which opens them, \
            belongs on no machine that runs a node.

            EXAMPLE
              hie backup key --out recovery.key --public recovery.public
              hie backup create --home /var/lib/hie --to /mnt/backup --recovery recovery.public
              hie backup verify /mnt/backup --key recovery.key
              hie backup restore /mnt/backup --home /var/lib/hie --key recovery.key
            """,
        subcommands: [Key.self, Create.self, Verify.self, Restore.self])

    struct Key: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a recovery key.",
            discussion: """
                EXAMPLE
                  hie backup key --out recovery.key --public recovery.public
                """)

        @Option(help: ArgumentHelp("The key's file, to be made: take it elsewhere.", valueName: "file")) var out: String
        @Option(name: .customLong("public"), help: ArgumentHelp("The public half's file, to be made.", valueName: "file"))
        var publicFile: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            for file in [out, publicFile] where LocalFile.exists(file) {
                throw CommandFailure(.conflict, "\(file) is there already", hint: "name another file")
            }
            let key = try RecoveryKey(world: .system)
            try LocalFile.write(Array(key.text.utf8), to: out)
            try LocalFile.write(Array(key.publicHalf.text.utf8), to: publicFile, mode: 0o644)
            if output.json {
                return terminal.result(["key": .string(out), "public": .string(publicFile), "name": .string(key.publicHalf.name)])
            }
            terminal.result(key.publicHalf.name)
            terminal.words("take \(out) to a place of its own; nothing opens a backup without it")
        }
    }

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Back up a node, running or not; what is in the backup already is not copied again.",
            discussion: """
                Every group of the journal is checked against its tree as it is copied; a journal \
                that does not verify makes no backup (exit 9).

                EXAMPLE
                  hie backup create --home /var/lib/hie --to /mnt/backup --recovery recovery.public
                """)

        @OptionGroup var home: HomeOptions
        @Option(help: ArgumentHelp("The backup's folder.", valueName: "dir")) var to: String
        @Option(help: ArgumentHelp("The recovery key's public half.", valueName: "file")) var recovery: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let client = AdminClient(home)
            let key = try SourceJournal.publicKey(recovery)
            let end = try await SourceJournal.end(client)
            let report = try await Progress.during("backing up", world: .system, on: terminal) { progress in
                try Backup(LocalFile.absolute(to)).create(
                    NodeHome.here(client.home), upTo: end, for: key, world: .system
                ) { bytes, _ in progress.note("\(bytes >> 20) MiB of the journal") }
            }
            let manifest = report.manifest
            if output.json {
                return terminal.result([
                    "entries": .number(String(manifest.end.frontier.size)), "added": .number(String(report.added)),
                    "bytes": .number(String(report.bytes)), "files": .number(String(manifest.pieces.count)),
                    "root": .string(Hexadecimal.encode(manifest.end.frontier.root)),
                    "recoveryKey": .string(manifest.recovery), "created": .string(manifest.created.description),
                ])
            }
            terminal.result("\(manifest.end.frontier.size) entries in the backup, \(report.added) of them new")
        }
    }

    struct Verify: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Verify a backup; with the recovery key every hash of its journal.",
            discussion: """
                Exits 9 when anything is missing or was changed.

                EXAMPLE
                  hie backup verify /mnt/backup
                  hie backup verify /mnt/backup --key recovery.key
                """)

        @Argument(help: ArgumentHelp("The backup's folder.", valueName: "dir")) var folder: String
        @Option(help: ArgumentHelp("The recovery key.", valueName: "file")) var key: String?
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let key = try key.map { try SourceJournal.privateKey($0) }
            let finding = try await Progress.during("verifying the backup", world: .system, on: terminal) { progress in
                try Backup(LocalFile.absolute(folder)).verify(key: key) { done, all in
                    progress.note("file \(done) of \(all)")
                }
            }
            if output.json { return terminal.result(BackupCommand.json(finding)) }
            var facts = Facts()
            facts.add("backup", finding.journal == nil ? "files verified, journal not opened" : "verified", .good)
            facts.add("created", finding.manifest.created.description)
            facts.add("entries", String(finding.manifest.end.frontier.size))
            facts.add("root", Hexadecimal.encode(finding.manifest.end.frontier.root))
            facts.add("patients' keys", finding.keys.map(String.init))
            facts.add("recovery key", finding.manifest.recovery)
            facts.show(on: terminal)
        }
    }

    struct Restore: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a node's folder from a backup, on this or a new machine.",
            discussion: """
                Verifies everything before and after, makes the tables anew, and leaves an entry in \
                the journal that says that the node was restored and from when.

                EXAMPLE
                  hie backup restore /mnt/backup --home /var/lib/hie --key recovery.key
                """)

        @Argument(help: ArgumentHelp("The backup's folder.", valueName: "dir")) var folder: String
        @OptionGroup var home: HomeOptions
        @Option(help: ArgumentHelp("The recovery key.", valueName: "file")) var key: String
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let key = try SourceJournal.privateKey(key)
            let node = NodeHome.here(home.folder())
            let finding = try await Progress.during("restoring", world: .system, on: terminal) { progress in
                try await Backup(LocalFile.absolute(folder)).restore(
                    to: node, key: key, world: .system,
                    logger: Logger(label: "hie.backup") { _ in SwiftLogNoOpLogHandler() }
                ) { progress.note($0) }
            }
            if output.json { return terminal.result(BackupCommand.json(finding)) }
            terminal.result("\(finding.manifest.end.frontier.size) entries restored to \(node.folder.path)")
            terminal.words("what was recorded after \(finding.manifest.created) is not in it")
            terminal.words("next: hie run --home \(node.folder.path)")
        }
    }

    private static func json(_ finding: Backup.Finding) -> JSONValue {
        [
            "verified": true, "opened": .bool(finding.journal != nil),
            "created": .string(finding.manifest.created.description),
            "entries": .number(String(finding.manifest.end.frontier.size)),
            "root": .string(Hexadecimal.encode(finding.manifest.end.frontier.root)),
            "keys": finding.keys.map { .number(String($0)) } ?? .null,
            "recoveryKey": .string(finding.manifest.recovery),
        ]
    }
}

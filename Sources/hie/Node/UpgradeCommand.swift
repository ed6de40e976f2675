import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Journal
import Logging
import Storage
import Transactions

/// `hie upgrade`.
struct UpgradeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Rehearse what this version of the program does with a node's folder, or do it before the start.",
        discussion: """
            The journal is read as earlier versions wrote it and is never rewritten; one that a later version \
            wrote is refused (exit code 8). Tables of another version are made anew from it. --dry-run does \
            all of that on copies and says how long it took and what room it needs; the node may run \
            meanwhile, under an older version. Without it the node must be stopped; its tables are made, \
            so that its start takes no longer than others. hie run does the same by itself.

            EXAMPLE
              hie upgrade --dry-run --home /var/lib/hie
              hie upgrade --home /var/lib/hie
              hie upgrade --dry-run --json | jq .seconds
            """)

    @Flag(help: "Change nothing: rehearse on copies, measure, and say what would be done.") var dryRun = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let node = NodeHome.here(client.home)
        if dryRun { return try await rehearse(node, terminal) }
        let found = UpgradeRehearsal.tables(of: node)
        let started = World.system.uptime()
        let entries = try await Progress.during("making the tables", world: .system, on: terminal) { progress in
            let store: NodeStore
            do throws(ExchangeError) {
                store = try await NodeStore.open(
                    node, configuration: try NodeConfiguration(of: node), world: .system,
                    logger: Logger(label: "hie.upgrade") { _ in SwiftLogNoOpLogHandler() }
                ) { done, all in progress.note("\(done) of \(all) entries") }
            } catch {
                guard error.code == .conflict, error.message.contains("another process") else { throw CommandFailure(error) }
                throw CommandFailure(
                    .locked, "a node or another command holds \(node.store.path)",
                    hint: "stop the node first, or rehearse with --dry-run")
            }
            let size = store.writer.size
            try await store.close()
            return size
        }
        let seconds = (World.system.uptime() - started).seconds
        let isMade = found != SQLiteProjection.version
        if output.json {
            return terminal.result([
                "entries": .number(String(entries)), "tablesFound": found.map { .number(String($0)) } ?? .null,
                "tables": .number(String(SQLiteProjection.version)), "made": .bool(isMade), "seconds": .number(seconds),
            ])
        }
        terminal.result(
            isMade
                ? "tables of version \(SQLiteProjection.version) were made from \(entries) entries in \(seconds) s"
                : "the tables are of this version already; \(entries) entries")
    }

    private func rehearse(_ node: NodeHome, _ terminal: Terminal) async throws {
        let report = try await Progress.during("rehearsing", world: .system, on: terminal) { progress in
            do throws(ExchangeError) {
                return try await UpgradeRehearsal(node, world: .system).run { done, all in
                    progress.note("\(done) of \(all) entries")
                }
            } catch { throw CommandFailure(error) }
        }
        let seconds = report.elapsed.seconds
        if output.json {
            return terminal.result([
                "version": .string(Node.version), "entries": .number(String(report.entries)),
                "tablesFound": report.tablesFound.map { .number(String($0)) } ?? .null,
                "tables": .number(String(SQLiteProjection.version)), "migrates": .bool(report.isMigration),
                "seconds": .number(seconds), "tableBytes": .number(String(report.tableBytes)),
                "peakBytes": .number(String(report.peakBytes)), "freeBytes": report.freeBytes.map { .number(String($0)) } ?? .null,
                "patients": .number(String(report.counts.patients)), "documents": .number(String(report.counts.documents)),
                "directives": .number(String(report.counts.directives)), "cutBytes": .number(String(report.cutBytes)),
            ])
        }
        var facts = Facts()
        facts.add("program", "hie \(Node.version)", .heading)
        facts.add("configuration", "taken by this version", .good)
        facts.add("journal", "all \(report.entries) entries read and opened; stays as it is", .good)
        let found = report.tablesFound.map { "version \($0)" } ?? "none"
        facts.add(
            "tables", report.isMigration ? "\(found): made anew as version \(SQLiteProjection.version)" : "\(found): kept",
            report.isMigration ? .doubtful : .good)
        facts.add(
            "they hold",
            "\(Words.count(report.counts.patients, "patient")), \(Words.count(report.counts.documents, "document")), "
                + "\(Words.count(report.counts.directives, "directive"))")
        facts.add("took", "\(seconds) s here and now, with the journal read from its first byte")
        facts.add("needs", "\(Self.megabytes(report.peakBytes)) at the most; \(report.freeBytes.map(Self.megabytes) ?? "?") free")
        facts.show(on: terminal)
        terminal.words(
            report.isMigration
                ? "nothing was changed; at its next start the node makes its tables anew and answers nobody until they are made, or "
                    + "stop it and run hie upgrade"
                : "nothing was changed, and nothing is to be made: the next start takes no longer than others")
    }

    private static func megabytes(_ bytes: UInt64) -> String {
        let tenths = (bytes * 10 + (1 << 20) - 1) >> 20
        return "\(tenths / 10).\(tenths % 10) MB"
    }
}

extension Duration {
    /// Seconds to the hundredth, for people and JSON.
    fileprivate var seconds: String {
        let hundredths = components.seconds * 100 + components.attoseconds / 10_000_000_000_000_000
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}

import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Storage

/// `hie audit verify`.
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify a node's whole journal: every hash from the first entry, and its signed checkpoint.",
        discussion: """
            Asks the node when it runs, reads its files when it does not. Needs no key of any \
            patient. Exits 9 when anything was changed, cut or damaged.

            EXAMPLE
              hie audit verify --home /var/lib/hie
              hie audit verify --json | jq -r .root
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let isRunning = await client.isRunning()
        let verdict = try await Progress.during("verifying the journal", world: .system, on: terminal) { progress in
            if isRunning { return try await client.ask(.auditVerify, seconds: 3600) }
            let node = NodeHome(client.home)
            return try await Self.alone(with: node) {
                AdminService.json(
                    await JournalAudit.verify(node) { done, all in progress.note("segment \(done) of \(all)") })
            }
        }
        let isSound = verdict["verified"]?.bool == true
        if output.json {
            terminal.result(verdict)
        } else {
            var facts = Facts()
            facts.add("journal", isSound ? "verified" : "DAMAGED", isSound ? .good : .bad)
            facts.add("entries", isSound ? verdict.text("entries") : nil)
            facts.add("root", isSound ? verdict.text("root") : nil)
            facts.add("checkpoint", verdict["checkpoint"]?.integer.map { "signed at entry \($0)" } ?? "none yet")
            for damage in verdict["damage"]?.items ?? [] { facts.add("damage", damage.string, .bad) }
            facts.show(on: terminal)
        }
        guard isSound else {
            throw CommandFailure(
                .damaged, "the journal is not what was written",
                hint: "keep the folder as it is, restore a backup beside it and compare")
        }
    }

    /// Keeps a node from starting while its files are read.
    private static func alone<Value>(with node: NodeHome, _ work: () async -> Value) async throws
        -> Value
    {
        let journal = node.store.appendingPathComponent("journal").path
        guard LocalFile.exists(journal) else {
            throw CommandFailure(
                .notFound, "there is no journal in \(node.store.path)", hint: "the node was never started: hie run")
        }
        let lock: StoreLock
        do {
            lock = try StoreLock(folder: journal)
        } catch {
            guard error.code == .conflict else { throw CommandFailure(error) }
            throw CommandFailure(
                .locked, "another process holds \(journal)",
                hint: "a node that is starting, or another command; try again")
        }
        defer { withExtendedLifetime(lock) {} }
        return await work()
    }
}

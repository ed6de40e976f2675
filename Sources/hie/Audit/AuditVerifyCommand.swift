import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Storage
import Transactions

/// `hie audit verify`.
struct AuditVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify a node's whole journal: every hash from the first entry, and its signed checkpoint.",
        discussion: """
            Reads the node's files, whether it runs or not, and needs no key of any patient. With \
            --replay every disclosure is decided anew from the consents in force at its position, \
            and must come out as it did; that opens the entries, so a running node does it itself. \
            Where the check of the files stands is kept after each segment: --resume goes on \
            there. Exits 9 when anything was changed, cut or damaged, or does not follow.

            EXAMPLE
              hie audit verify --home /var/lib/hie
              hie audit verify --replay
              hie audit verify --json | jq -r .root
            """)

    @Flag(help: "Decide every disclosure anew; each answer must follow.") var replay = false
    @Flag(help: "Go on where an earlier run was interrupted.") var resume = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandHome()
        let isRunning = await client.isRunning()
        let node = NodeHome.here(client.home)
        let found = try await Progress.during("verifying the journal", world: .system, on: terminal) { progress in
            let walk = {
                AdminService.json(
                    JournalAudit.walk(node, isLive: isRunning, resumes: resume) { done, all in
                        progress.note("segment \(done) of \(all)")
                    })
            }
            return isRunning ? walk() : try await Self.alone(with: node) { walk() }
        }
        var verdict: JSONObject = found.object ?? [:]
        var isSound = verdict["verified"]?.bool == true
        if replay, isSound {
            let report = try await Progress.during("deciding again", world: .system, on: terminal) { progress in
                if isRunning { return try await client.ask(.auditReplay, seconds: 24 * 3600) }
                return try await JournalAudit.replay(node, world: .system) { done, all in
                    progress.note("entry \(done) of \(all)")
                }.json
            }
            verdict["replay"] = report
            isSound = report["follows"]?.bool == true
        }
        if output.json { terminal.result(.object(verdict)) } else { show(.object(verdict), terminal) }
        guard isSound else {
            throw CommandFailure(
                .damaged, "the journal is not what was written, or does not follow",
                hint: "keep the folder as it is, restore a backup beside it and compare")
        }
    }

    private func show(_ verdict: JSONValue, _ terminal: Terminal) {
        let isWhole = verdict["verified"]?.bool == true
        var facts = Facts()
        facts.add("journal", isWhole ? "verified" : "DAMAGED", isWhole ? .good : .bad)
        facts.add("entries", isWhole ? verdict.text("entries") : nil)
        facts.add("root", isWhole ? verdict.text("root") : nil)
        // Of a damaged journal it may be the checkpoint that cannot be read: none is not said then.
        facts.add(
            "checkpoint", verdict["checkpoint"]?.integer.map { "signed at entry \($0)" } ?? (isWhole ? "none yet" : nil))
        for damage in verdict["damage"]?.items ?? [] { facts.add("damage", damage.string, .bad) }
        if let replay = verdict["replay"] {
            let follows = replay["follows"]?.bool == true
            facts.add("replay", follows ? "every answer follows" : "ANSWERS THAT DO NOT FOLLOW", follows ? .good : .bad)
            facts.add("decided anew", "\(replay.text("decisions")) decisions of \(replay.text("accesses")) accesses")
            if replay["elsewhere"]?.integer ?? 0 > 0 {
                facts.add("decided elsewhere", "\(replay.text("elsewhere")) documents that other communities hold")
            }
            if replay["erased"]?.integer ?? 0 > 0 { facts.add("erased", "\(replay.text("erased")) entries") }
            for finding in replay["findings"]?.items ?? [] {
                facts.add("entry \(finding.text("entry"))", finding.text("reason"), .bad)
            }
        }
        facts.show(on: terminal)
    }

    /// Keeps a node from starting while its files are read.
    private static func alone<Value>(with node: NodeHome, _ work: () throws -> Value) async throws
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
        defer { lock.release() }
        return try work()
    }
}

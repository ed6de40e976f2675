import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie status`.
struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Say how a running node is.",
        discussion: """
            Exits 1 when the node answers but can no longer write its journal. With --watch it asks \
            again and again, and goes on while the node is down; with --json each answer is a line.

            EXAMPLE
              hie status --home /var/lib/hie
              hie status --watch --interval 5
              hie status --json | jq .journal.entries
            """)

    @Flag(help: "Ask again and again, until interrupted.") var watch = false
    @Option(help: "Seconds between two questions; with --watch.") var interval = 2
    @Option(help: "How many times to ask; with --watch.") var times: Int?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...3600).contains(interval) else { throw ValidationError("--interval is 1 to 3600 seconds.") }
        guard times.map({ $0 > 0 && watch }) ?? true else { throw ValidationError("--times is 1 or more, with --watch.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        guard watch else { return try await once(client, terminal) }
        try client.demandHome()
        var left = times ?? .max
        while true {
            terminal.beginPage()
            var failure: (any Error)?
            do { try await once(client, terminal) } catch let error as CommandFailure {
                terminal.words(error.line)
                failure = error
            } catch { failure = error }
            left -= 1
            guard left > 0 else {
                if let failure { throw failure }
                return
            }
            try await World.system.sleep(.seconds(interval))
        }
    }

    private func once(_ client: AdminClient, _ terminal: Terminal) async throws {
        let status = try await client.ask(.nodeStatus)
        if output.json {
            if watch { terminal.resultLine(status) } else { terminal.result(status) }
        } else {
            show(status, on: terminal)
        }
        guard status["healthy"]?.bool == true else { throw ExitStatus.failed.exit }
    }

    private func show(_ status: JSONValue, on terminal: Terminal) {
        var facts = Facts()
        facts.add("name", status["name"]?.string, .heading)
        facts.add("community", status["community"]?.string)
        facts.add("version", status["version"]?.string)
        facts.add("home", status["home"]?.string)
        facts.add("up for", status["uptimeSeconds"]?.integer.map(Words.duration))
        for listener in status["listeners"]?.items ?? [] {
            facts.add("listens: " + listener.text("name"), listener["address"]?.string)
        }
        facts.add(
            "journal", "\(status["journal"].text("entries")) entries, root \(status["journal"].text("root").prefix(16))"
        )
        if let failure = status["journal"]?["failure"]?.string {
            facts.add("journal failed", failure, .bad)
            facts.add("since", status["store"]?["since"]?.string)
            facts.add("meanwhile", "nothing is recorded, so nothing is disclosed")
            facts.add("next", status["store"]?["next"]?.string, .heading)
        }
        if let free = status["store"]?["freeBytes"]?.integer {
            facts.add("disk free", "\(free >> 20) MiB", free < 256 << 20 ? .doubtful : .plain)
        }
        let counts = status["counts"]
        facts.add(
            "holds",
            "\(counts.text("patients")) patients, \(counts.text("documents")) documents, "
                + "\(counts.text("directives")) consent directives")
        facts.add("peers", "\(status["peers"].text("reachable")) of \(status["peers"].text("known")) reachable")
        for certificate in status["certificates"]?.items ?? [] {
            let grade = HealthFinding.Grade(rawValue: certificate.text("status")) ?? .pass
            let next = certificate["next"]?.string.map { "; next: \($0)" } ?? ""
            facts.add(
                "certificate: " + certificate.text("use"),
                "valid until \(certificate.text("validUntil")) (\(Words.count(Int(certificate["daysLeft"]?.integer ?? 0), "day")))\(next)",
                grade == .fail ? .bad : grade == .warn ? .doubtful : .plain)
        }
        let alerts = status["openAlerts"]?.integer ?? 0
        facts.add("open alerts", alerts == 0 ? "none" : "\(alerts), see hie audit alerts", alerts == 0 ? .plain : .doubtful)
        if let waiting = status["changesWaiting"]?.integer, waiting > 0 {
            facts.add("changes", "\(Words.count(Int(waiting), "change")) for a second administrator, see hie approve list", .doubtful)
        }
        if let feed = status["auditFeed"], feed != .null {
            let waiting = feed["waiting"]?.integer ?? 0
            facts.add(
                "audit feed", "\(feed.text("repository")), \(waiting == 0 ? "nothing waits" : (waiting == 1 ? "1 entry waits" : "\(waiting) entries wait"))",
                feed["failure"] == nil ? .plain : .bad)
            if let why = feed["failure"]?.string {
                facts.add("feed fails", "\(why), since \(Words.time(feed.text("since"))), next try \(Words.time(feed.text("nextTry")))", .bad)
            }
            if let refused = feed["refused"]?.integer, refused > 0 {
                facts.add("feed refused", "\(Words.count(refused, "event")) that the repository will never take; see the log", .doubtful)
            }
        }
        facts.add("consent default", status["consentDefault"]?.string)
        facts.show(on: terminal)
    }
}

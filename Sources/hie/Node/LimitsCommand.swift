import AdminEndpoint
import ArgumentParser
import ExchangeNode
import JSON

/// `hie limits`.
struct LimitsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Who stands how to their limits now: users, systems, other communities.",
        discussion: """
            Questions under way and people asked about within the hour, with how often each asker was refused since the \
            start. What everybody may have is limits in node.yaml (hie config show, hie config schema); what one user or \
            community may have in its place is limits-for.

            EXAMPLE
              hie limits
              hie limits --json | jq '.askers[] | select(.refused > 0)'
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let answer = try await AdminClient(home).ask(.nodeLimits)
        if output.json { return terminal.result(answer) }
        var table = Table("WHO", "DOOR", "WHAT", "HELD", "AT MOST", "REFUSED")
        for row in answer["askers"]?.items ?? [] {
            let refused = row.text("refused")
            table.add(
                .init(row.text("asker")), .init(row.text("door")), .init(row.text("what")), .init(row.text("held")),
                .init(row.text("most")), .init(refused, refused == "0" ? .plain : .doubtful))
        }
        if table.isEmpty { terminal.words("nobody asks just now, and nobody was refused") } else { terminal.result(table) }
    }
}

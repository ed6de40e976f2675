import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON
import PatientIndex
import Transactions

/// `hie patient import`.
struct PatientImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Register the rows of a table, each linked by what came before it; the node may run or be at rest.",
        discussion: """
            The first line names the columns (rec_id, source, mrn, last_name, first_name, ..., or
            FEBRL's), in UTF-8. Rows that are known are left as they are: a load that was cut is begun
            again. A row that holds what no registration may hold, has another number of columns than
            the first line, or bears an earlier row's id, is named with its line and left out; the
            others are taken, and the exit code is 1.

            --review names every open review of the table's rows, whoever opened it; the candidate by
            its row, or by its id where it came from no table.

            A node at rest is loaded many times faster. A running one links by its own profile.

            A profile of one's own is a JSON file of what differs from its base, such as
            {"base": "balanced", "certain-bits": 4}. Its settings (with strict's values; README, Who is
            who, says what each means):
              base                 strict or balanced
              certain-bits         score from which on a match is probable or certain: 6
              possible-bits        score from which on somebody should look: 0
              lead-bits            how far the next person must be behind: 8
              people-at-risk       people who could be meant: 5000000
              namesakes            {"postal-code": 60, "city": 1, "alone": 0.2, "demands-middle": true}
              accepts-other-names  false
              forgives-numbers     false
              evidence             demanded, or score-alone for test data

            EXAMPLE
              hie patient import records.csv --profile strict --out clusters.csv \\
                --review review.csv --home /var/lib/hie
            """)

    @Argument(help: "The table.") var table: String
    @Option(help: "How rows are linked: strict, balanced, cms-hte, or a file of one's own (.json).") var profile = "strict"
    @Option(help: ArgumentHelp("Where each row's person goes: rec_id,cluster_id.", valueName: "file")) var out: String?
    @Option(
        name: [.customLong("review"), .customLong("tasks")],
        help: ArgumentHelp(
            "Where rows that somebody should compare go: rec_id,candidate_rec_id,score.", valueName: "file"))
    var review: String?
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        if !profile.hasSuffix(".json") { _ = try MatchProfile(profile) }
    }

    func run() async throws {
        let terminal = Terminal()
        let policy = try MatchProfile(profile).policy
        let way = try await IdentityWay.open(home, policy: policy)
        let (table, out, review) = (table, out, review)
        let summary: LoadSummary
        do {
            summary = try await Progress.during("loading \(table)", world: .system, on: terminal) { progress in
                switch way {
                case .resting(_, let desk, _): try await PatientLoad.rest(table, desk, out: out, review: review, progress)
                case .running(let client):
                    try await PatientLoad.run(table, client, policy, out: out, review: review, progress)
                }
            }
        } catch {
            try? await way.close()
            throw error
        }
        try await way.close()
        try say(summary, terminal)
    }

    private func say(_ summary: LoadSummary, _ terminal: Terminal) throws {
        if output.json {
            terminal.result([
                "rows": .number(String(summary.rows)), "known": .number(String(summary.known)),
                "persons": .number(String(summary.persons)), "reviews": .number(String(summary.reviews)),
                "openReviews": .number(String(summary.openReviews)), "refused": summary.refusals.json,
            ])
        } else {
            summary.refusals.show("left out", on: terminal)
            let open = summary.openReviews == summary.reviews ? "" : ", \(summary.openReviews) open in all"
            terminal.result(
                "\(summary.rows) rows (\(summary.known) known before), \(summary.persons) persons, "
                    + "\(summary.reviews) to be reviewed" + open)
        }
        try summary.refusals.fail("left out", hint: "mend them and load the table again: the others are known then")
    }
}

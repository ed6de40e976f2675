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
        abstract: "Register the rows of a table, each linked by what came before it; the node must be at rest.",
        discussion: """
            The first line names the columns (rec_id, source, mrn, last_name, first_name, ..., or
            FEBRL's). Rows that are known are left as they are: a load that was cut is begun again.

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
        guard case .resting(_, let desk) = way else {
            throw CommandFailure(.locked, "the node is running", hint: "stop it, or register with hie patient add")
        }
        let (table, out, review) = (table, out, review)
        let counts: [Int]
        do {
            counts = try await Progress.during("loading \(table)", world: .system, on: terminal) { progress in
                try await Self.load(table, desk, out: out, review: review, progress)
            }
        } catch {
            try? await way.close()
            throw error
        }
        try await way.close()
        if output.json {
            return terminal.result([
                "rows": .number(String(counts[0])), "known": .number(String(counts[1])),
                "persons": .number(String(counts[2])), "reviews": .number(String(counts[3])),
            ])
        }
        terminal.result(
            "\(counts[0]) rows (\(counts[1]) known before), \(counts[2]) persons, \(counts[3]) to be reviewed")
    }

    private static func load(
        _ path: String, _ desk: IdentityDesk, out: String?, review: String?, _ progress: Progress,
    ) async throws -> [Int] {
        var lines = try TextLines(path)
        do {
            guard let header = try lines.next() else {
                throw CommandFailure(.failed, "\(path) is empty", hint: "its first line names the columns")
            }
            let table = try RegistrationTable(header: header)
            var load = try await PatientImport(desk)
            while let line = try lines.next() {
                guard let row = try table.row(line, number: lines.number) else { continue }
                try await load.take(row)
                if load.count % 1000 == 0 { progress.note("\(load.count) rows") }
            }
            try await load.flush()
            let clusters = load.clusters
            if let out {
                try PatientTable.write("rec_id,cluster_id", clusters.map { "\(CSVCells.quoted($0.row)),\($0.person)" }, to: out)
            }
            if let review {
                try PatientTable.write(
                    "rec_id,candidate_rec_id,score",
                    load.reviews.map {
                        "\(CSVCells.quoted($0.row)),\(CSVCells.quoted($0.candidate)),\(PatientTable.bits($0.millibits))"
                    }, to: review)
            }
            return [load.count, load.knownCount, Set(clusters.map(\.person)).count, load.reviewCount]
        } catch let error as ExchangeError {
            throw CommandFailure(error)
        }
    }
}

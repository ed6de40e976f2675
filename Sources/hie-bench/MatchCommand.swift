import ArgumentParser
import ExchangeCore
import FoundationEssentials
import PatientIndex

/// `hie-bench match`.
struct MatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: "Who is who: accuracy and speed of the patient index, made-up population, sample and disk.",
        discussion: """
            Families, twins, fathers and sons of one name, namesakes, moves and errors, drawn by
            seed and linked in order of arrival in memory; a quarter of the questions is about
            people who are not registered. 100,000 persons; a tenth with --quick. Then the sample
            with its truth, FEBRL, and Splink and recordlinkage beside, where they are; then a node's
            folder is filled with registrations and looked up in (--stored, on disk).

            EXAMPLE
              hie-bench match --quick
              hie-bench match --persons 0 --stored 1000000
              hie-bench match --persons 0 --stored 0 --sample ../shared/data/matching
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "Persons of the made-up population (100000; 10000 with --quick); 0 for none.") var persons: Int?
    @Option(help: "Persons registered on disk, 1.9 registrations each (100000; 10000 with --quick); 0 for none.") var stored: Int?
    @Option(help: "The seed of the population.") var seed: UInt64 = 1
    @Option(help: ArgumentHelp("The sample with its truth; left out where it is not.", valueName: "dir"))
    var sample = "../shared/data/matching"
    @Option(help: ArgumentHelp("Python with Splink or recordlinkage; left out where it is not.", valueName: "file"))
    var python = "python3"
    @Option(help: ArgumentHelp("What asks them.", valueName: "file")) var peers = "Tests/interop/match_peers.py"

    @Option(help: ArgumentHelp("A profile of one's own (JSON), measured beside the others.", valueName: "file")) var profile: String?

    func validate() throws {
        if let persons, !(0...2_000_000).contains(persons) { throw ValidationError("--persons is 0 to 2000000.") }
        if let stored, !(0...5_000_000).contains(stored) { throw ValidationError("--stored is 0 to 5000000.") }
    }

    func run() async throws {
        let bench = Bench(options)
        bench.preface()
        let own = try profile.map { path in
            guard let bytes = FileManager.default.contents(atPath: path) else {
                throw ExchangeError(.notFound, "there is no \(path)")
            }
            return try MatchPolicy(file: [UInt8](bytes))
        }
        let count = persons ?? (options.quick ? 10_000 : 100_000)
        if count > 0 { try madeUp(count, own, bench) }
        if FileManager.default.fileExists(atPath: sample) {
            try SampleBench(bench, folder: sample, own: own).run()
            if !options.quick { try MatchPeers(python: python, script: peers, sample: sample).run(bench.report) }
        } else {
            bench.report.words("no sample in \(sample): left out, and the peers with it")
        }
        let onDisk = stored ?? (options.quick ? 10_000 : 100_000)
        if onDisk > 0 { try await StoredIndexBench(bench, persons: onDisk).run() }
        bench.report.end()
    }

    private func madeUp(_ count: Int, _ own: MatchPolicy?, _ bench: Bench) throws {
        let population = Population(persons: count, seed: seed)
        var writer = PopulationRecords(population, seed: seed &+ 76)
        let rows = writer.rows()
        let questions = writer.questions(min(count, 20_000))
        bench.report.words("\(population.persons.count) persons, \(rows.count) registrations, seed \(seed)")
        let table = try RegistrationTable(header: Array(PopulationRecords.header.utf8))
        let registered = try LabelledRecords(
            rows.map { (try PopulationRecords.record($0, by: table), $0.person, population.persons[$0.person].group.rawValue) })
        let asked = try LabelledRecords(
            questions.map { question in
                let isStranger = population.strangers.contains(question.person)
                return (try PopulationRecords.record(question, by: table), isStranger ? nil : question.person, "")
            })
        for policy in [MatchPolicy.strict, .balanced] + [own].compactMap(\.self) {
            let name = policy == .strict ? "match" : "match.\(policy.name)"
            let accuracy = MatchAccuracy(registered, policy: policy, name: name, report: bench.report)
            accuracy.link { population.kind($0, $1) }
            try accuracy.ask(asked)
        }
    }
}

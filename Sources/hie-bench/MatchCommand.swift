import ArgumentParser
import ExchangeCore
import PatientIndex

/// `hie-bench match`.
struct MatchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "match",
        abstract: "Who is who: accuracy and speed of the patient index on a made-up population.",
        discussion: """
            Families, twins, fathers and sons of one name, namesakes, moves and errors, drawn by
            seed and linked in order of arrival in memory; a quarter of the questions is about
            people who are not registered. 100,000 persons; a tenth with --quick. Then a node's folder
            is filled with registrations and looked up in (--stored, on disk).

            EXAMPLE
              hie-bench match --quick
            """)

    @OptionGroup var options: BenchOptions
    @Option(help: "Persons.") var persons: Int?
    @Option(help: "Persons registered on disk, 1.9 registrations each (100000; 10000 with --quick).") var stored: Int?
    @Option(help: "The seed of the population.") var seed: UInt64 = 1

    func run() async throws {
        let bench = Bench(options)
        bench.preface()
        let count = persons ?? (options.quick ? 10_000 : 100_000)
        let population = Population(persons: count, seed: seed)
        var writer = PopulationRecords(population, seed: seed &+ 76)
        let rows = writer.rows()
        let questions = writer.questions(min(count, 20_000))
        bench.report.words("\(population.persons.count) persons, \(rows.count) registrations, seed \(seed)")
        let truth = rows.map(\.person)
        for policy in [MatchPolicy.strict, .balanced] {
            let stopwatch = Stopwatch()
            var linking = ResidentLinking(secret: IndexSecret([1]), policy: policy)
            var (reviews, trueReviews) = (0, 0)
            for row in rows {
                let decision = linking.register(try Self.record(row))
                guard let first = decision.review.first else { continue }
                reviews += 1
                let owners = linking.index.members(of: first.person).map { truth[Int($0)] }
                if owners.contains(row.person) { trueReviews += 1 }
            }
            let seconds = stopwatch.seconds
            let persons = rows.indices.map { linking.index.person(of: UInt32($0)) }
            report(
                policy, persons, truth, population, reviews: reviews, trueReviews: trueReviews, seconds: seconds, bench)
            try ask(questions, linking.index, truth, population, policy, bench)
            let reviewed = try Self.reviewed(rows, policy)
            bench.report.add(
                Figure(
                    policy == .strict ? "match.recall_after_review" : "match.\(policy.name).recall_after_review", reviewed,
                    "share", aim: .atLeast(0.993)))
        }
        let onDisk = stored ?? (options.quick ? 10_000 : 100_000)
        if onDisk > 0 { try await StoredIndexBench(bench, persons: onDisk).run() }
        bench.report.end()
    }

    /// Recall when every review is decided rightly, of the three persons shown.
    private static func reviewed(_ rows: [PopulationRecords.Row], _ policy: MatchPolicy) throws -> Double {
        var linking = ResidentLinking(secret: IndexSecret([1]), policy: policy)
        for (place, row) in rows.enumerated() {
            for candidate in linking.register(try record(row)).review {
                let owners = linking.index.members(of: candidate.person).filter { Int($0) != place }
                guard owners.contains(where: { rows[Int($0)].person == row.person }) else { continue }
                linking.index.merge(candidate.person, into: linking.index.person(of: UInt32(place)))
            }
        }
        let both = rows.indices.map { Both(person: linking.index.person(of: UInt32($0)), truth: rows[$0].person) }
        return Double(pairs(both)) / Double(max(pairs(rows.map(\.person)), 1))
    }

    /// What two people in one chart are to each other.
    private static func kind(_ one: Population.Person, _ other: Population.Person) -> String {
        let isSameDay = one.born == other.born
        if one.household != other.household { return isSameDay ? "namesakes of one birthday" : "strangers" }
        if isSameDay { return "twins" }
        return one.first == other.first ? "father and son" : "relatives"
    }

    private static func record(_ row: PopulationRecords.Row) throws -> PackedRecord {
        let columns = PopulationRecords.header.split(separator: ",").map(String.init)
        let table = try RegistrationTable(header: Array(PopulationRecords.header.utf8))
        let line = columns.map { $0 == "rec_id" ? "R" : row.cells[$0] ?? "" }.joined(separator: ",")
        guard let read = try table.row(Array(line.utf8), number: 1) else { return PackedRecord(Demographics()) }
        return PackedRecord(read.demographics, identifiers: read.identifiers)
    }

    private static func pairs(_ labels: [some Hashable]) -> Int {
        var sizes: [AnyHashable: Int] = [:]
        for label in labels { sizes[label, default: 0] += 1 }
        return sizes.values.reduce(0) { $0 + $1 * ($1 - 1) / 2 }
    }

    private struct Both: Hashable {
        let person: PersonNumber
        let truth: Int
    }

    private func report(
        _ policy: MatchPolicy, _ persons: [PersonNumber], _ truth: [Int], _ population: Population, reviews: Int,
        trueReviews: Int, seconds: Double, _ bench: Bench,
    ) {
        let both = zip(persons, truth).map { Both(person: $0, truth: $1) }
        let right = Self.pairs(both)
        var owners: [PersonNumber: Set<Int>] = [:]
        for pair in both { owners[pair.person, default: []].insert(pair.truth) }
        let overlays = owners.values.count { $0.count > 1 }
        var kinds: [String: Int] = [:]
        for people in owners.values where people.count > 1 {
            let pair = people.sorted().prefix(2).map { population.persons[$0] }
            kinds[Self.kind(pair[0], pair[1]), default: 0] += 1
        }
        for (kind, count) in kinds.sorted(by: { $0.key < $1.key }) {
            bench.report.words("\(policy.name), two people in one chart, \(kind): \(count)")
        }
        let isStrict = policy == .strict
        let name = isStrict ? "match" : "match.\(policy.name)"
        func add(_ figure: String, _ value: Double, _ unit: String, _ aim: Figure.Aim?) {
            bench.report.add(Figure("\(name).\(figure)", value, unit, aim: aim))
        }
        add("precision", Double(right) / Double(max(Self.pairs(persons), 1)), "share", .atLeast(isStrict ? 0.9997 : 0.999))
        add("recall", Double(right) / Double(max(Self.pairs(truth), 1)), "share", .atLeast(isStrict ? 0.92 : 0.945))
        add("overlays_per_10k", Double(overlays) * 10_000 / Double(max(owners.count, 1)), "1/10k", .atMost(isStrict ? 1 : 5))
        add("review_share", Double(reviews) / Double(max(truth.count, 1)), "share", .atMost(0.04))
        add("review_true", Double(trueReviews) / Double(max(reviews, 1)), "share", .atLeast(0.75))
        add("load_rate", Double(truth.count) / max(seconds, 0.001), "1/s", nil)
        for group in PopulationNames.Group.allCases {
            let places = truth.indices.filter { population.persons[truth[$0]].group == group }
            let found = Self.pairs(places.map { both[$0] })
            bench.report.words(
                "\(policy.name), recall of \(group.rawValue): "
                    + Figure.digits(Double(found) / Double(max(Self.pairs(places.map { truth[$0] }), 1))))
        }
    }

    private func ask(
        _ questions: [PopulationRecords.Row], _ index: MemoryPersonIndex, _ truth: [Int], _ population: Population,
        _ policy: MatchPolicy, _ bench: Bench,
    ) throws {
        let lookup = PersonLookup(index, policy: policy)
        var times: [Double] = []
        var (certain, wrong, present, absent, falsely) = (0, 0, 0, 0, 0)
        for question in questions {
            let record = try Self.record(question)
            let stopwatch = Stopwatch()
            let answer = try record.read { try lookup.lookUp($0) }
            times.append(stopwatch.milliseconds)
            let isAbsent = population.strangers.contains(question.person)
            if isAbsent { absent += 1 } else { present += 1 }
            guard let best = answer.persons.first, best.grade == .certain else { continue }
            let owners = Set(index.members(of: best.candidate.person).map { truth[Int($0)] })
            if isAbsent { falsely += 1 } else if owners.contains(question.person) { certain += 1 } else { wrong += 1 }
        }
        times.sort()
        let name = policy == .strict ? "match" : "match.\(policy.name)"
        func add(_ figure: String, _ value: Double, _ unit: String, _ aim: Figure.Aim?) {
            bench.report.add(Figure("\(name).\(figure)", value, unit, aim: aim))
        }
        let total = times.reduce(0, +)
        add("certain_recall", Double(certain) / Double(max(present, 1)), "share", .atLeast(0.87))
        add("false_positive", Double(falsely) / Double(max(absent, 1)), "share", .atMost(0.0005))
        add("wrong_person", Double(wrong) / Double(max(present, 1)), "share", .atMost(0.0003))
        guard policy == .strict, !times.isEmpty else { return }
        add("resident_p50_ms", times[times.count / 2], "ms", nil)
        add("resident_p99_ms", times[times.count * 99 / 100], "ms", nil)
        add("resident_per_s", Double(times.count) * 1000 / max(total, 0.001), "1/s", nil)
    }
}

import ExchangeCore
import FoundationEssentials
import PatientIndex

/// The sample with its truth, and FEBRL by score alone (`data/matching`): registrations, questions, groups, kinds of people who
/// are taken for each other.
struct SampleBench {
    private let bench: Bench
    private let folder: String
    private let own: MatchPolicy?

    /// - Parameters:
    ///   - folder: holds `population-5k` and `febrl`.
    ///   - own: a profile of one's own, measured beside the others.
    init(_ bench: Bench, folder: String, own: MatchPolicy?) {
        self.bench = bench
        self.folder = folder
        self.own = own
    }

    func run() throws {
        let people = try table("population-5k/persons.csv")
        var numbers: [String: Int] = [:]
        for person in people { numbers[person["person_id"] ?? ""] = numbers.count }
        let groups = people.map { $0["group"] ?? "" }
        let registered = try labelled("records", numbers) { groups[$0] }
        let asked = try labelled("queries", numbers) { _ in "" }
        let profiles = [MatchPolicy.strict, .balanced, .cms] + [own].compactMap(\.self)
        var kinds: [Set<Int>: String] = [:]
        for pair in try table("population-5k/hard_pairs.csv") {
            guard let one = numbers[pair["person_a"] ?? ""], let other = numbers[pair["person_b"] ?? ""] else { continue }
            kinds[[one, other]] = pair["kind"] ?? ""
        }
        bench.report.words("the sample: \(people.count) persons, \(registered.packed.count) registrations")
        for policy in profiles {
            let name = policy == .strict ? "match.sample" : "match.sample.\(policy.name)"
            let accuracy = MatchAccuracy(registered, policy: policy, name: name, report: bench.report)
            accuracy.link { kinds[[$0, $1]] ?? "strangers" }
            try accuracy.ask(asked)
        }
        for set in ["febrl2", "febrl3"] { try febrl(set) }
    }

    private func lines(_ path: String) throws(ExchangeError) -> [[UInt8]] {
        guard let data = FileManager.default.contents(atPath: folder + "/" + path) else {
            throw ExchangeError(.unavailable, "there is no \(path) in \(folder)")
        }
        return [UInt8](data).split(separator: 0x0A).map { Array($0) }
    }

    private func table(_ path: String) throws(ExchangeError) -> [[String: String]] {
        let lines = try lines(path)
        let names = try CSVCells.split(lines.first ?? [], line: 1)
        var rows: [[String: String]] = []
        for (number, line) in lines.enumerated().dropFirst() {
            let cells = try CSVCells.split(line, line: number + 1)
            rows.append(Dictionary(zip(names, cells)) { first, _ in first })
        }
        return rows
    }

    private func labelled(_ name: String, _ numbers: [String: Int], group: (Int) -> String) throws(ExchangeError) -> LabelledRecords {
        let isAsked = name == "queries"
        var owners: [String: Int] = [:]
        var kinds: [String: String] = [:]
        for row in try table("population-5k/" + (isAsked ? "queries_truth.csv" : "truth.csv")) {
            let id = row[isAsked ? "q_id" : "rec_id"] ?? ""
            owners[id] = numbers[row["person_id"] ?? ""]
            kinds[id] = row["kind"]
        }
        let lines = try lines("population-5k/\(name).csv")
        let table = try RegistrationTable(header: lines.first ?? [])
        var rows: [(PackedRecord, Int?, String)] = []
        for (number, line) in lines.enumerated().dropFirst() {
            guard let row = try table.row(line, number: number + 1) else { continue }
            let owner = owners[row.id]
            rows.append((PackedRecord(row.demographics, identifiers: row.identifiers), owner, kinds[row.id] ?? owner.map(group) ?? ""))
        }
        return LabelledRecords(rows)
    }

    /// FEBRL, by score alone: what others publish has no policy. Ours first, whose household is one comparison with a cap; then every
    /// column by itself, as the others' are.
    private func febrl(_ set: String) throws {
        let lines = try lines("febrl/\(set).csv")
        let table = try RegistrationTable(header: lines.first ?? [])
        var numbers: [String: Int] = [:]
        var packed: [PackedRecord] = []
        let index = MemoryPersonIndex(secret: IndexSecret([1]))
        for (number, line) in lines.enumerated().dropFirst() {
            guard let row = try table.row(line, number: number + 1) else { continue }
            numbers[row.id] = packed.count
            packed.append(PackedRecord(row.demographics, identifiers: row.identifiers))
            index.add(packed[packed.count - 1], to: nil)
        }
        var truth: Set<[Int]> = []
        for row in try self.table("febrl/\(set)_truth.csv") {
            guard let one = numbers[row["rec_id_l"] ?? ""], let other = numbers[row["rec_id_r"] ?? ""] else { continue }
            truth.insert([min(one, other), max(one, other)])
        }
        var policy = MatchPolicy.strict
        policy.peopleAtRisk = packed.count
        policy.possibleMillibits = -30_000
        // Every record finds itself: only what is never certain is sought far, too.
        policy.certainMillibits = 1_000_000
        let search = PersonSearch(index, policy: policy)
        var scores: [[Int]: Int] = [:]
        for (number, record) in packed.enumerated() {
            var effort = PersonSearch<MemoryPersonIndex>.Effort()
            for other in try record.read({ try search.candidates($0, effort: &effort) }) where Int(other.person) != number {
                scores[[min(number, Int(other.person)), max(number, Int(other.person))]] = other.millibits
            }
        }
        let best = Self.best(scores, truth)
        bench.report.add(Figure("match.\(set).precision", best.precision, "share", aim: .atLeast(1)))
        bench.report.add(Figure("match.\(set).f1", best.f1, "share", aim: .atLeast(0.999)))
        bench.report.words("\(set): recall \(Figure.digits(best.recall)) from \(Figure.digits(Double(best.threshold) / 1000)) bits on")
        try independent(set, truth, numbers)
    }

    private func independent(_ set: String, _ truth: Set<[Int]>, _ numbers: [String: Int]) throws {
        let rows = try table("febrl/\(set).csv")
        guard rows.map({ numbers[$0["rec_id"] ?? ""] }) == Array(rows.indices) else {
            throw ExchangeError(.badRequest, "\(set).csv names a row twice")
        }
        let fields = IndependentFields(rows)
        let best = Self.best(fields.scores, truth)
        let even = Self.best(fields.scores.filter { $0.value >= fields.even }.mapValues { _ in 0 }, truth)
        bench.report.add(Figure("match.\(set).independent.precision", best.precision, "share", aim: .atLeast(1)))
        bench.report.add(Figure("match.\(set).independent.f1", best.f1, "share", aim: .atLeast(0.999)))
        let pure = Self.best(fields.scores, truth, precision: 1)
        bench.report.add(Figure("match.\(set).independent.f1_at_precision_1", pure.f1, "share", aim: .atLeast(0.999)))
        bench.report.add(Figure("match.\(set).independent.even_f1", even.f1, "share"))
        bench.report.words(
            "\(set), every column by itself: recall \(Figure.digits(best.recall)) from \(Figure.digits(Double(best.threshold) / 1000)) bits on; "
                + "from even odds on, which needs no truth: precision \(Figure.digits(even.precision)), recall \(Figure.digits(even.recall))")
    }

    /// The threshold with the best F1, as the peers' figures are taken.
    ///
    /// - Parameter least: only where so much of what is found is true.
    private static func best(_ scores: [[Int]: Int], _ truth: Set<[Int]>, precision least: Double = 0) -> (
        precision: Double, recall: Double, f1: Double, threshold: Int
    ) {
        var best = (precision: 0.0, recall: 0.0, f1: 0.0, threshold: 0)
        var (found, right) = (0, 0)
        let sorted = scores.sorted { $0.value > $1.value }
        for (place, pair) in sorted.enumerated() {
            found += 1
            if truth.contains(pair.key) { right += 1 }
            // Pairs of one score are found together.
            if place + 1 < sorted.count, sorted[place + 1].value == pair.value { continue }
            let (precision, recall) = (Double(right) / Double(found), Double(right) / Double(max(truth.count, 1)))
            let f1 = precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
            if f1 > best.f1, precision >= least { best = (precision, recall, f1, pair.value) }
        }
        return best
    }
}

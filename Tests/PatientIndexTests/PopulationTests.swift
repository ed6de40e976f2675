import ExchangeCore
import Fixtures
import PatientIndex
import Testing

/// How well the first scorer does on the sample; the figures are printed, the floors lie a margin below them.
@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not here"))
struct PopulationTests {
    private struct Index {
        var records: [PatientRecord] = []
        var persons: [PatientID: String] = [:]
        var filed: [BlockingKey: [Int]] = [:]

        init(_ rows: [Population.Row]) {
            var random = Seeded(seed: 7)
            for row in rows {
                let id = PatientID.random(using: &random)
                persons[id] = row.person
                for key in BlockingKey.keys(for: row.demographics, identifiers: row.identifiers) {
                    filed[key, default: []].append(records.count)
                }
                records.append(
                    PatientRecord(id: id, identifiers: row.identifiers, demographics: row.demographics))
            }
        }

        func candidates(_ row: Population.Row, before: Int = .max) -> [PatientRecord] {
            var found: Set<Int> = []
            for key in BlockingKey.keys(for: row.demographics, identifiers: row.identifiers) {
                let filed = filed[key] ?? []
                if filed.count <= 400 { found.formUnion(filed) }
            }
            return found.filter { $0 < before }.sorted().map { records[$0] }
        }
    }

    /// The first so many: enough to measure, few enough for every run.
    private static let registrations = 4000

    @Test func `pairs that the strict policy calls certain are one person's, and most pairs are found`() throws {
        let rows = try Array(
            Population("records.csv", truth: "truth.csv", key: "rec_id").rows.prefix(Self.registrations))
        let index = Index(rows)
        let matcher = PatientMatcher()
        var totals: [String: Int] = [:]
        for row in rows { totals[row.person, default: 0] += 1 }
        let pairs = totals.values.reduce(0) { $0 + $1 * ($1 - 1) / 2 }
        var (right, wrong, blocked, worth) = (0, 0, 0, 0)
        for (number, row) in rows.enumerated() {
            let candidates = index.candidates(row, before: number)
            blocked += candidates.count { index.persons[$0.id] == row.person }
            for candidate in candidates {
                let result = matcher.match(row.demographics, identifiers: row.identifiers, candidates: [candidate])
                guard let grade = result.first?.grade else { continue }
                let isSame = index.persons[candidate.id] == row.person
                if grade == .certain, isSame { right += 1 }
                if grade == .certain, !isSame { wrong += 1 }
                if isSame { worth += 1 }
            }
        }
        let precision = Double(right) / Double(right + wrong)
        let recall = Double(right) / Double(pairs)
        let f1 = 2 * precision * recall / (precision + recall)
        print("matching, strict: precision \(precision) (\(wrong) false), recall \(recall), F1 \(f1)")
        print("blocking finds \(Double(blocked) / Double(pairs)), shown at all \(Double(worth) / Double(pairs))")
        // Measured 1.000, 0.793, 0.884; without member numbers and last digits of SSNs, which come with the full index.
        #expect(precision >= 0.999)
        #expect(recall >= 0.77)
        #expect(f1 >= 0.87)
        #expect(Double(blocked) / Double(pairs) >= 0.97)
    }

    @Test func `a query finds its person, and nobody certain for somebody absent`() throws {
        let rows = try Population("records.csv", truth: "truth.csv", key: "rec_id").rows
        let index = Index(Array(rows.prefix(Self.registrations)))
        let known = Set(index.persons.values)
        let matcher = PatientMatcher()
        var counts: [String: Int] = [:]
        for query in try Population("queries.csv", truth: "queries_truth.csv", key: "q_id").rows {
            let candidates = index.candidates(query)
            let isPresent = known.contains(query.person)
            counts[isPresent ? "present" : "absent", default: 0] += 1
            let best = matcher.match(query.demographics, identifiers: query.identifiers, candidates: candidates).first
            if isPresent, let best, index.persons[best.record.id] == query.person { counts["hit", default: 0] += 1 }
            let certain = matcher.certainMatch(
                query.demographics, identifiers: query.identifiers, candidates: candidates)
            guard case .person(let results) = certain else { continue }
            let isRight = results.allSatisfy { index.persons[$0.record.id] == query.person }
            counts[isPresent ? (isRight ? "certain" : "wrong") : "false", default: 0] += 1
        }
        print("queries: \(counts.sorted { $0.key < $1.key })")
        // Measured: 343 of 409 first, 122 certain (half of the questions give too little), none wrong, none false.
        #expect(counts["wrong", default: 0] == 0)
        #expect(counts["false", default: 0] == 0)
        #expect(counts["hit", default: 0] >= 325)
        #expect(counts["certain", default: 0] >= 110)
    }
}

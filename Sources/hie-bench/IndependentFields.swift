import Glibc
import PatientIndex

/// Fellegi and Sunter by the book, as the figures that others publish on FEBRL are taken: every column by itself, no household and
/// no policy, learnt from the records by expectation and maximisation, without their truth.
///
/// It multiplies what a family shares and so links families (patient-matching.md 0); FEBRL has none.
struct IndependentFields {
    private static let columns = [
        "given_name", "surname", "street_number", "address_1", "address_2", "suburb", "postcode", "state", "date_of_birth", "soc_sec_id",
    ]
    /// Too few values to bring anybody together.
    private static let common = "state"
    /// Records of one value that are compared with each other at most.
    private static let groupMax = 200
    private static let strangers = 500_000
    private static let rounds = 50

    /// Each pair that has a value in common, with its weight in thousandths of a bit.
    let scores: [[Int]: Int]
    /// From which weight on a pair is more likely one person than two, by the model's own account.
    let even: Int

    /// Learns from rows and scores them.
    init(_ rows: [[String: String]]) {
        let records = rows.map { row in Self.columns.map { Array((row[$0] ?? "").utf8) } }
        let pairs = Self.neighbours(records)
        let patterns = pairs.map { Self.levels(records[$0[0]], records[$0[1]]) }
        var counts: [[UInt8]: Double] = [:]
        for pattern in patterns { counts[pattern, default: 0] += 1 }
        // In a fixed order, so that the sums are the same on every machine.
        let kinds = counts.sorted { $0.key.lexicographicallyPrecedes($1.key) }
        let u = Self.shares(Self.drawn(records))
        var m = u.map { _ in [1, 0.9, 0.08, 0.02] }
        var prior = 0.1
        for _ in 0..<Self.rounds {
            let weighed = kinds.map { kind in
                let odds = prior / (1 - prior) * Self.ratio(kind.key, m, u)
                return (key: kind.key, value: kind.value * odds / (1 + odds))
            }
            m = Self.shares(weighed)
            let same = weighed.reduce(0) { $0 + $1.value }
            prior = min(max(same / Double(max(pairs.count, 1)), 0.000_1), 0.9)
        }
        var scores: [[Int]: Int] = [:]
        for (pair, pattern) in zip(pairs, patterns) { scores[pair] = Self.millibits(Self.ratio(pattern, m, u)) }
        self.scores = scores
        even = Self.millibits((1 - prior) / prior)
    }

    private static func millibits(_ odds: Double) -> Int { Int((log2(odds) * 1000).rounded()) }

    private static func ratio(_ pattern: [UInt8], _ m: [[Double]], _ u: [[Double]]) -> Double {
        pattern.enumerated().reduce(1) { $1.element == 0 ? $0 : $0 * m[$1.offset][Int($1.element)] / u[$1.offset][Int($1.element)] }
    }

    /// 0 missing, 1 the same, 2 nearly, 3 another, column by column.
    private static func levels(_ one: [[UInt8]], _ other: [[UInt8]]) -> [UInt8] {
        zip(one, other).map { a, b in
            if a.isEmpty || b.isEmpty { return 0 }
            if a == b { return 1 }
            let isNumber = a.allSatisfy { (0x30...0x39).contains($0) }
            let isNear = isNumber ? StringDistance.isOneEdit(a, b) : StringDistance.jaroWinkler(a, b) >= 880
            return isNear ? 2 : 3
        }
    }

    /// The share of each level among what is not missing.
    private static func shares(_ kinds: [(key: [UInt8], value: Double)]) -> [[Double]] {
        var sums = columns.map { _ in [0, 0.5, 0.5, 0.5] }
        for (pattern, count) in kinds {
            for (column, level) in pattern.enumerated() where level != 0 { sums[column][Int(level)] += count }
        }
        return sums.map { levels in
            let total = levels.reduce(0, +)
            return levels.map { $0 / total }
        }
    }

    private static func drawn(_ records: [[[UInt8]]]) -> [(key: [UInt8], value: Double)] {
        var chance = Chance(seed: 1)
        return (0..<strangers).map { _ in
            let (one, other) = (Int.random(in: records.indices, using: &chance), Int.random(in: records.indices, using: &chance))
            return (levels(records[one], records[other]), one == other ? 0 : 1)
        }
    }

    private static func neighbours(_ records: [[[UInt8]]]) -> [[Int]] {
        var pairs: Set<[Int]> = []
        for column in columns.indices where columns[column] != common {
            var groups: [[UInt8]: [Int]] = [:]
            for (place, record) in records.enumerated() where !record[column].isEmpty { groups[record[column], default: []].append(place) }
            for group in groups.values where group.count <= groupMax {
                for (offset, one) in group.enumerated() { for other in group[(offset + 1)...] { pairs.insert([one, other]) } }
            }
        }
        return pairs.sorted { $0.lexicographicallyPrecedes($1) }
    }
}

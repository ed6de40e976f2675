/// Learns from the index itself what each level of agreement is worth: u, how often two strangers agree so far, from
/// pairs drawn at random; m, how often one person's registrations do, by expectation and maximisation over pairs that
/// share a blocking key (Fellegi and Sunter 1969; Winkler 1988).
///
/// Names keep their own frequencies; what a household shares keeps its constants, for the pairs show a wrong mixture of
/// it; a level moves by `stepMax` at the most, for twins and placeholders deceive.
package struct ModelLearning {
    /// How far a level's worth may move from what it was, in thousandths of a bit.
    package static let stepMax = 3_000
    /// Random pairs and pairs of neighbours that are enough; fewer teach nothing.
    package static let pairsMin = 500

    private let base: MatchModel
    private let names: NameFrequencies
    private var strangers: [LevelVector: Int] = [:]
    private var neighbours: [LevelVector: Int] = [:]

    /// Learning that starts from a model.
    package init(base: MatchModel, names: NameFrequencies) {
        self.base = base
        self.names = names
    }

    /// Random pairs seen so far.
    package var strangerCount: Int { strangers.values.reduce(0, +) }

    /// Pairs that share a key seen so far.
    package var neighbourCount: Int { neighbours.values.reduce(0, +) }

    /// Takes a pair drawn at random.
    package mutating func addStrangers(_ one: PackedRecord, _ other: PackedRecord) {
        strangers[vector(one, other), default: 0] += 1
    }

    /// Takes a pair that shares a blocking key.
    package mutating func addNeighbours(_ one: PackedRecord, _ other: PackedRecord) {
        neighbours[vector(one, other), default: 0] += 1
    }

    private func vector(_ one: PackedRecord, _ other: PackedRecord) -> LevelVector {
        one.read { one in
            other.read { other in
                var fold = EvidenceFold(one, names: names)
                fold.add(other)
                let evidence = fold.finished()
                return LevelVector(evidence, household: base.household(evidence))
            }
        }
    }

    /// The model learnt; nil while there are too few pairs.
    ///
    /// - Parameter rounds: of expectation and maximisation, at most.
    package func learned(rounds: Int = 30) -> MatchModel? {
        guard strangerCount >= Self.pairsMin, neighbourCount >= Self.pairsMin else { return nil }
        let u = shares { _ in 1 } of: { strangers }
        var m = start(u)
        var prior = 0.5
        for _ in 0..<rounds {
            var weights: [LevelVector: Double] = [:]
            var (same, all) = (0.0, 0.0)
            for (vector, count) in neighbours {
                var odds = prior / (1 - prior) * Millibits.odds(vector.household)
                for (field, level) in vector.levels.enumerated() where level != 0 {
                    odds *= m[field][Int(level)] / u[field][Int(level)]
                }
                let probability = odds / (1 + odds)
                weights[vector] = probability
                same += probability * Double(count)
                all += Double(count)
            }
            let next = shares { weights[$0] ?? 0 } of: { neighbours }
            let moved = zip(m, next).flatMap { zip($0, $1) }.map { abs($0 - $1) }.max() ?? 0
            m = next
            prior = min(max(same / all, 0.001), 0.999)
            if moved < 0.000_01 { break }
        }
        return model(m, u)
    }

    /// The share of each level of each field among pairs of a weight; what is missing counts for nothing.
    private func shares(_ weight: (LevelVector) -> Double, of pairs: () -> [LevelVector: Int]) -> [[Double]] {
        var sums = LevelVector.fields.map { [Double](repeating: 0, count: $0.count) }
        // In a fixed order, so that the sums are the same on every machine.
        for (vector, count) in pairs().sorted(by: { $0.key < $1.key }) {
            let share = weight(vector) * Double(count)
            for (field, level) in vector.levels.enumerated() where level != 0 { sums[field][Int(level)] += share }
        }
        return sums.map { field in
            let total = field.reduce(0, +) + 0.5 * Double(field.count)
            return field.map { ($0 + 0.5) / total }
        }
    }

    /// m as the model has it: u times what agreement is worth.
    private func start(_ u: [[Double]]) -> [[Double]] {
        LevelVector.fields.enumerated().map { field, levels in
            let raw = levels.indices.map { u[field][$0] * Millibits.odds(levels[$0].worth(base)) }
            let total = raw.dropFirst().reduce(0, +)
            return raw.map { max($0 / max(total, .leastNormalMagnitude), 0.000_001) }
        }
    }

    private func model(_ m: [[Double]], _ u: [[Double]]) -> MatchModel {
        var model = base
        for (field, levels) in LevelVector.fields.enumerated() {
            for (index, level) in levels.enumerated() where index != 0 {
                let before = level.worth(base)
                let scale = 1_000_000_000_000.0
                let ratio = Millibits.log2(
                    UInt64(max(m[field][index] * scale, 1)), over: UInt64(max(u[field][index] * scale, 1)))
                // A level that hardly any pair reached teaches nothing.
                let seen = neighbours.reduce(0) { $0 + ($1.key.levels[field] == UInt8(index) ? $1.value : 0) }
                let learnt = seen < 20 ? before : min(max(ratio, before - Self.stepMax), before + Self.stepMax)
                level.set(&model, learnt)
            }
        }
        model.id = model.fingerprint
        return model
    }
}

/// The levels of a pair in the fields that are learnt, 0 for missing, and what its household is worth.
struct LevelVector: Hashable, Comparable {
    let levels: [UInt8]
    let household: Int

    init(_ evidence: Evidence, household: Int) {
        func place<Level: CaseIterable & Equatable>(_ level: Level) -> UInt8 {
            UInt8(Level.allCases.enumerated().first { $0.element == level }?.offset ?? 0) + 1
        }
        func agreement(_ level: Agreement) -> UInt8 { level == .same ? 1 : level == .different ? 2 : 0 }
        levels = [
            evidence.first == .missing ? 0 : place(evidence.first), evidence.family == .missing ? 0 : place(evidence.family),
            evidence.birthDate == .missing ? 0 : place(evidence.birthDate),
            evidence.socialSecurity == .missing ? 0 : place(evidence.socialSecurity), agreement(evidence.middle),
            agreement(evidence.sex), agreement(evidence.dependent), agreement(evidence.single),
        ]
        self.household = household
    }

    static func < (left: Self, right: Self) -> Bool {
        if left.levels != right.levels { return left.levels.lexicographicallyPrecedes(right.levels) }
        return left.household < right.household
    }

    /// Where one level's worth stands in a model.
    struct Place: Sendable {
        let worth: @Sendable (MatchModel) -> Int
        let set: @Sendable (inout MatchModel, Int) -> Void
    }

    private static let nothing = Place(worth: { _ in 0 }, set: { _, _ in })

    private static func agreement(_ field: any WritableKeyPath<MatchModel, MatchModel.AgreementWeights> & Sendable) -> [Place] {
        [
            nothing, Place(worth: { $0[keyPath: field].same }, set: { $0[keyPath: field].same = $1 }),
            Place(worth: { $0[keyPath: field].different }, set: { $0[keyPath: field].different = $1 }),
        ]
    }

    private static func levels<Level: Hashable & CaseIterable & Sendable>(
        _ field: any WritableKeyPath<MatchModel, [Level: Int]> & Sendable
    ) -> [Place] {
        [nothing]
            + Level.allCases.map { level in
                Place(worth: { $0[keyPath: field][level] ?? 0 }, set: { $0[keyPath: field][level] = $1 })
            }
    }

    /// The fields that are learnt, each with its levels, in the order of `levels`.
    static let fields: [[Place]] = [
        levels(\.first), levels(\.family), levels(\.birthDate), levels(\.socialSecurity), agreement(\.middle),
        agreement(\.sex), agreement(\.dependent), agreement(\.single),
    ]
}

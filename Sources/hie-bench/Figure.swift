import JSON

/// One measured value, and what it is held against (DESIGN.md, "Figures").
struct Figure: Sendable {
    /// What an aim asks of a value.
    enum Aim: Sendable {
        case atLeast(Double)
        case atMost(Double)

        var number: Double {
            switch self {
            case .atLeast(let number), .atMost(let number): number
            }
        }

        func isMet(by value: Double) -> Bool {
            switch self {
            case .atLeast(let least): value >= least
            case .atMost(let most): value <= most
            }
        }
    }

    /// Stable and dotted, such as `publish.rate`.
    let name: String
    /// The median or the total of its rounds.
    let value: Double
    /// Such as `1/s`, `ms`, `us`, `MiB`.
    let unit: String
    /// The peer or floor measured beside it, such as `bare-append-fsync`.
    var against: String?
    /// Ours over the peer's, with its bounds.
    var ratio: Ratio?
    /// What it should reach.
    var aim: Aim?

    /// A figure; it stands alone unless `against` and `ratio` say otherwise.
    init(
        _ name: String, _ value: Double, _ unit: String, aim: Aim? = nil, against: String? = nil, ratio: Ratio? = nil,
    ) {
        self.name = name
        self.value = value
        self.unit = unit
        self.aim = aim
        self.against = against
        self.ratio = ratio
    }

    /// Whether it reaches its aim; nil without one.
    var isMet: Bool? { aim?.isMet(by: value) }

    /// The line of `--json`.
    var json: JSONValue {
        var object: JSONObject = [
            "figure": .string(name), "value": .number(Self.digits(value)), "unit": .string(unit),
        ]
        object["against"] = against.map { .string($0) }
        if let ratio {
            object["ratio"] = .number(Self.digits(ratio.median))
            object["low"] = .number(Self.digits(ratio.low))
            object["high"] = .number(Self.digits(ratio.high))
        }
        if let aim {
            object["goal"] = .number(Self.digits(aim.number))
            object["met"] = .bool(aim.isMet(by: value))
        }
        return .object(object)
    }

    /// Three digits behind small numbers, none behind large ones.
    static func digits(_ value: Double) -> String {
        guard value.isFinite else { return "0" }
        let places = abs(value) >= 1000 ? 0 : abs(value) >= 100 ? 1 : abs(value) >= 10 ? 2 : 3
        var scale = 1.0
        for _ in 0..<places { scale *= 10 }
        let whole = Int((abs(value) * scale).rounded())
        let sign = value < 0 && whole > 0 ? "-" : ""
        guard places > 0 else { return sign + String(whole) }
        let fraction = String(whole % Int(scale))
        return sign + "\(whole / Int(scale))." + String(repeating: "0", count: places - fraction.utf8.count) + fraction
    }
}

/// The median of paired ratios and its 95 % bootstrap interval.
struct Ratio: Sendable {
    let median: Double
    /// The interval's lower bound.
    let low: Double
    /// Its upper bound.
    let high: Double

    /// Ours over theirs, round by round; nil when a round of theirs is missing or zero.
    init?(_ ours: [Double], over theirs: [Double]) {
        guard !ours.isEmpty, ours.count == theirs.count, theirs.allSatisfy({ $0 > 0 }) else { return nil }
        let ratios = zip(ours, theirs).map { $0 / $1 }
        var chance = Chance(seed: 1)
        var medians: [Double] = []
        for _ in 0..<2000 {
            medians.append(ratios.indices.map { _ in ratios[Int.random(in: ratios.indices, using: &chance)] }.median)
        }
        medians.sort()
        median = ratios.median
        low = medians[medians.count / 40]
        high = medians[medians.count - 1 - medians.count / 40]
    }
}

extension [Double] {
    /// The middle one, or the mean of the two in the middle; 0 of nothing.
    var median: Double {
        guard !isEmpty else { return 0 }
        let sorted = sorted()
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2
    }
}

import ExchangeCore

/// What a seed decides: draws that read well, in an order that is the same on every machine.
struct Chance: RandomNumberGenerator, Sendable {
    private var generator: SplitMix64

    /// Draws from a seed; `salt` gives one seed several independent rows of draws.
    init(seed: UInt64, salt: UInt64) {
        var mixed = SplitMix64(seed: seed)
        generator = SplitMix64(seed: mixed.next() ^ (salt &* 0x9E37_79B9_7F4A_7C15))
    }

    mutating func next() -> UInt64 { generator.next() }

    /// True once in so many times.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<max(count, 1), using: &self) == 0 }

    /// A number of the range, its ends included.
    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    /// One of some; nil of none.
    mutating func one<Element>(of elements: [Element]) -> Element? { elements.randomElement(using: &self) }

    /// One of some, or the given one of none.
    mutating func one<Element>(of elements: [Element], or other: Element) -> Element {
        elements.randomElement(using: &self) ?? other
    }

    /// Up to so many of some, in a random order; at least one unless there is none.
    mutating func some<Element>(of elements: [Element], atMost count: Int) -> [Element] {
        guard !elements.isEmpty, count > 0 else { return [] }
        let wanted = number(1...min(count, elements.count))
        return Array(elements.shuffled(using: &self).prefix(wanted))
    }
}

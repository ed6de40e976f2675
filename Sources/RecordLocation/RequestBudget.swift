/// What extra requests may cost: each first request earns a share of one, an extra one spends a whole.
///
/// So that hedging and repeating cannot multiply the load on peers that are slow because they are loaded.
package struct RequestBudget: Hashable, Sendable {
    /// Extra requests that can be saved up: a question to a hundred communities has ten slow ones at times, a pause does
    /// not earn a flood.
    package static let savedMax = 32.0
    /// What a budget begins with: a node that has just started meets failures, too.
    package static let savedFirst = 8.0

    private let share: Double
    private var saved: Double

    /// A budget that earns `share` of a request with each; a few are there to begin with.
    package init(share: Double) {
        self.share = share
        saved = share > 0 ? Self.savedFirst : 0
    }

    /// A first request went out.
    package mutating func earn() { saved = min(saved + share, Self.savedMax) }

    /// Takes one extra request; false when there is none.
    package mutating func spend() -> Bool {
        guard saved >= 1 else { return false }
        saved -= 1
        return true
    }
}

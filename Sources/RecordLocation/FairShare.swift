/// Who may begin a question while many are under way: everybody at first, and then nobody more than an equal share.
///
/// There is no queue: what cannot be served soon is refused at once, so that what is served is served in time, and who
/// floods is refused first. Pure.
package struct FairShare<Asker: Hashable & Sendable>: Sendable {
    private let totalMax: Int
    private let perAskerMax: Int
    private var underWay: [Asker: Int] = [:]
    private var total = 0

    /// Limits: so many questions at once in all, and of one asker.
    package init(totalMax: Int, perAskerMax: Int) {
        self.totalMax = totalMax
        self.perAskerMax = perAskerMax
    }

    /// Lets a question begin, to be followed by `leave`; false when the asker has its share, or all places are taken.
    ///
    /// Past half of all places, an asker may hold no more than its equal part of them.
    ///
    /// - Parameter limit: what this asker may hold in place of what everybody may.
    package mutating func enter(_ asker: Asker, atMost limit: Int? = nil) -> Bool {
        let own = underWay[asker, default: 0]
        guard total < totalMax, own < limit ?? perAskerMax else { return false }
        let askers = underWay.count + (own == 0 ? 1 : 0)
        guard total * 2 < totalMax || own < max(1, totalMax / askers) else { return false }
        underWay[asker] = own + 1
        total += 1
        return true
    }

    /// Who has how many under way.
    package var askers: [Asker: Int] { underWay }

    /// How many are under way in all.
    package var underWayInAll: Int { total }

    /// A question that `enter` let begin is over.
    package mutating func leave(_ asker: Asker) {
        guard let own = underWay[asker] else { return }
        underWay[asker] = own > 1 ? own - 1 : nil
        total -= 1
    }
}

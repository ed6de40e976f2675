import ExchangeCore
import Trust

/// Which directives still have to be offered to whom, and when the next attempt is due: pure, no clock.
///
/// It forgets nothing that matters: what it holds is found again in the projection, from which every community's list is
/// filled at first and from time to time.
package struct DeliveryAgenda: Sendable {
    /// What to do next for a community.
    package enum Step: Hashable, Sendable {
        /// Read from the projection what it lacks.
        case scan
        /// Offer this directive.
        case offer(Item)
    }

    /// A directive that waits, and at which turn it was last put down: one that changes meanwhile waits on.
    package struct Item: Hashable, Sendable {
        /// The directive.
        package let directive: DirectiveID
        let turn: UInt64
    }

    /// What was offered by answering a community's own question.
    package struct Offer: Hashable, Sendable {
        /// What waited.
        package let item: Item
        /// The version offered.
        package let version: Int

        /// An offer from its parts.
        package init(item: Item, version: Int) {
            self.item = item
            self.version = version
        }
    }

    private struct Row: Sendable {
        var queue: [Item] = []
        var needsScan = true
        var isBusy = false
        var failures = 0
        var nextAttempt = Duration.zero
        var scannedAt = Duration.zero
        var reason: String?
        var offered: [Thumbprint: Offer] = [:]
    }

    /// Directives waiting for one community at the most; more are found again by a scan.
    package static let queueMax = 1024
    /// The first pause after a failed attempt; doubled with each further one.
    package static let pauseMin = Duration.milliseconds(250)
    /// The longest pause between attempts.
    package static let pauseMax = Duration.seconds(30)

    private let rescanInterval: Duration
    private var rows: [CommunityID: Row] = [:]
    private var turns: UInt64 = 0

    /// An agenda that looks anew for what found nobody or was refused after that long.
    package init(rescanInterval: Duration) { self.rescanInterval = rescanInterval }

    /// Takes note of who can be asked now; a new one lacks everything.
    package mutating func meet(_ communities: some Sequence<CommunityID>) {
        for community in communities where rows[community] == nil { rows[community] = Row() }
    }

    /// A directive was recorded or changed here.
    package mutating func recorded(_ directive: DirectiveID) {
        for community in rows.keys { enqueue(directive, for: community) }
    }

    /// A directive is to be offered to one community, soon.
    package mutating func enqueue(_ directive: DirectiveID, for community: CommunityID) {
        guard rows[community] != nil else { return }
        turns += 1
        let item = Item(directive: directive, turn: turns)
        if let place = rows[community]?.queue.firstIndex(where: { $0.directive == directive }) {
            rows[community]?.queue[place] = item
        } else if (rows[community]?.queue.count ?? 0) < Self.queueMax {
            rows[community]?.queue.append(item)
        } else {
            rows[community]?.needsScan = true
        }
    }

    /// The community was heard of: what waited for it is due at once.
    package mutating func contacted(_ community: CommunityID) {
        guard let row = rows[community], row.failures > 0 else { return }
        rows[community]?.nextAttempt = .zero
    }

    /// Those of the communities that have something due, each for one caller, who ends it with `rest` or `failed`.
    package mutating func take(_ communities: some Sequence<CommunityID>, now: Duration) -> [CommunityID] {
        var taken: [CommunityID] = []
        for community in communities {
            guard var row = rows[community], !row.isBusy, row.nextAttempt <= now else { continue }
            if now - row.scannedAt >= rescanInterval { row.needsScan = true }
            guard row.needsScan || !row.queue.isEmpty else {
                rows[community] = row
                continue
            }
            row.isBusy = true
            rows[community] = row
            taken.append(community)
        }
        return taken
    }

    /// What comes next for a community; nil when it has everything.
    package func step(_ community: CommunityID) -> Step? {
        guard let row = rows[community] else { return nil }
        if let first = row.queue.first { return .offer(first) }
        return row.needsScan ? .scan : nil
    }

    /// The directives that wait for a community, the first few; nil when the projection has to be read first.
    package func waiting(for community: CommunityID, limit: Int) -> [Item]? {
        guard let row = rows[community], !row.queue.isEmpty || !row.needsScan else { return nil }
        return Array(row.queue.prefix(limit))
    }

    /// What the projection says the community lacks; `isWhole` when that is all.
    package mutating func scanned(_ community: CommunityID, found: [DirectiveID], isWhole: Bool, now: Duration) {
        rows[community]?.needsScan = !isWhole
        rows[community]?.scannedAt = now
        for directive in found { enqueue(directive, for: community) }
    }

    /// A directive was offered by answering the community's own question: its receipt comes with the next.
    package mutating func offered(_ offer: Offer, as statement: Thumbprint, to community: CommunityID) {
        guard rows[community] != nil else { return }
        if (rows[community]?.offered.count ?? 0) >= Self.queueMax { rows[community]?.offered = [:] }
        rows[community]?.offered[statement] = offer
    }

    /// What a receipt is about; nil when nothing of that hash was offered to the community.
    package func offer(behind statement: Thumbprint, at community: CommunityID) -> Offer? {
        rows[community]?.offered[statement]
    }

    /// A directive needs no further offer to a community, unless it has changed since.
    package mutating func done(_ item: Item, at community: CommunityID) {
        guard var row = rows[community] else { return }
        row.queue.removeAll { $0 == item }
        row.offered = row.offered.filter { $0.value.item != item }
        row.failures = 0
        row.reason = nil
        rows[community] = row
    }

    /// Ends an attempt that had no more to do.
    package mutating func rest(_ community: CommunityID) { rows[community]?.isBusy = false }

    /// Ends an attempt that failed; how long to wait before the next.
    package mutating func failed(
        _ community: CommunityID, because reason: String, now: Duration, using random: inout some RandomNumberGenerator,
    ) -> Duration {
        guard var row = rows[community] else { return Self.pauseMax }
        row.isBusy = false
        row.reason = reason
        let doubled = Self.pauseMin * (1 << min(row.failures, 7))
        row.failures += 1
        let milliseconds = min(doubled, Self.pauseMax).wholeMilliseconds
        // A fifth of jitter either way: nodes that lost each other together do not all come back at once.
        let pause = Duration.milliseconds(
            Int64.random(in: (milliseconds * 4 / 5)...(milliseconds * 6 / 5), using: &random))
        row.nextAttempt = now + pause
        rows[community] = row
        return pause
    }

    /// Why the last attempt failed; nil when it did not.
    package func reason(_ community: CommunityID) -> String? { rows[community]?.reason }
}

import Synchronization

/// Callers that share work: one of them does it for all that wait, the next one takes over when it is done.
///
/// This is group commit without a task of its own. The first caller leads: it takes everything queued (bounded by count
/// and cost), runs `first` (one write, one sync), then, when the group before has left it, `second` for each part that
/// `first` made of it (one transaction each). Each caller gets its own outcome as soon as its part is behind `second`, and may
/// prepare its next item while the rest is done. While a group is in `second` the next caller leads another through `first`,
/// and closes it when half as many wait as are in `second`: so two halves take turns, each busy with one stage, where
/// otherwise a crowd and the single one who missed it would. Groups pass both stages in the order of the queue. Cancellation
/// is not heeded: what is queued is done.
package final class GroupQueue<Item: Sendable, Middle: Sendable, Outcome: Sendable>: Sendable {
    private enum Turn: Sendable {
        case lead
        case done(Outcome)
        case full
    }

    private struct Waiting {
        let item: Item
        let cost: Int
        let continuation: CheckedContinuation<Turn, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var waitingCost = 0
        var isLed = false
        /// How many items the group has that is in `second`; 0 while nobody is.
        var inSecond = 0
        /// A leader that waits to enter `second`, with the size of its group, or for company: never both.
        var secondWaiter: (size: Int, continuation: CheckedContinuation<Void, Never>)?
        var companyWaiter: CheckedContinuation<Void, Never>?

        var isCompany: Bool { inSecond == 0 || waiting.count * 2 >= inSecond }

        /// The leader that waits for company, when it has it.
        mutating func gathered() -> CheckedContinuation<Void, Never>? {
            guard isCompany else { return nil }
            defer { companyWaiter = nil }
            return companyWaiter
        }
    }

    private let state = Mutex(State())
    private let waitingMax: Int
    private let waitingCostMax: Int
    private let groupMax: Int
    private let groupCostMax: Int

    /// A queue with its limits; a group holds at least one item, whatever that one costs.
    package init(waitingMax: Int, waitingCostMax: Int, groupMax: Int, groupCostMax: Int) {
        self.waitingMax = waitingMax
        self.waitingCostMax = waitingCostMax
        self.groupMax = groupMax
        self.groupCostMax = groupCostMax
    }

    /// Queues the item and returns its outcome; nil when too many wait already.
    ///
    /// Every caller passes the same two stages. For all parts together `second` returns as many outcomes as `first` was given
    /// items, in order.
    package func submit(
        _ item: Item, cost: Int, first: @Sendable ([Item]) async -> [Middle],
        second: @Sendable (Middle) async -> [Outcome],
    ) async -> Outcome? {
        let turn = await withCheckedContinuation { continuation in
            enqueue(Waiting(item: item, cost: cost, continuation: continuation))
        }
        switch turn {
        case .full: return nil
        case .done(let outcome): return outcome
        case .lead: return await lead(first, second)
        }
    }

    private func enqueue(_ waiting: Waiting) {
        let (turn, leader) = state.withLock { state -> (Turn?, CheckedContinuation<Void, Never>?) in
            guard state.waiting.count < waitingMax, state.waitingCost + waiting.cost <= waitingCostMax else {
                return (.full, nil)
            }
            state.waiting.append(waiting)
            state.waitingCost += waiting.cost
            if state.isLed { return (nil, state.gathered()) }
            state.isLed = true
            return (.lead, nil)
        }
        leader?.resume()
        if let turn { waiting.continuation.resume(returning: turn) }
    }

    /// The leader's own item stands first in the queue.
    private func lead(
        _ first: @Sendable ([Item]) async -> [Middle], _ second: @Sendable (Middle) async -> [Outcome],
    ) async -> Outcome? {
        // Those whose answers have just left may come back with their next item before this group closes.
        await Task.yield()
        await gather()
        let group = takeGroup()
        let parts = await first(group.map(\.item))
        await enterSecond(group.count)
        handOver()
        var own: Outcome?
        var waiting = group[...]
        for part in parts {
            for outcome in await second(part) {
                guard let next = waiting.popFirst() else { preconditionFailure("a stage made outcomes for nobody") }
                if own == nil { own = outcome } else { next.continuation.resume(returning: .done(outcome)) }
            }
        }
        leaveSecond()
        precondition(waiting.isEmpty, "a stage lost an item")
        return own
    }

    private func takeGroup() -> [Waiting] {
        state.withLock { state in
            var count = 0
            var cost = 0
            while count < state.waiting.count, count < groupMax {
                let next = state.waiting[count].cost
                if count > 0 && cost + next > groupCostMax { break }
                cost += next
                count += 1
            }
            let group = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(count)
            state.waitingCost -= cost
            return group
        }
    }

    private func handOver() {
        let next: CheckedContinuation<Turn, Never>? = state.withLock { state in
            guard let next = state.waiting.first else {
                state.isLed = false
                return nil
            }
            return next.continuation
        }
        next?.resume(returning: .lead)
    }

    /// Waits until enough wait for a group worth its sync; only the leader waits, here or for the second stage.
    private func gather() async {
        await withCheckedContinuation { continuation in
            let isCompany = state.withLock { state in
                if !state.isCompany { state.companyWaiter = continuation }
                return state.isCompany
            }
            if isCompany { continuation.resume() }
        }
    }

    private func enterSecond(_ size: Int) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                guard state.inSecond == 0 else {
                    state.secondWaiter = (size, continuation)
                    return false
                }
                state.inSecond = size
                return true
            }
            if isFree { continuation.resume() }
        }
    }

    private func leaveSecond() {
        let leader = state.withLock { state in
            let next = state.secondWaiter
            state.secondWaiter = nil
            state.inSecond = next?.size ?? 0
            return next?.continuation ?? state.gathered()
        }
        leader?.resume()
    }
}

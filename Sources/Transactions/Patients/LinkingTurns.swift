import Synchronization

/// Registrations that could be about the same person take turns: each decides on what the one before it has written.
///
/// Two that share no blocking key cannot be candidates of each other and go on side by side, into one sync.
package final class LinkingTurns: Sendable {
    private struct Waiting {
        let keys: [UInt64]
        let continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var held: Set<UInt64> = []
        var waiting: [Waiting] = []
    }

    private let state = Mutex(State())

    /// Nobody's turn.
    package init() {}

    /// Waits until nobody before holds one of the keys, and holds them; to be given back with `end`.
    func begin(_ keys: [UInt64]) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                let isBehind = state.waiting.contains { !Set($0.keys).isDisjoint(with: keys) }
                if !isBehind, state.held.isDisjoint(with: keys) {
                    state.held.formUnion(keys)
                    return true
                }
                state.waiting.append(Waiting(keys: keys, continuation: continuation))
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    /// Gives keys back and lets those go on who waited for them, in their order.
    func end(_ keys: [UInt64]) {
        let freed = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.held.subtract(keys)
            var freed: [CheckedContinuation<Void, Never>] = []
            var blocked = state.held
            var left: [Waiting] = []
            for waiting in state.waiting {
                if blocked.isDisjoint(with: waiting.keys) {
                    state.held.formUnion(waiting.keys)
                    freed.append(waiting.continuation)
                } else {
                    left.append(waiting)
                }
                blocked.formUnion(waiting.keys)
            }
            state.waiting = left
            return freed
        }
        for continuation in freed { continuation.resume() }
    }
}

import Synchronization
import Transactions

/// Messages that had their effect, by sender and control id: the same one twice has one (HL7 v2.8, 2.9.2.1).
///
/// Holds a bounded number, the latest, as the store remembers them; what it has forgotten is held off by the transactions,
/// which write nothing for what is here already.
final class SeenMessages: Sendable {
    /// What is known of a message that came.
    enum Verdict: Sendable, Hashable {
        /// It is new, and now under way.
        case new
        /// It had its effect.
        case done
        /// Another message of that name had its effect.
        case otherContent
        /// It is under way on another connection.
        case underWay
    }

    private struct State {
        var done: [[UInt8]: UInt64] = [:]
        /// The keys of `done`, the oldest first, in a ring.
        var order: [[UInt8]] = []
        var next = 0
        var underWay: Set<[UInt8]> = []
    }

    private let countMax: Int
    private let state = Mutex(State())

    /// Remembers so many messages, at first those that were taken before.
    init(atMost count: Int, remembering taken: [TakenMessage] = []) {
        countMax = max(1, count)
        for message in taken where message.kind == .message { end(message.key, content: message.content, isDone: true) }
    }

    /// Asks about a message before anything is done; a new one is under way until `end`.
    ///
    /// - Parameter key: the digest of its sender and control id.
    func begin(_ key: [UInt8], content: UInt64) -> Verdict {
        state.withLock { state in
            if let before = state.done[key] { return before == content ? .done : .otherContent }
            return state.underWay.insert(key).inserted ? .new : .underWay
        }
    }

    /// It is under way no more; one that had its effect is remembered, one that was refused may come again.
    func end(_ key: [UInt8], content: UInt64, isDone: Bool) {
        state.withLock { state in
            state.underWay.remove(key)
            guard isDone, state.done.updateValue(content, forKey: key) == nil else { return }
            if state.order.count < countMax {
                state.order.append(key)
            } else {
                state.done[state.order[state.next]] = nil
                state.order[state.next] = key
                state.next = (state.next + 1) % countMax
            }
        }
    }
}

import Synchronization

/// Messages that had their effect, by sender and control id: the same one twice has one (HL7 v2.8, 2.9.2.1).
///
/// Holds a bounded number, the latest; what it has forgotten, or a restart took, is held off by the transactions, which
/// write nothing for what is here already.
final class SeenMessages: Sendable {
    /// A message as its sender names it.
    struct Key: Hashable, Sendable {
        /// MSH-3 and MSH-4 as they stand.
        let sender: [UInt8]
        /// MSH-10.
        let controlID: String
    }

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
        var done: [Key: UInt64] = [:]
        /// The keys of `done`, the oldest first, in a ring.
        var order: [Key] = []
        var next = 0
        var underWay: Set<Key> = []
    }

    private let countMax: Int
    private let state = Mutex(State())

    /// Remembers so many messages.
    init(atMost count: Int) { countMax = max(1, count) }

    /// Asks about a message before anything is done; a new one is under way until `end`.
    func begin(_ key: Key, content: UInt64) -> Verdict {
        state.withLock { state in
            if let before = state.done[key] { return before == content ? .done : .otherContent }
            return state.underWay.insert(key).inserted ? .new : .underWay
        }
    }

    /// It is under way no more; one that had its effect is remembered, one that was refused may come again.
    func end(_ key: Key, content: UInt64, isDone: Bool) {
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

    /// 64 bits that tell one content from another: FNV-1a. Two contents of one name that agree by chance, one in 2^64, count
    /// as one.
    static func content(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }
}

import Synchronization
import Transactions

/// The sequence number protocol of a feed (HL7 v2.8, 2.10.1): which number (MSH-13) each sender's next message is to have.
final class MessageSequences: Sendable {
    /// What is to be done with a message of some number.
    enum Verdict: Sendable, Hashable {
        /// It is the next one, or the first of its sender.
        case next
        /// It is the one before, whose answer was lost: answered again, without effect.
        case repeated
        /// The sender asks for the number that is expected, or begins anew; nothing is done.
        case asked
        /// One is missing, or came long ago: refused, with the number that is expected.
        case outOfOrder
    }

    private let expected: Mutex<[[UInt8]: Int]>

    /// The numbers that were expected when the node stopped.
    init(remembering taken: [TakenMessage] = []) {
        var expected: [[UInt8]: Int] = [:]
        for message in taken where message.kind == .sequence { expected[message.key] = Int(clamping: message.content) }
        self.expected = Mutex(expected)
    }

    /// The number that a sender's next message is to have; -1 when any will do.
    func expected(of sender: [UInt8]) -> Int { expected.withLock { $0[sender] ?? -1 } }

    /// What is to be done with a message of that number; 0 asks for the number, -1 lets any number be the next.
    func judge(_ number: Int, of sender: [UInt8]) -> Verdict {
        expected.withLock { expected in
            switch number {
            case 0: return .asked
            case -1:
                expected[sender] = nil
                return .asked
            default:
                guard let awaited = expected[sender], awaited != number else { return .next }
                return awaited == number + 1 ? .repeated : .outOfOrder
            }
        }
    }

    /// A message was dealt with: the next has the next number.
    func advance(past number: Int, of sender: [UInt8]) { expected.withLock { $0[sender] = number + 1 } }
}

import ExchangeCore
import GossipDirectory
import Synchronization
import Transactions

/// What waits for each destination: one message at a time is on its way, and news that comes meanwhile goes in one message.
///
/// So a node that is slow, or one whose host is, gets fewer and fuller messages instead of more connections. Probes do not
/// wait: a probe behind a message that nobody answers would show nothing.
final class Mailboxes: Sendable {
    struct Key: Hashable {
        let community: CommunityID?
        let host: String
        let port: Int

        init(_ target: DirectoryTarget) {
            community = target.community
            host = target.url.host
            port = target.url.port
        }
    }

    /// The most that waits for one destination; beyond it news is dropped, which a pull brings later.
    static let waitingMax = 16

    private let boxes = Mutex<[Key: [DirectoryMessage]]>([:])

    /// Puts a message in; true when nothing is on its way there, so that the caller begins to send.
    func put(_ message: DirectoryMessage, for key: Key) -> Bool {
        boxes.withLock { boxes in
            guard var waiting = boxes[key] else {
                boxes[key] = [message]
                return true
            }
            if let last = waiting.indices.last, waiting[last].absorb(message) {
                boxes[key] = waiting
            } else if waiting.count < Self.waitingMax {
                waiting.append(message)
                boxes[key] = waiting
            }
            return false
        }
    }

    /// The next message to a destination; nil when nothing waits, and then the way there is free again.
    func next(for key: Key) -> DirectoryMessage? {
        boxes.withLock { boxes in
            guard var waiting = boxes[key], !waiting.isEmpty else {
                boxes[key] = nil
                return nil
            }
            let first = waiting.removeFirst()
            boxes[key] = waiting
            return first
        }
    }
}

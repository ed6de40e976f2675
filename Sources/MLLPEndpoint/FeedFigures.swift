import ExchangeCore
import Synchronization
import Transactions

/// The counts of one feed.
final class FeedFigures: Sendable {
    private let status: Mutex<FeedStatus>

    init(_ name: String) { status = Mutex(FeedStatus(name: name)) }

    /// As they are now.
    var now: FeedStatus { status.withLock { $0 } }

    /// Changes a count.
    func note(_ change: (inout FeedStatus) -> Void) { status.withLock { change(&$0) } }

    /// One more connection, unless there are as many as may be.
    func open(atMost limit: Int) -> Bool {
        status.withLock { status in
            guard status.connections < limit else {
                status.connectionsRefused += 1
                return false
            }
            status.connections += 1
            return true
        }
    }
}

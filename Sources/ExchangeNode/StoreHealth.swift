import AdminEndpoint
import ExchangeCore
import Storage
import Synchronization

/// Whether the node's store keeps its promises now, and since when it does not.
///
/// A failure stays until the store was opened anew: the node that learns of one never writes to that store again.
package final class StoreHealth: Sendable {
    private struct State {
        var failure: ExchangeError?
        var since: Timestamp?
        var next: String?
        var reopens: Bool = false
        var isAsked: Bool = false
    }

    private let state = Mutex(State())
    private let folder: String
    /// Bytes the disk must have free before the store is opened anew: a segment of the journal, and some for the tables.
    let room: UInt64

    init(folder: String, room: UInt64) {
        self.folder = folder
        self.room = room
    }

    /// Takes note of the first failure.
    func note(_ failure: ExchangeError, of store: NodeStore, at now: Timestamp) {
        state.withLock { state in
            guard state.failure == nil else { return }
            state.failure = failure
            state.since = now
            state.next = store.isLost ? NodeStore.nextAfterLoss : nil
        }
    }

    /// Says that the disk takes writes again: the store is to be opened anew.
    func reopen() { state.withLock { $0.reopens = true } }

    /// An administrator wants the node opened anew, under what its folder holds now.
    func askToReopen() { state.withLock { $0.isAsked = true } }

    /// Whether an administrator wants that.
    var isAskedToReopen: Bool { state.withLock { $0.isAsked } }

    /// Whether the store is to be opened anew once the node has stopped.
    var reopens: Bool { state.withLock { $0.reopens } }

    /// What the administrator is told.
    package var status: StoreStatus {
        let (failure, since, known) = state.withLock { ($0.failure, $0.since, $0.next) }
        let free = DiskProbe.freeBytes(in: folder)
        guard let failure else { return StoreStatus(freeBytes: free) }
        let next =
            if let known {
                known
            } else if failure.code == .corrupted {
                "nothing to do: the tables are made anew from the journal"
            } else if let free, free < room {
                "free \(room >> 20) MiB on the disk of \(folder); the node goes on by itself then"
            } else {
                "make the disk of \(folder) take writes again (see the system's log); the node goes on by itself then"
            }
        return StoreStatus(failure: failure, since: since, next: next, freeBytes: free)
    }
}

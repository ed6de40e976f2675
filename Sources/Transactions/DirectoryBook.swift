import ExchangeCore
import GossipDirectory
import Synchronization
import Trust

/// The one directory of this node: the pure state machine behind a lock, and the messages that wait for the shell.
package final class DirectoryBook: Sendable {
    /// A message on its way to another node.
    package struct Outgoing: Sendable {
        /// What is said.
        package let message: DirectoryMessage
        /// To whom.
        package let target: DirectoryTarget
    }

    /// What the gossip shell sends, in order; the oldest is dropped when 1,024 wait (a pull brings it later).
    package let outgoing: AsyncStream<Outgoing>
    private let outbox: AsyncStream<Outgoing>.Continuation
    private let state: Mutex<DirectoryState>
    private let world: World

    /// A book around a restored state.
    package init(_ state: DirectoryState, world: World) {
        self.state = Mutex(state)
        self.world = world
        (outgoing, outbox) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1024))
    }

    /// Whom a question across communities concerns, in the order of their identifiers: everybody admitted who has not left.
    ///
    /// `node` is nil for one that cannot be asked now (nothing heard from it yet, its record expired, in maintenance,
    /// quarantined): its documents are missing all the same, and a receipt must say so (promise 3).
    package func neighbours(at now: Timestamp) -> [(community: CommunityID, name: String, node: PeerNode?)] {
        communities(at: now).compactMap { row in
            switch row.standing {
            case .retired, .unadmitted: return nil
            case .silent, .stale, .maintenance, .quarantined: return (row.community, row.name, nil)
            case .active:
                let node = row.endpoint("fhir").map {
                    PeerNode(community: row.community, name: row.name, fhirBase: $0.description)
                }
                return (row.community, row.name, node)
            }
        }
    }

    /// Communities that can be asked now: admitted, in force, with a FHIR address; in the order of their identifiers.
    package func peers(at now: Timestamp) -> [PeerNode] { neighbours(at: now).compactMap(\.node) }

    /// Every community ever admitted, with its standing.
    package func communities(at now: Timestamp) -> [DirectoryCommunity] {
        state.withLock { $0.communities(now: now) }
    }

    /// An admitted community's key by its thumbprint: what verifies its assertions.
    package func key(_ thumbprint: Thumbprint, of community: CommunityID, at now: Timestamp) -> VerifyingKey? {
        state.withLock { $0.key(thumbprint, of: community, now: now) }
    }

    /// The keys of every community admitted now, as `TrustPolicy` asks for them.
    package func admittedKeys(at now: Timestamp) -> [CommunityID: Set<Thumbprint>] {
        state.withLock { $0.admittedKeys(now: now) }
    }

    /// The key this node signs with: records, and what it says about consent.
    var signingKey: SigningKey { state.withLock { $0.identity.key } }

    /// How long until the next timer event, before jitter.
    package func timerInterval() -> Duration { state.withLock { $0.timerInterval(now: world.now()) } }

    func handle(_ event: DirectoryEvent) -> [DirectoryEffect] {
        var random = world.random
        return state.withLock { $0.handle(event, now: world.now(), using: &random) }
    }

    func send(_ message: DirectoryMessage, to target: DirectoryTarget) {
        outbox.yield(Outgoing(message: message, target: target))
    }

    /// Ends the stream of outgoing messages, so that the shell's loop returns.
    package func close() { outbox.finish() }
}

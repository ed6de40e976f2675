import ExchangeCore
import GossipDirectory
import Synchronization
import Trust

/// The one directory of this node: the pure state machine behind a lock, and the messages that wait for the shell.
package final class DirectoryBook: Sendable {
    /// A message on its way to another node.
    package struct Outgoing: Sendable {
        /// What is said.
        package let frame: DirectoryFrame
        /// To whom.
        package let target: DirectoryTarget
    }

    /// What the gossip shell sends, in order; the oldest is dropped when 1,024 wait (a pull brings it later).
    package let outgoing: AsyncStream<Outgoing>
    private let outbox: AsyncStream<Outgoing>.Continuation
    private let state: Mutex<DirectoryState>
    private let world: World
    private let listeners = Mutex(Listeners())
    private let seen = Mutex(Seen())

    /// The neighbours as they were last made: each question reads them, and few events change them.
    private struct Seen {
        var version: UInt64 = 0
        var second: Int64?
        var neighbours: [DirectoryNeighbour]?
    }
    private let careServices = CareServices()
    private let admitted = Mutex(Admitted())

    private struct Admitted {
        var edition: UInt64?
        var second: Int64?
        var keys: [CommunityID: Set<Thumbprint>]?
    }

    private struct Listeners {
        var alarm: (@Sendable (Duration) -> Void)?
        var cut: [@Sendable (CommunityID) -> Void] = []
        var lines: [DirectoryLine] = []
        var count: UInt64 = 0
    }

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
    package func neighbours(at now: Timestamp) -> [DirectoryNeighbour] {
        let (version, known) = seen.withLock { ($0.version, $0.second == now.seconds ? $0.neighbours : nil) }
        if let known { return known }
        let made = makeNeighbours(at: now)
        seen.withLock { seen in
            // What came in meanwhile shows the next time.
            guard seen.version == version else { return }
            seen.second = now.seconds
            seen.neighbours = made
        }
        return made
    }

    private func makeNeighbours(at now: Timestamp) -> [DirectoryNeighbour] {
        communities(at: now).compactMap { row in
            let profile = row.record?.statement.profile
            var node: PeerNode?
            switch row.standing {
            case .retired, .unadmitted, .revoked, .blocked: return nil
            case .silent, .stale, .maintenance, .quarantined: break
            case .active:
                let bases = row.endpoints("fhir").map(\.description)
                node = bases.first.map {
                    PeerNode(
                        community: row.community, name: row.name, fhirBase: $0, alternates: Array(bases.dropFirst()))
                }
            }
            return DirectoryNeighbour(
                community: row.community, name: row.name, node: node,
                regions: Set(profile?.endpoints.compactMap { $0.role == "fhir" ? $0.region : nil } ?? []),
                identifiers: profile?.identifiers ?? [])
        }
    }

    /// What names the directory's present content: the same at two nodes that hold the same.
    package func rootText(at now: Timestamp) -> String { Hexadecimal.encode(state.withLock { $0.root(now: now) }.sum) }

    /// Communities that can be asked now: admitted, in force, with a FHIR address; in the order of their identifiers.
    package func peers(at now: Timestamp) -> [PeerNode] { neighbours(at: now).compactMap(\.node) }

    /// Every community ever admitted, with its standing.
    package func communities(at now: Timestamp) -> [DirectoryCommunity] {
        let moment = Moment(now: now, uptime: world.uptime())
        return state.withLock { $0.communities(at: moment) }
    }

    /// The directory as mCSD resources (ITI-90), deleted ones among them.
    func careServices(at now: Timestamp) -> [CareService] {
        let moment = Moment(now: now, uptime: world.uptime())
        let (rows, network) = state.withLock { ($0.communities(at: moment), $0.identity.network) }
        return careServices.all(rows, network: network, now: now)
    }

    /// Endpoints that may have gone before this node started, for whoever asks for changes since before (ITI-91).
    func careServicesDeleted(before since: Timestamp) -> [CareService] { careServices.deletedBefore(since) }

    /// Why this node sees, or does not see, a community as it does.
    package func doctor(_ community: CommunityID) -> [DoctorFinding] {
        state.withLock { $0.doctor(community, at: moment) }
    }

    /// Whether publishing has stopped because another node uses this node's key.
    package var isClone: Bool { state.withLock { $0.isClone } }

    /// An admitted community's key by its thumbprint: what verifies its assertions.
    package func key(_ thumbprint: Thumbprint, of community: CommunityID, at now: Timestamp) -> VerifyingKey? {
        state.withLock { $0.key(thumbprint, of: community, now: now) }
    }

    /// The keys of every community admitted now, as `TrustPolicy` asks for them.
    ///
    /// Each frame and each request of a peer asks, so they are made once for each edition of the directory and second.
    package func admittedKeys(at now: Timestamp) -> [CommunityID: Set<Thumbprint>] {
        let edition = state.withLock { $0.edition }
        let known = admitted.withLock { $0.edition == edition && $0.second == now.seconds ? $0.keys : nil }
        if let known { return known }
        let (made, current) = state.withLock { ($0.admittedKeys(now: now), $0.edition) }
        admitted.withLock { $0 = Admitted(edition: current, second: now.seconds, keys: made) }
        return made
    }

    /// The key this node signs with: records, and what it says about consent.
    var signingKey: SigningKey { state.withLock { $0.identity.key } }

    /// When the directory wants its next timer event, a moment of `World.uptime`.
    package var nextWake: Duration { state.withLock { $0.nextWake } }

    /// Sets who is told, after each event, when the next timer event is wanted.
    package func wake(_ alarm: @escaping @Sendable (Duration) -> Void) { listeners.withLock { $0.alarm = alarm } }

    /// Adds one that closes connections of a community whose admission is not what it was.
    package func onCut(_ body: @escaping @Sendable (CommunityID) -> Void) { listeners.withLock { $0.cut.append(body) } }

    /// What has happened since a line, for whoever watches; the last 1,000 are kept.
    package func lines(after number: UInt64) -> [DirectoryLine] {
        listeners.withLock { $0.lines.filter { $0.number > number } }
    }

    private var moment: Moment { Moment(now: world.now(), uptime: world.uptime()) }

    func handle(_ event: DirectoryEvent) -> [DirectoryEffect] {
        var random = world.random
        let (effects, next) = state.withLock { state in
            (state.handle(event, at: moment, using: &random), state.nextWake)
        }
        seen.withLock { seen in
            seen.version += 1
            seen.neighbours = nil
        }
        listeners.withLock { $0.alarm }?(next)
        return effects
    }

    func cut(_ community: CommunityID) { for body in listeners.withLock({ $0.cut }) { body(community) } }

    func note(_ community: CommunityID?, _ text: String) {
        let now = world.now()
        listeners.withLock { listeners in
            listeners.count += 1
            listeners.lines.append(DirectoryLine(number: listeners.count, at: now, community: community, text: text))
            if listeners.lines.count > 1000 { listeners.lines.removeFirst(200) }
        }
    }

    func send(_ frame: DirectoryFrame, to target: DirectoryTarget) {
        outbox.yield(Outgoing(frame: frame, target: target))
    }

    /// Ends the stream of outgoing messages, so that the shell's loop returns.
    package func close() { outbox.finish() }
}

/// A community as questions across communities see it.
package struct DirectoryNeighbour: Hashable, Sendable {
    /// The community.
    package let community: CommunityID
    /// Its name, for people.
    package let name: String
    /// Where to ask it; nil when it cannot be asked now.
    package let node: PeerNode?
    /// The regions it says it answers in; empty when it says none.
    package let regions: Set<String>
    /// Identifiers it goes by, such as those its patient numbers stand under.
    package let identifiers: [OID]
}

/// One thing that happened to the directory, for `hie directory watch`.
package struct DirectoryLine: Hashable, Sendable {
    /// Its number, counted from the node's start.
    package let number: UInt64
    /// When.
    package let at: Timestamp
    /// About whom; nil when about this node.
    package let community: CommunityID?
    /// What, in words.
    package let text: String
}

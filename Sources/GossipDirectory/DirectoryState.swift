import ExchangeCore
import Trust

/// Who this node is in its network.
package struct DirectoryIdentity: Sendable {
    /// The network: the thumbprint of its founding authority's key.
    package let network: Thumbprint
    /// The keys of the network's authorities; the founding one, and new ones while they are rotated.
    package let authorities: [VerifyingKey]
    /// This node's community.
    package let community: CommunityID
    /// The key it signs its records with.
    package let key: SigningKey
    /// The thumbprint of that key.
    let ownKey: Thumbprint
    /// Where to ask first, while nobody is known.
    package let seeds: [DirectoryTarget]

    /// An identity from its parts; the network is that of the first authority.
    package init(authorities: [VerifyingKey], community: CommunityID, key: SigningKey, seeds: [DirectoryTarget] = []) {
        network = authorities.first?.thumbprint ?? Thumbprint(of: [])
        self.authorities = authorities
        self.community = community
        self.key = key
        ownKey = key.publicKey.thumbprint
        self.seeds = seeds
    }
}

/// The directory as a pure state machine: who is admitted, what they say of themselves, whether they answer, and what to
/// tell whom.
///
/// No clock, no socket, no file. Admission, records and reachability are three things: liveness never changes the first
/// two. Per community the greatest admission and the greatest record win, so the order things arrive in does not show;
/// nothing at or below a high-water mark ever returns.
package struct DirectoryState: Sendable {
    /// Who this node is.
    package let identity: DirectoryIdentity
    /// Every number it goes by.
    package let limits: DirectoryLimits
    /// Names this store in cursors; random, new at every start.
    package let store: UInt64

    let reading: TextReading
    var rows = RowTable()
    var arrival: UInt64 = 0
    /// The sum of what the rows count, for one hour.
    var sum = DirectoryRoot()
    var sumHour: UInt32 = 0
    /// Rises whenever the set of members changes.
    var membership: UInt64 = 1
    var overlay = Overlay([], day: 0)
    var overlayMembership: UInt64 = 0

    var peers: [CommunityID: PeerState] = [:]
    var spent: [CommunityID: (brought: Budget, pulled: Budget)] = [:]
    var pending: [CommunityID: PendingTexts] = [:]
    var blocked: Set<CommunityID> = [] {
        didSet { blockings += 1 }
    }
    private var blockings: UInt64 = 0
    /// Rises whenever somebody may be let in who was not, or the reverse, time left aside.
    package var edition: UInt64 { arrival &+ blockings }
    /// As whom each seed last answered.
    var seedCommunities: [EndpointURL: CommunityID] = [:]

    var profile: DirectoryProfile?
    var isLeaving = false
    var refreshAt: Timestamp?
    /// Whether this process has told the others its own record.
    var hasSpoken = false
    var isSuspended = false
    var foreignMark: HighWaterMark?
    var lookup = SelfLookup()
    var skew = ClockSkew()

    var watches: [Watch] = []
    /// The membership the watches were arranged for.
    var watchedMembership: UInt64 = 0
    var reports: [CommunityID: Report] = [:]
    /// Of whom something was said that has not come to rest.
    var unsettled: Set<CommunityID> = []
    var beat: UInt64 = 0
    var refutedAt: Duration?
    /// Whether somebody said that this node is gone, and it has not answered yet.
    var owesRefutation = false
    /// How long the next refutation waits after the last: doubled while nobody reaches this node.
    var refuteWait = Duration.seconds(1)
    var observed: UInt64 = 0
    var mutedUntil = Duration.zero
    var lastSeen: Duration?
    /// When it asked to be woken, after the last event.
    package private(set) var wakeBy = Duration.zero
    var signals = SignalBatch()
    var bridgedAt: Duration?
    /// News that waits for company, and when news was last sent.
    var waiting: DirectoryMessage?
    var pushedAt: Duration?
    var due = DueTimes()

    /// An empty directory; `store` is a random number.
    package init(
        identity: DirectoryIdentity, limits: DirectoryLimits = DirectoryLimits(), store: UInt64,
        reading: TextReading = .verifying,
    ) {
        self.identity = identity
        self.limits = limits
        self.store = store
        self.reading = reading
    }

    /// A copy of another node's directory as a node of its own: what it holds of others, nothing of its life.
    ///
    /// The rows are shared until one changes them: how a simulation holds ten thousand directories of ten thousand. When it
    /// next counts its rows anew, on the monotonic clock, is given: a network that has run for long does not do so at once.
    package init(copying other: DirectoryState, as identity: DirectoryIdentity, store: UInt64, nextCheck: Duration) {
        self.init(identity: identity, limits: other.limits, store: store, reading: other.reading)
        due.check = nextCheck
        rows = other.rows
        arrival = other.arrival
        sum = other.sum
        sumHour = other.sumHour
        membership = other.membership
        overlay = other.overlay
        overlayMembership = other.overlayMembership
    }

    /// Takes back what was kept, in any order; what does not verify any more is left out and returned.
    ///
    /// Marks are set from expired records too, and from those whose key was replaced since: what was seen once never returns.
    package mutating func restore(_ facts: [DirectoryFact], now: Timestamp) -> [DirectoryNotice] {
        var notices: [DirectoryNotice] = []
        for kind in [DirectoryFact.Kind.block, .admission, .revocation, .record, .proof] {
            for fact in facts where fact.kind == kind {
                let verdict =
                    switch kind {
                    case .block: keep(block: fact)
                    case .admission: accept(admission: fact.compact)
                    case .revocation: accept(revocation: fact.compact)
                    case .record: accept(record: fact.compact, now: now, isRestored: true)
                    case .proof: accept(proof: fact.compact, now: now, isRestored: true)
                    }
                if case .refused(let why) = verdict {
                    notices.append(.refused(from: nil, about: fact.community, why))
                }
            }
        }
        recount(now: now)
        return notices
    }

    private mutating func keep(block fact: DirectoryFact) -> DirectoryVerdict {
        if fact.compact.utf8.elementsEqual("blocked".utf8) { blocked.insert(fact.community) }
        return .stored
    }

    /// What follows from an event.
    package mutating func handle(
        _ event: DirectoryEvent, at moment: Moment, using random: inout some RandomNumberGenerator,
    ) -> [DirectoryEffect] {
        var effects: [DirectoryEffect] = []
        begin(moment)
        switch event {
        case .started: start(moment, &effects, using: &random)
        case .timer: tick(moment, &effects, using: &random)
        case .profiled(let profile):
            self.profile = profile
            publishIfDue(moment, &effects, using: &random)
        case .admitted(let compact):
            let said = rows[identity.community]?.record?.token.hash
            let fresh = bring(moment, &effects, using: &random) { $0.admissions = [compact] }
            publishIfDue(moment, &effects, using: &random)
            // A record that is made anew for its own admission brings that along.
            if rows[identity.community]?.record?.token.hash == said {
                push(fresh, except: nil, isOwn: true, moment, &effects, using: &random)
            }
        case .revoked(let compact):
            let fresh = bring(moment, &effects, using: &random) { $0.revocations = [compact] }
            push(fresh, except: nil, isOwn: true, moment, &effects, using: &random)
        case .adopted:
            isSuspended = false
            refreshAt = nil
            publishIfDue(moment, &effects, using: &random)
        case .left:
            isLeaving = true
            publishIfDue(moment, &effects, using: &random)
        case .blocked(let community, let isBlocked): block(community, isBlocked, &effects)
        case .pinged(let community):
            if let target = target(community) { effects.append(.send(.probe(probe(moment)), to: target)) }
        case .asked(let frame, let peer): answer(frame, from: peer, moment, &effects, using: &random)
        case .answered(let frame, let peer, let target):
            learn(frame, from: peer, target: target, moment, &effects, using: &random)
        case .failed(let target, let why): miss(target, why, moment, &effects, using: &random)
        case .closed(let community): lose(community, moment, &effects)
        }
        if watchedMembership != membership { arrange(moment, using: &random) }
        refuteIfDue(moment)
        flushPushes(moment, &effects, using: &random)
        flushSignals(moment, &effects, using: &random)
        wakeBy = nextWake
        return effects
    }

    /// When the next `.timer` is wanted, on the monotonic clock.
    package var nextWake: Duration {
        var next = due.earliest
        for watch in watches { next = min(next, watch.due(limits)) }
        if let flush = signals.flushAt { next = min(next, flush) }
        if let pushAt { next = min(next, pushAt) }
        if let refuteAt { next = min(next, refuteAt) }
        // Whatever is due, this node is not woken more often than each millisecond.
        return max(next, (lastSeen ?? .zero) + .milliseconds(1))
    }

    /// Takes what the operator brought; returns what of it is new.
    private mutating func bring(
        _ moment: Moment, _ effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
        _ fill: (inout DirectoryMessage) -> Void,
    ) -> DirectoryMessage {
        var message = message(moment)
        fill(&message)
        return take(message, from: nil, moment, &effects, using: &random).fresh
    }

    private mutating func block(_ community: CommunityID, _ isBlocked: Bool, _ effects: inout [DirectoryEffect]) {
        if isBlocked { blocked.insert(community) } else { blocked.remove(community) }
        effects += [.changed]
        if isBlocked { effects.append(.cut(community)) }
    }

    /// A message of this node's without content.
    func message(_ moment: Moment) -> DirectoryMessage {
        DirectoryMessage(network: identity.network, at: moment.now)
    }
}

/// When what is due, on the monotonic clock.
struct DueTimes: Sendable {
    var pull = Duration.zero
    var heal = Duration.zero
    var publish = Duration.zero
    var check = Duration.zero

    var earliest: Duration { min(min(pull, heal), min(publish, check)) }
}

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
    /// Where to ask first, while nobody is known.
    package let seeds: [DirectoryTarget]

    /// An identity from its parts; the network is that of the first authority.
    package init(authorities: [VerifyingKey], community: CommunityID, key: SigningKey, seeds: [DirectoryTarget] = []) {
        network = authorities.first?.thumbprint ?? Thumbprint(of: [])
        self.authorities = authorities
        self.community = community
        self.key = key
        self.seeds = seeds
    }
}

/// The directory as a pure state machine: who is admitted, what they say of themselves, and what to tell whom.
///
/// No clock, no socket, no file. Per community the greatest admission and the greatest record by (epoch, sequence,
/// hash) win, so the order things arrive in does not show; nothing at or below a high-water mark ever returns.
package struct DirectoryState: Sendable {
    struct Row: Sendable {
        var admission: Admission?
        var record: DirectoryRecord?
        var mark: HighWaterMark?
        var proof: DirectoryFact?
        var quarantinedEpoch: UInt32?
        var arrival: UInt64 = 0
    }

    /// Who this node is.
    package let identity: DirectoryIdentity
    /// Every number it goes by.
    package let limits: DirectoryLimits
    /// Names this store in cursors; random, new at every start.
    package let store: UInt64

    var rows: [CommunityID: Row] = [:]
    var arrival: UInt64 = 0
    var profile: DirectoryProfile?
    var refreshAt: Timestamp?
    var isSuspended = false
    var foreignMark: HighWaterMark?
    var cursors: [CommunityID: DirectoryCursor] = [:]
    var introduced: Set<CommunityID> = []
    var contacts: [CommunityID: Timestamp] = [:]

    /// An empty directory; `store` is a random number.
    package init(identity: DirectoryIdentity, limits: DirectoryLimits = DirectoryLimits(), store: UInt64) {
        self.identity = identity
        self.limits = limits
        self.store = store
    }

    /// Takes back what was kept, in any order; what does not verify any more is left out and returned.
    ///
    /// Marks are set from expired records too: what was seen once never returns.
    package mutating func restore(_ facts: [DirectoryFact], now: Timestamp) -> [DirectoryNotice] {
        var notices: [DirectoryNotice] = []
        func refused(_ fact: DirectoryFact, _ why: DirectoryRefusal) -> DirectoryNotice {
            .refused(from: nil, about: fact.community, why)
        }
        for fact in facts where fact.kind == .admission {
            if case .refused(let why) = accept(admission: fact.compact) { notices.append(refused(fact, why)) }
        }
        for fact in facts where fact.kind == .record {
            if case .refused(let why) = accept(record: fact.compact, now: now, isRestored: true) {
                notices.append(refused(fact, why))
            }
        }
        for fact in facts where fact.kind == .proof {
            let stories = fact.compact.split(separator: " ").map(String.init)
            for story in stories { _ = accept(record: story, now: now, isRestored: true) }
        }
        return notices
    }

    /// What follows from an event.
    package mutating func handle(
        _ event: DirectoryEvent, now: Timestamp, using random: inout some RandomNumberGenerator,
    ) -> [DirectoryEffect] {
        var effects: [DirectoryEffect] = []
        switch event {
        case .started:
            publishIfDue(now: now, effects: &effects, using: &random)
            for target in firstTargets(now: now, using: &random) { effects.append(.send(question(target), to: target)) }
        case .timer:
            collect(now: now)
            publishIfDue(now: now, effects: &effects, using: &random)
            if let target = pullTarget(now: now, using: &random) { effects.append(.send(question(target), to: target)) }
        case .profiled(let profile):
            self.profile = profile
            publishIfDue(now: now, effects: &effects, using: &random)
        case .admitted(let compact):
            var message = DirectoryMessage(network: identity.network)
            message.admissions = [compact]
            let fresh = take(message, from: nil, now: now, effects: &effects).fresh
            push(fresh, except: nil, now: now, effects: &effects, using: &random)
            publishIfDue(now: now, effects: &effects, using: &random)
        case .adopted:
            isSuspended = false
            refreshAt = nil
            publishIfDue(now: now, effects: &effects, using: &random)
        case .asked(let message, let peer):
            answer(message, from: peer, now: now, effects: &effects, using: &random)
        case .answered(let message, let peer, let target):
            learn(message, from: peer, target: target, now: now, effects: &effects, using: &random)
        case .failed(let target):
            if let community = target.community { introduced.remove(community) }
        }
        return effects
    }

    /// How long until the next `.timer`, before jitter: short while nobody is known.
    package func timerInterval(now: Timestamp) -> Duration {
        let knowsOthers = rows.contains { community, row in
            community != identity.community && row.record.map { now < $0.statement.expires } ?? false
        }
        return knowsOthers || identity.seeds.isEmpty ? limits.pullInterval : limits.searchInterval
    }

    /// Count and sum of everything held.
    package var root: DirectoryRoot {
        var root = DirectoryRoot()
        for row in rows.values {
            if let admission = row.admission { root.add(admission.token.hash) }
            if let record = row.record { root.add(record.token.hash) }
        }
        return root
    }

    mutating func touch(_ community: CommunityID) {
        arrival += 1
        rows[community]?.arrival = arrival
    }

    /// Expired records stay visible for 30 days; their marks stay for good.
    private mutating func collect(now: Timestamp) {
        for (community, row) in rows {
            guard let record = row.record, now >= record.statement.expires + DirectoryRecord.staleMax else { continue }
            rows[community]?.record = nil
        }
    }
}

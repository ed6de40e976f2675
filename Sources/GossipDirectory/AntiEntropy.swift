import ExchangeCore
import Trust

/// Root compare, then cursor, then full digest: each only where the one before did not suffice (directory.md 2.2).
extension DirectoryState {
    /// What a pull from a target says: how far we have read it, and who we are when it may not know.
    mutating func question(_ target: DirectoryTarget, _ moment: Moment) -> DirectoryMessage {
        var message = message(moment)
        message.wants = true
        message.root = root(now: moment.now)
        message.hour = Self.hour(moment.now)
        if let community = target.community ?? seedCommunities[target.url] {
            message.since = peers[community]?.cursor
            if peers[community]?.wantsDigest ?? false { message.digest = digest() }
        }
        if target.community.map({ !(peers[$0]?.isIntroduced ?? false) }) ?? true { introduce(&message) }
        return message
    }

    /// A probe's answer: whether it lives, when to ask again, and whether there is something to pull.
    mutating func learn(
        _ probe: Probe, from peer: CommunityID, _ moment: Moment, _ effects: inout [DirectoryEffect],
    ) {
        if let at = watches.firstIndex(where: { $0.subject == peer }) {
            watches[at].answered()
            let again = probe.again == 0 ? 10_000 : min(15_000, max(500, Int64(probe.again)))
            watches[at].nextProbe = moment.uptime + .milliseconds(again)
        }
        if isCredible(probe.beat, moment) { raise(probe.beat, of: peer) }
        meet(peer, at: probe.at, hasAnswered: true, moment, &effects)
        guard let target = target(peer) else { return }
        showWhatIsSaid(of: peer, target, moment, &effects)
        let own = self.probe(moment)
        if probe.hour == own.hour, probe.root != own.root {
            pull(target, peer, moment, &effects)
        } else if !probe.knowsAsker {
            var message = message(moment)
            introduce(&message)
            message.root = root(now: moment.now)
            message.hour = own.hour
            effects.append(.send(.message(message), to: target))
        } else {
            peers[peer]?.stalls = 0
            peers[peer]?.wantsDigest = false
        }
    }

    /// Pulls from a peer, unless a pull is under way or brought nothing too often.
    mutating func pull(
        _ target: DirectoryTarget, _ peer: CommunityID, _ moment: Moment, _ effects: inout [DirectoryEffect],
    ) {
        let state = peers[peer] ?? PeerState()
        if let until = state.pullingUntil, moment.uptime < until { return }
        if let until = state.stalledUntil, moment.uptime < until { return }
        peers[peer, default: PeerState()].pullingUntil = moment.uptime + .seconds(5)
        effects.append(.send(.message(question(target, moment)), to: target))
    }

    /// What follows from a pull's answer: read on, fall back to the digest, or stop.
    mutating func goOn(
        _ message: DirectoryMessage, from peer: CommunityID, target: DirectoryTarget, learned: UInt64,
        isDeferred: Bool, _ outdated: [CommunityID], _ moment: Moment, _ effects: inout [DirectoryEffect],
    ) {
        let next = DirectoryTarget(community: peer, url: target.url)
        let hasHelped = give(message.lacks, outdated, to: next, moment, &effects)
        guard let cursor = message.cursor else { return }
        peers[peer, default: PeerState()].pullingUntil = nil
        let held = peers[peer]?.cursor
        let moved = held.map { $0.store != cursor.store || $0.arrival < cursor.arrival } ?? true
        peers[peer]?.cursor = cursor
        // Without progress we stop: a peer that says "more" for ever gets no more of our time than its turn.
        if message.more && moved && learned > 0 {
            peers[peer]?.pullingUntil = moment.uptime + .seconds(5)
            effects.append(.send(.message(question(next, moment)), to: next))
            return
        }
        let isSame = message.root == root(now: moment.now) || message.hour != Self.hour(moment.now)
        if isSame || learned > 0 || hasHelped || isDeferred {
            peers[peer]?.stalls = 0
            if isSame { peers[peer]?.stallWait = PeerState.firstStallWait }
            peers[peer]?.wantsDigest = false
            return
        }
        let stalls = (peers[peer]?.stalls ?? 0) + 1
        peers[peer]?.stalls = stalls
        peers[peer]?.wantsDigest = stalls >= 1
        if stalls >= 4 {
            peers[peer]?.stalls = 0
            peers[peer]?.wantsDigest = false
            let wait = peers[peer]?.stallWait ?? PeerState.firstStallWait
            peers[peer]?.stalledUntil = moment.uptime + wait
            peers[peer]?.stallWait = min(wait * 2, .seconds(600))
            effects.append(.notice(.divergent(peer)))
        } else if stalls == 2 {
            pull(next, peer, moment, &effects)
        }
    }

    /// Sends a peer what it lacks, or holds older than this node; true when there was such a thing, other than was given last:
    /// what it did not take then is no progress.
    private mutating func give(
        _ lacks: [UInt64], _ outdated: [CommunityID], to target: DirectoryTarget, _ moment: Moment,
        _ effects: inout [DirectoryEffect],
    ) -> Bool {
        var communities = outdated.filter { $0 != identity.community }
        if !lacks.isEmpty {
            let wanted = Set(lacks.prefix(256))
            communities += rows.communities.filter { wanted.contains(StableHash.of($0)) }
        }
        guard !communities.isEmpty else { return false }
        var gift = message(moment)
        for community in communities.prefix(100) { put(community, into: &gift) }
        gift.root = root(now: moment.now)
        gift.hour = Self.hour(moment.now)
        guard !gift.isEmpty else { return false }
        effects.append(.send(.message(gift), to: target))
        guard let peer = target.community else { return true }
        let given = communities.prefix(100).map(StableHash.of)
        defer { peers[peer, default: PeerState()].given = given }
        return peers[peer]?.given != given
    }

    /// Puts everything held of one community into a message.
    func put(_ community: CommunityID, into message: inout DirectoryMessage) {
        guard let row = rows[community] else { return }
        let texts = (
            row.admission?.token.compact, row.revocation?.token.compact,
            row.isRecordInForce ? row.record?.token.compact : nil, row.proof?.compact
        )
        if let text = texts.0, !message.admissions.contains(text) { message.admissions.append(text) }
        if let text = texts.1, !message.revocations.contains(text) { message.revocations.append(text) }
        if let text = texts.2, !message.records.contains(text) { message.records.append(text) }
        if let text = texts.3, !message.proofs.contains(text) { message.proofs.append(text) }
    }

    /// Puts in what arrived after a cursor, in the order of arrival, up to one frame.
    mutating func fill(_ reply: inout DirectoryMessage, since: DirectoryCursor?) {
        let from = since.flatMap { $0.store == store ? $0.arrival : nil } ?? 0
        var last = from
        var bytes = reply.size
        for (_, row) in rows.changed(after: from) {
            bytes += row.bytes
            guard bytes <= DirectoryMessage.frameBytes, reply.texts <= DirectoryMessage.textsMax - 8 else {
                reply.more = true
                break
            }
            append(row, to: &reply)
            last = row.arrival
        }
        reply.cursor = DirectoryCursor(store: store, arrival: reply.more ? last : arrival)
    }

    /// Answers a full digest: what the asker does not hold as this node does, and what this node does not hold so, which may
    /// be the asker's to give: either may hold the newer.
    mutating func compare(_ digest: [DigestLine], _ reply: inout DirectoryMessage) {
        var theirs: [UInt64: [UInt8]] = [:]
        for line in digest.prefix(limits.communitiesMax) { theirs[line.key] = line.state }
        var lacks: [UInt64] = []
        var bytes = reply.size
        for (community, row) in rows.sorted {
            let key = StableHash.of(community)
            let state = theirs.removeValue(forKey: key)
            guard state.map({ !row.counted.sum.starts(with: $0) }) ?? true else { continue }
            if state != nil { lacks.append(key) }
            bytes += row.bytes
            guard bytes < DirectoryMessage.frameBytes, reply.texts <= DirectoryMessage.textsMax - 8 else { break }
            append(row, to: &reply)
        }
        reply.lacks = Array((lacks + theirs.keys).sorted().prefix(256))
        reply.cursor = DirectoryCursor(store: store, arrival: arrival)
    }

    private func append(_ row: HeldRow, to message: inout DirectoryMessage) {
        if let admission = row.admission { message.admissions.append(admission.token.compact) }
        if let revocation = row.revocation { message.revocations.append(revocation.token.compact) }
        if row.isRecordInForce, let record = row.record { message.records.append(record.token.compact) }
        if let proof = row.proof { message.proofs.append(proof.compact) }
    }

    /// What is known of who does not answer, for one that has just come.
    var knownSignals: (heartbeats: [String], observations: [String]) {
        let troubled = reports.keys.sorted().compactMap { reports[$0] }.filter { !$0.seen.isEmpty }.prefix(8)
        return (
            troubled.compactMap { $0.heartbeat?.token.compact },
            troubled.flatMap { report in report.seen.keys.sorted().compactMap { report.seen[$0]?.token.compact } }
        )
    }
}

import ExchangeCore
import JSON
import Trust

extension DirectoryState {
    /// Takes what a message brings: keeps it and reports what is wrong.
    ///
    /// Returns what is new, to be pushed on, and the communities of which the sender holds something older than we do.
    mutating func take(
        _ message: DirectoryMessage, from peer: CommunityID?, now: Timestamp, effects: inout [DirectoryEffect],
    ) -> (fresh: DirectoryMessage, outdated: [CommunityID]) {
        var fresh = DirectoryMessage(network: identity.network)
        var outdated: [CommunityID] = []
        for compact in message.admissions {
            let about = Self.subject(compact, .admission)
            switch accept(admission: compact) {
            case .stored:
                guard let about else { continue }
                fresh.admissions.append(compact)
                effects.append(.persist(DirectoryFact(kind: .admission, community: about, compact: compact)))
            case .stale: if let about { outdated.append(about) }
            case .duplicate, .equivocation: break
            case .refused(let why): effects.append(.notice(.refused(from: peer, about: about, why)))
            }
        }
        for compact in message.records {
            let about = Self.subject(compact, .record)
            if let about, about == identity.community {
                noticeClone(compact, now: now, effects: &effects)
                continue
            }
            switch accept(record: compact, now: now) {
            case .stored:
                guard let about else { continue }
                fresh.records.append(compact)
                effects.append(.persist(DirectoryFact(kind: .record, community: about, compact: compact)))
            case .equivocation:
                guard let about else { continue }
                fresh.records.append(compact)
                if let proof = rows[about]?.proof { effects.append(.persist(proof)) }
                effects.append(.notice(.equivocation(about)))
            case .stale: if let about { outdated.append(about) }
            case .duplicate: break
            case .refused(let why): effects.append(.notice(.refused(from: peer, about: about, why)))
            }
        }
        if !fresh.isEmpty { effects.append(.changed) }
        return (fresh, outdated)
    }

    /// Answers a peer's message: what it lacks if it asked, and what is newer than what it offered.
    mutating func answer(
        _ message: DirectoryMessage, from peer: CommunityID, now: Timestamp, effects: inout [DirectoryEffect],
        using random: inout some RandomNumberGenerator,
    ) {
        guard message.network == identity.network else {
            effects += [.notice(.otherNetwork(from: peer)), .refuse]
            return
        }
        // A stranger brings its admission along; until that is here, nothing else it says is heard.
        var fresh = DirectoryMessage(network: identity.network)
        if !isAdmitted(peer, now: now) {
            var introduction = DirectoryMessage(network: identity.network)
            introduction.admissions = message.admissions
            fresh = take(introduction, from: peer, now: now, effects: &effects).fresh
            guard isAdmitted(peer, now: now) else {
                effects += [.notice(.refused(from: peer, about: peer, .notAdmitted)), .refuse]
                return
            }
        }
        let (more, outdated) = take(message, from: peer, now: now, effects: &effects)
        fresh.admissions += more.admissions
        fresh.records = more.records
        contacts[peer] = now
        var reply = DirectoryMessage(network: identity.network)
        if message.wants && message.root != root {
            fill(&reply, since: message.since)
        } else {
            for community in outdated {
                guard let row = rows[community] else { continue }
                if let admission = row.admission { reply.admissions.append(admission.token.compact) }
                if let record = row.record { reply.records.append(record.token.compact) }
            }
            reply.cursor = DirectoryCursor(store: store, arrival: arrival)
        }
        reply.root = root
        effects.append(.reply(reply))
        push(fresh, except: peer, now: now, effects: &effects, using: &random)
    }

    /// Learns from a peer's answer, and asks on while there is more.
    mutating func learn(
        _ message: DirectoryMessage, from peer: CommunityID, target: DirectoryTarget, now: Timestamp,
        effects: inout [DirectoryEffect], using random: inout some RandomNumberGenerator,
    ) {
        guard message.network == identity.network else {
            effects.append(.notice(.otherNetwork(from: peer)))
            return
        }
        contacts[peer] = now
        introduced.insert(peer)
        let before = arrival
        let fresh = take(message, from: peer, now: now, effects: &effects).fresh
        push(fresh, except: peer, now: now, effects: &effects, using: &random)
        guard let cursor = message.cursor else { return }
        let moved = cursors[peer].map { $0.store != cursor.store || $0.arrival < cursor.arrival } ?? true
        cursors[peer] = cursor
        // Without progress we stop: a peer that says "more" for ever gets no more of our time than its turn.
        if message.more && moved && arrival > before {
            let next = DirectoryTarget(community: peer, url: target.url)
            effects.append(.send(question(next), to: next))
        }
    }

    /// What a pull from a target says: how far we have read it, and who we are when it may not know.
    func question(_ target: DirectoryTarget) -> DirectoryMessage {
        var message = DirectoryMessage(network: identity.network)
        message.wants = true
        message.root = root
        message.since = target.community.flatMap { cursors[$0] }
        if target.community.map({ !introduced.contains($0) }) ?? true { introduce(&message) }
        return message
    }

    /// Sends what is new to the fan, at once.
    mutating func push(
        _ fresh: DirectoryMessage, except peer: CommunityID?, now: Timestamp, effects: inout [DirectoryEffect],
        using random: inout some RandomNumberGenerator,
    ) {
        guard !fresh.isEmpty else { return }
        for target in fan(except: peer, now: now, using: &random) {
            var message = fresh
            message.root = root
            if let community = target.community, !introduced.contains(community) { introduce(&message) }
            effects.append(.send(message, to: target))
        }
    }

    private func introduce(_ message: inout DirectoryMessage) {
        guard let own = rows[identity.community] else { return }
        if let admission = own.admission, !message.admissions.contains(admission.token.compact) {
            message.admissions.insert(admission.token.compact, at: 0)
        }
        if let record = own.record, !message.records.contains(record.token.compact) {
            message.records.append(record.token.compact)
        }
    }

    /// Puts in what arrived after a cursor, in the order of arrival, up to one frame.
    private func fill(_ reply: inout DirectoryMessage, since: DirectoryCursor?) {
        let from = since.flatMap { $0.store == store ? $0.arrival : nil } ?? 0
        var last = from
        var bytes = 0
        for row in rows.values.filter({ $0.arrival > from }).sorted(by: { $0.arrival < $1.arrival }) {
            let texts = [row.admission?.token.compact, row.record?.token.compact].compactMap(\.self)
            bytes += texts.reduce(0) { $0 + $1.utf8.count + 3 }
            guard bytes <= DirectoryMessage.frameBytes,
                reply.admissions.count + reply.records.count + 2 <= DirectoryMessage.textsMax
            else {
                reply.more = true
                break
            }
            if let admission = row.admission { reply.admissions.append(admission.token.compact) }
            if let record = row.record { reply.records.append(record.token.compact) }
            last = row.arrival
        }
        reply.cursor = DirectoryCursor(store: store, arrival: reply.more ? last : arrival)
    }

    /// Whom a text says it is about; nothing but a label for what was judged, and for the log.
    static func subject(_ compact: String, _ type: TokenType) -> CommunityID? {
        guard let draft = try? UnverifiedToken(compact, type: type) else { return nil }
        return draft.payload["community"]?.string.flatMap { CommunityID($0) }
    }
}

import ExchangeCore
import Logging

extension Exchange {
    /// Statements taken from one community at one go; one that has more counts as out of reach for a moment.
    private static let statementsMax = 4096

    /// Lets a question in: by the table of permissions, and a peer's once this node knows what it must know.
    func admit(_ context: AccessContext, to permission: Permission) async throws(ExchangeError) {
        try permission.demand(context)
        try await catchUp(for: context)
    }

    /// Before a peer's question is answered: has every community been asked what it recorded while out of contact?
    ///
    /// Asked are those with which contact is older than `contactSecondsMax`, all of them at the start. The rule for one
    /// that does not answer: it is given `catchUpSecondsMax`, then nobody waits for it again within a second; its
    /// directives arrive when it is back. `.unavailable` (503 with Retry-After) when the request's deadline comes first.
    func catchUp(for context: AccessContext) async throws(ExchangeError) {
        guard context.door == .peer else { return }
        while true {
            let now = world.uptime()
            let (quietUntil, losses) = following.with { ($0.quietUntil, $0.losses) }
            if now < quietUntil { return }
            let peers = directory.peers(at: world.now()).filter { $0.community != settings.community }
            let due = following.with { state in
                let communities = peers.map(\.community)
                let due = state.contacts.due(communities, now: now)
                if due.isEmpty { state.rest(until: state.contacts.quiet(communities, now: now), since: losses) }
                return Set(due)
            }
            if due.isEmpty { return }
            guard now < context.deadline else {
                throw ExchangeError(
                    .unavailable, "this node is asking others for consent recorded in its absence; ask again")
            }
            await withTaskGroup(of: Bool.self) { group in
                for peer in peers where due.contains(peer.community) {
                    group.addTask { await self.fetch(from: peer, until: context.deadline) }
                }
                var isIdle = true
                for await hasAsked in group where hasAsked { isIdle = false }
                // Somebody else is asking them: see in a moment what came of it.
                if isIdle { try? await world.sleep(.milliseconds(10)) }
            }
            if Task.isCancelled { throw ExchangeError(.unavailable, "the request was given up") }
        }
    }

    /// Asks a community for what it recorded, before its contact grows so old that questions would have to wait.
    func refresh(_ peer: PeerNode) async {
        _ = await fetch(from: peer, until: world.uptime() + .seconds(60))
    }

    /// Asks one community for the statements that wait for this node until it has no more; false when another is at it.
    private func fetch(from peer: PeerNode, until deadline: Duration) async -> Bool {
        let community = peer.community
        guard following.with({ $0.contacts.begin(community) }) else { return false }
        do throws(ExchangeError) {
            let moment = try await fetchAll(from: peer, until: deadline)
            following.with { $0.contacts.current(community, at: moment) }
        } catch {
            let now = world.uptime()
            if Task.isCancelled || (now >= deadline && error.code == .timeout) || error.code == .internal {
                following.with { $0.contacts.leave(community) }
            } else {
                following.with { $0.contacts.failed(community, at: now) }
                logger.info(
                    "a community does not say what consent it recorded",
                    metadata: ["peer.community": "\(community)", "error": "\(error.message)"])
            }
        }
        return true
    }

    /// The moment from which on the community had nothing more.
    private func fetchAll(from peer: PeerNode, until deadline: Duration) async throws(ExchangeError) -> Duration {
        var receipts: [String] = []
        var taken = 0
        while true {
            let now = world.uptime()
            let round = min(deadline - now, .seconds(settings.limits.catchUpSecondsMax))
            guard round > .zero else { throw ExchangeError(.timeout, "no time left to ask the community") }
            let statements: [String]
            do throws(ExchangeError) {
                statements = try await peers.pendingStatements(
                    receipts: receipts, at: peer, for: nodeContext(within: round))
            } catch where error.code == .notFound {
                // Not a node of ours: it records nothing that could be fetched.
                return now
            }
            if statements.isEmpty { return now }
            receipts = []
            taken += statements.count
            guard taken <= Self.statementsMax else {
                throw ExchangeError(.tooLarge, "the community has more statements than are taken at one go")
            }
            for statement in statements {
                do throws(ExchangeError) {
                    let answered = try await receiveStatement(statement, for: stating(peer.community, before: deadline))
                    for ticket in answered.tickets { ticket.end() }
                    receipts.append(answered.receipt)
                } catch where error.code != .badRequest {
                    // The fault is this node's: it does not know what it must, so it may not answer either.
                    throw ExchangeError(.internal, error.message)
                }
            }
        }
    }

    /// The community whose statement was fetched, as if it had brought it.
    private func stating(_ community: CommunityID, before deadline: Duration) -> AccessContext {
        AccessContext(
            door: .peer, user: "concordat", role: nil, organization: community.urn, community: community,
            purpose: "HOPERAT", deadline: deadline, traceID: world.newTraceID())
    }
}

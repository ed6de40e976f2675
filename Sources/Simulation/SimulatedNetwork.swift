import DocumentExchange
import ExchangeCore
import PatientIndex
import Synchronization
import Transactions
import XDSMetadata

/// The network between simulated nodes: delays, dead and silent hosts, all by the world's randomness.
package final class SimulatedNetwork: Sendable {
    /// How a host behaves.
    package enum Condition: Sendable {
        /// Answers after a delay of a few milliseconds.
        case up
        /// Refuses connections at once, as a host whose process is gone.
        case down
        /// Takes requests and never answers.
        case silent
    }

    private struct Host {
        var exchange: Exchange
        var condition = Condition.up
    }

    private struct Link: Hashable {
        let ends: Set<CommunityID>
    }

    private let severed = Mutex<Set<Link>>([])

    /// What a host's kernel took of an answer to another community: from then on it has left.
    package enum Departure: Sendable {
        /// Who the person is there; empty when nobody.
        case match([PatientID])
        /// The documents listed.
        case documents([DocumentID])
        /// One document's bytes.
        case content(DocumentID)
    }

    private let hosts = Mutex<[CommunityID: Host]>([:])
    private let world: World
    private let observer = Mutex<(@Sendable (CommunityID, AccessContext, Departure) -> Void)?>(nil)

    /// A network without hosts.
    package init(world: World) { self.world = world }

    /// Puts a node on the network, or a restarted one in the place of the old.
    package func attach(_ exchange: Exchange) {
        hosts.withLock { $0[exchange.settings.community] = Host(exchange: exchange) }
    }

    /// Changes how a host behaves.
    package func set(_ community: CommunityID, _ condition: Condition) {
        hosts.withLock { $0[community]?.condition = condition }
    }

    /// Cuts the link between two hosts, both ways, or mends it.
    package func set(_ one: CommunityID, _ other: CommunityID, isSevered: Bool) {
        let link = Link(ends: [one, other])
        severed.withLock { severed in
            if isSevered { severed.insert(link) } else { severed.remove(link) }
        }
    }

    /// Calls back whenever a host's answer leaves it: which host, for whom, what.
    package func observe(_ observer: @escaping @Sendable (CommunityID, AccessContext, Departure) -> Void) {
        self.observer.withLock { $0 = observer }
    }

    /// A host's kernel takes an answer, mostly at once, sometimes slower than a revocation waits; then its tickets end.
    ///
    /// - Throws: `.unavailable` when a revocation cut it, or the asker has gone: nothing left then.
    func depart(
        _ departure: Departure, from host: CommunityID, for context: AccessContext,
        tickets: [AnswersUnderWay.Ticket],
    ) async throws(ExchangeError) {
        defer { for ticket in tickets { ticket.end() } }
        var random = world.random
        let isSlow = UInt64.random(in: 0..<8, using: &random) == 0
        await Self.wait(.microseconds(Int64.random(in: 10...(isSlow ? 4_000_000 : 3000), using: &random)), world)
        guard !tickets.contains(where: \.isCut), !Task.isCancelled else {
            throw ExchangeError(.unavailable, "the connection was closed")
        }
        observer.withLock { $0 }?(host, context, departure)
    }

    /// Carries one request to a host and its answer back, or fails as a network does.
    func carry<Answer: Sendable>(
        from origin: CommunityID, to community: CommunityID, before deadline: Duration,
        _ request: @escaping @Sendable (Exchange) async throws(ExchangeError) -> Answer,
    ) async throws(ExchangeError) -> Answer {
        let host = hosts.withLock { $0[community] }
        if severed.withLock({ $0.contains(Link(ends: [origin, community])) }) {
            throw ExchangeError(.unavailable, "no way there")
        }
        guard let host else { throw ExchangeError(.unavailable, "no such host") }
        let world = world
        var random = world.random
        let delay = Duration.microseconds(Int64.random(in: 200...10_000, using: &random))
        let outcome = await withTaskGroup(of: Result<Answer, ExchangeError>.self) { group in
            group.addTask {
                do throws(ExchangeError) {
                    switch host.condition {
                    case .down: throw ExchangeError(.unavailable, "connection refused")
                    case .silent: await Self.wait(.seconds(1_000_000), world)
                    case .up: await Self.wait(delay, world)
                    }
                    let answer = try await request(host.exchange)
                    await Self.wait(delay, world)
                    return .success(answer)
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                await Self.wait(deadline - world.uptime(), world)
                return .failure(ExchangeError(.timeout, "no answer before the deadline"))
            }
            let first = await group.next() ?? .failure(ExchangeError(.internal, "an empty group"))
            group.cancelAll()
            return first
        }
        return try outcome.get()
    }

    private static func wait(_ duration: Duration, _ world: World) async { try? await world.sleep(duration) }
}

/// One node's way to the others through a simulated network: its requests come in at their peer door.
package struct SimulatedPeerClient: PeerClient {
    private let community: CommunityID
    private let network: SimulatedNetwork

    /// A client of a community.
    package init(of community: CommunityID, network: SimulatedNetwork) {
        self.community = community
        self.network = network
    }

    /// The context as a signed assertion would carry it to the other side.
    private func atPeer(_ context: AccessContext) -> AccessContext {
        AccessContext(
            door: .peer, user: context.user, role: context.role, organization: context.organization,
            community: community, purpose: context.purpose, deadline: context.deadline, traceID: context.traceID,
            tokenID: context.tokenID, reason: context.reason)
    }

    package func match(_ person: PatientRecord, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerMatch
    {
        let context = atPeer(context)
        return try await network.carry(from: community, to: peer.community, before: context.deadline) {
            exchange throws(ExchangeError) in
            let found = try await exchange.matchPatients(
                person.demographics, identifiers: [], onlyCertain: true, limit: 2, for: context)
            try await network.depart(
                .match(found.matches.map(\.record.id)), from: peer.community, for: context, tickets: found.tickets)
            if let match = found.matches.first { return .one(patient: match.record.id.description) }
            return found.isAmbiguous ? .ambiguous(needs: found.needs) : .none
        }
    }

    package func findDocuments(
        of patient: String, matching query: DocumentQuery, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> PeerDocuments {
        let context = atPeer(context)
        guard let id = PatientID(patient) else { throw ExchangeError(.badRequest, "not an id of a simulated node") }
        return try await network.carry(from: community, to: peer.community, before: context.deadline) {
            exchange throws(ExchangeError) in
            let found = try await exchange.findDocuments(of: id, matching: query, for: context)
            var entries: [DocumentEntry] = []
            for reference in found.references { entries.append(try DocumentEntry(reference: reference)) }
            try await network.depart(
                .documents(entries.map(\.id)), from: peer.community, for: context,
                tickets: found.ticket.map { [$0] } ?? [])
            return PeerDocuments(entries)
        }
    }

    package func findLists(
        of patient: String, matching query: ListQuery, withDocuments: Bool, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> PeerLists {
        let context = atPeer(context)
        guard let id = PatientID(patient) else { throw ExchangeError(.badRequest, "not an id of a simulated node") }
        return try await network.carry(from: community, to: peer.community, before: context.deadline) {
            exchange throws(ExchangeError) in
            let found = try await exchange.findLists(of: id, matching: query, for: context)
            var lists: [RegisteredList] = []
            var documents: [DocumentID: DocumentEntry] = [:]
            for row in found.rows {
                if let list = try ForeignListMapping.list(row.resource, of: patient, at: peer.community) { lists.append(list) }
                for document in row.documents { documents[document.id] = try DocumentEntry(reference: document.reference) }
            }
            try await network.depart(
                .documents(documents.keys.sorted()), from: peer.community, for: context,
                tickets: found.ticket.map { [$0] } ?? [])
            return PeerLists(lists, documents: withDocuments ? documents.keys.sorted().compactMap { documents[$0] } : [])
        }
    }

    package func retrieve(_ document: DocumentEntry, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerContent
    {
        let context = atPeer(context)
        return try await network.carry(from: community, to: peer.community, before: context.deadline) {
            exchange throws(ExchangeError) in
            let found = try await exchange.retrieveDocument(document.id, for: context)
            try await network.depart(
                .content(document.id), from: peer.community, for: context, tickets: [found.ticket])
            return PeerContent(
                mimeType: found.mimeType, size: found.bytes.count, body: DocumentStream(found.bytes))
        }
    }

    package func offer(_ statement: String, to peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> String
    {
        let context = atPeer(context)
        return try await network.carry(from: community, to: peer.community, before: context.deadline) {
            exchange throws(ExchangeError) in
            let answered = try await exchange.receiveStatement(statement, for: context)
            defer { for ticket in answered.tickets { ticket.end() } }
            return answered.receipt
        }
    }

    package func pendingStatements(receipts: [String], at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> [String]
    {
        let context = atPeer(context)
        return try await network.carry(from: community, to: peer.community, before: context.deadline) {
            exchange throws(ExchangeError) in
            try await exchange.pendingStatements(receipts: receipts, for: context)
        }
    }

    package func preview(_ draft: ConsentDraft, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> ConsentPreview
    {
        let context = atPeer(context)
        let read = try ConsentDraft(json: draft.json)
        return try await network.carry(from: community, to: peer.community, before: context.deadline) {
            exchange throws(ExchangeError) in
            let answered = try await exchange.previewConsent(read, for: context)
            defer { for ticket in answered.tickets { ticket.end() } }
            return answered.preview
        }
    }
}

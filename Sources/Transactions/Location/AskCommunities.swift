import DocumentExchange
import ExchangeCore
import Logging
import PatientIndex
import RecordLocation
import XDSMetadata

extension Exchange {
    /// Conducts the searches that requests begin, until cancelled: a search goes on after its requester stopped waiting.
    package func conductSearches() async {
        searches.setRunning(true)
        defer { searches.setRunning(false) }
        await withDiscardingTaskGroup { group in
            for await search in searches.begun { group.addTask { await conduct(search) } }
        }
    }

    /// Asks everybody a search is to ask, so many at a time; each gets its line, whatever happens.
    func conduct(_ search: RecordSearch) async {
        let time = search.context.deadline - search.started
        await withTaskGroup(of: RecordSearch.Answer.self) { group in
            var waiting = search.peers[...]
            for peer in waiting.prefix(settings.limits.fanOutMax) {
                group.addTask { await ask(peer, for: search) }
            }
            waiting = waiting.dropFirst(settings.limits.fanOutMax)
            for await answer in group {
                search.add(answer)
                guard let next = waiting.popFirst() else { continue }
                // A question that begins with less than two fifths of the time left would mostly be asked in vain.
                if (search.context.deadline - world.uptime()) * 5 > time * 2 {
                    group.addTask { await ask(next, for: search) }
                } else {
                    for peer in [next] + waiting { search.add(line(peer, .skipped(.noTime), since: world.uptime())) }
                    waiting = []
                }
            }
        }
        search.end()
        searches.trim()
    }

    private func line(_ peer: PeerNode, _ state: CommunityAnswer.State, since started: Duration) -> RecordSearch.Answer {
        RecordSearch.Answer(
            line: CommunityAnswer(
                community: peer.community, name: peer.name, state: state, elapsed: world.uptime() - started))
    }

    private func ask(_ peer: PeerNode, for search: RecordSearch) async -> RecordSearch.Answer {
        let started = world.uptime()
        do throws(AskingFailure) {
            let found = try await found(at: peer, for: search)
            var answer = line(peer, found.state, since: started)
            (answer.documents, answer.lists) = (found.documents, found.lists)
            return answer
        } catch {
            switch error {
            case .breakerOpen: return line(peer, .breakerOpen, since: started)
            case .busy: return line(peer, .skipped(.busy), since: started)
            case .failed(let error):
                logger.warning(
                    "a peer gave no answer",
                    metadata: [
                        "peer.community": "\(peer.community)", "error.code": "\(error.code.rawValue)",
                        "error": "\(error.message)", "trace_id": "\(search.context.traceID)",
                    ])
                return line(peer, Self.gap(error), since: started)
            }
        }
    }

    /// Who the patient is there, then what was asked for; as it was remembered when it said so a short while ago.
    private func found(at peer: PeerNode, for search: RecordSearch) async throws(AskingFailure) -> FoundElsewhere {
        let patient = search.person.id
        let asked = Self.correlationKey(search.person)
        let known = searches.with { [now = world.uptime()] in
            $0.correlations.known(patient, at: peer.community, for: asked, now: now)
        }
        if let known {
            let found = try await find(known, at: peer, for: search)
            if found.state != .none { return found }
            // Nothing there any more, or nothing of this kind: who the patient is there may have changed.
            searches.with { $0.correlations.drop(patient, at: peer.community) }
        }
        switch try await request(to: peer, for: search.context, { [peers] peer, context throws(ExchangeError) in
            try await peers.match(search.person, at: peer, for: context)
        }) {
        case .none: return FoundElsewhere(state: .none)
        case .ambiguous(let needs): return FoundElsewhere(state: .ambiguous(needs: needs))
        case .one(let theirs):
            searches.with { [now = world.uptime()] in
                $0.correlations.note(patient, at: peer.community, is: theirs, for: asked, now: now)
            }
            return try await find(theirs, at: peer, for: search)
        }
    }

    private func find(_ theirs: String, at peer: PeerNode, for search: RecordSearch)
        async throws(AskingFailure) -> FoundElsewhere
    {
        let found: FoundElsewhere
        switch search.question.asked {
        case .documents(let query):
            let shown = try await request(to: peer, for: search.context) { [peers] peer, context throws(ExchangeError) in
                try await peers.findDocuments(of: theirs, matching: query, at: peer, for: context)
            }
            found = FoundElsewhere(count: shown.entries.count, isIncomplete: shown.isIncomplete, documents: shown.entries)
        case .lists(let query, let withDocuments):
            guard let shown = try await lists(of: theirs, matching: query, withDocuments, at: peer, for: search.context) else {
                return FoundElsewhere(state: .skipped(.noLists))
            }
            found = FoundElsewhere(
                count: shown.lists.count, isIncomplete: shown.isIncomplete, documents: shown.documents, lists: shown.lists)
        }
        // T9: a peer speaks for its own community alone; anything else voids the whole answer.
        guard found.documents.allSatisfy({ $0.home == peer.community }) else {
            throw .failed(ExchangeError(.badRequest, "the peer answered for another community"))
        }
        shown.note(found.documents, of: search.person.id, now: world.uptime())
        return found
    }

    /// The lists that a community shows; nil when its node has no such question. One that has answers about everybody, also
    /// about those it does not know.
    private func lists(
        of theirs: String, matching query: ListQuery, _ withDocuments: Bool, at peer: PeerNode, for context: AccessContext,
    ) async throws(AskingFailure) -> PeerLists? {
        do throws(AskingFailure) {
            return try await request(to: peer, for: context) { [peers] peer, context throws(ExchangeError) in
                try await peers.findLists(of: theirs, matching: query, withDocuments: withDocuments, at: peer, for: context)
            }
        } catch {
            guard case .failed(let reason) = error, reason.code == .notFound else { throw error }
            return nil
        }
    }

    /// What a remembered answer to "who is this?" was an answer to: all that was said of the patient.
    static func correlationKey(_ person: PatientRecord) -> Int {
        var hasher = Hasher()
        hasher.combine(person.identifiers)
        hasher.combine(person.demographics)
        return hasher.finalize()
    }

    /// One question to one community: its first endpoint at once; another one when the first takes longer than it usually
    /// does, or when no connection came about. The first answer counts, the others are cancelled.
    func request<Answer: Sendable>(
        to peer: PeerNode, for context: AccessContext,
        _ question: @escaping @Sendable (PeerNode, AccessContext) async throws(ExchangeError) -> Answer,
    ) async throws(AskingFailure) -> Answer {
        let bases: [String]
        switch searches.with({ [now = world.uptime()] in
            $0.conditions.enter(peer.community, endpoints: [peer.fhirBase] + peer.alternates, at: now)
        }) {
        case .ask(let usable): bases = usable
        case .busy: throw .busy
        case .breakerOpen:
            searches.with { $0.tally.spared += 1 }
            throw .breakerOpen
        }
        defer { searches.with { $0.conditions.left(peer.community) } }
        let attempts = PeerAttempts(world: world, searches: searches, bases: bases)
        let outcome = await attempts.first { base async -> Result<Answer, ExchangeError> in
            do throws(ExchangeError) {
                return .success(try await question(peer.at(base), context))
            } catch {
                return .failure(error)
            }
        }
        do { return try outcome.get() } catch { throw .failed(error) }
    }

    static func gap(_ error: ExchangeError) -> CommunityAnswer.State {
        switch error.code {
        case .timeout: .timedOut
        case .forbidden, .unauthenticated: .denied
        case .notFound, .gone, .unknownPatient: .none
        case .badRequest, .conflict, .tooLarge, .unavailable, .corrupted, .internal: .unreachable
        }
    }
}

/// Why a community gave no answer.
enum AskingFailure: Error {
    /// It was asked, and this came of it.
    case failed(ExchangeError)
    /// It was left alone.
    case breakerOpen
    /// Too much is under way to it.
    case busy
}

/// What one community said, and showed.
private struct FoundElsewhere {
    let state: CommunityAnswer.State
    var documents: [DocumentEntry] = []
    var lists: [RegisteredList] = []

    init(state: CommunityAnswer.State) { self.state = state }

    init(count: Int, isIncomplete: Bool, documents: [DocumentEntry], lists: [RegisteredList] = []) {
        state = isIncomplete ? .incomplete(count) : count == 0 ? .none : .answered(count)
        self.documents = documents
        self.lists = lists
    }
}

import ExchangeCore
import RecordLocation
import Synchronization

/// What a node remembers of its questions to others: searches under way or just ended, who its patients are elsewhere,
/// and how others' endpoints behave. Nothing in it is durable.
package final class RecordSearches: Sendable {
    /// Searches kept of one asker; the oldest goes.
    static let perAskerMax = 16
    /// Documents kept in all searches together; the oldest searches go.
    static let documentsMax = 50_000

    struct State {
        var conditions: PeerConditions
        var correlations: Correlations<Int>
        var tally = AskingTally()
        var shares: FairShare<String>
        fileprivate var kept: [RecordSearch] = []
    }

    /// Searches to be conducted by `Exchange.conductSearches`.
    let begun: AsyncStream<RecordSearch>
    private let beginning: AsyncStream<RecordSearch>.Continuation
    private let state: Mutex<State>
    private let running = Atomic(false)

    /// Nothing remembered.
    package init(policy: AskingPolicy, limits: ExchangeLimits) {
        (begun, beginning) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(4096))
        state = Mutex(
            State(
                conditions: PeerConditions(policy: policy),
                correlations: Correlations(age: policy.correlationAge),
                // Whoever floods leaves half of the places to others.
                shares: FairShare(totalMax: limits.searchesMax, perAskerMax: max(1, limits.searchesMax / 2))))
    }

    /// What questions to others have cost so far.
    package var tally: AskingTally { state.withLock(\.tally) }

    func with<Value: Sendable>(_ work: (inout sending State) -> sending Value) -> Value { state.withLock(work) }

    /// Whether somebody conducts searches beside the requests that begin them.
    var isRunning: Bool { running.load(ordering: .relaxed) }

    func setRunning(_ isRunning: Bool) { running.store(isRunning, ordering: .relaxed) }

    /// Hands a search to whoever conducts them; false when nobody does, and the caller must.
    func hand(_ search: RecordSearch) -> Bool {
        guard isRunning else { return false }
        if case .dropped(let dropped) = beginning.yield(search) { dropped.end() }
        return true
    }

    /// Keeps a search for whoever goes on with it.
    func keep(_ search: RecordSearch, now: Duration) {
        state.withLock { state in
            state.kept.removeAll { $0.context.deadline <= now }
            let own = state.kept.filter { $0.question.user == search.question.user }
            if own.count >= Self.perAskerMax, let oldest = own.first { state.kept.removeAll { $0 === oldest } }
            state.kept.append(search)
        }
    }

    /// Lets the oldest searches go when all together hold too many documents.
    func trim() {
        state.withLock { state in
            var total = state.kept.reduce(0) { $0 + $1.documentsHeld }
            while total > Self.documentsMax, !state.kept.isEmpty { total -= state.kept.removeFirst().documentsHeld }
        }
    }

    /// The search of that token, when the same asker goes on with the same question and what it holds may still be shown.
    func resume(_ token: String, _ question: RecordSearch.Question, now: Duration) -> RecordSearch? {
        state.withLock { state in
            state.kept.first { $0.token.utf8.elementsEqual(token.utf8) }
                .flatMap { $0.question == question && now < $0.context.deadline ? $0 : nil }
        }
    }

    /// Lets a search go: what it holds does not hold any more.
    func drop(_ search: RecordSearch) { state.withLock { $0.kept.removeAll { $0 === search } } }

    /// The communities that know one of some records, as far as is remembered.
    func communities(knowing patients: [PatientID], now: Duration) -> Set<CommunityID> {
        state.withLock { state in
            patients.reduce(into: []) { $0.formUnion(state.correlations.communities(knowing: $1, now: now)) }
        }
    }

    /// Forgets who a patient is elsewhere, and what was found of it.
    func forget(_ patient: PatientID) {
        state.withLock { state in
            state.correlations.drop(patient)
            state.kept.removeAll { $0.question.patient == patient }
        }
    }
}

extension Exchange {
    /// Forgets what other communities have said of a patient.
    func forget(elsewhere patient: PatientID) {
        searches.forget(patient)
        shown.forget(patient)
    }
}

/// What questions to other communities have cost since the node started.
package struct AskingTally: Hashable, Sendable {
    /// First requests to communities.
    package var first = 0
    /// Second requests because the first was slow.
    package var hedged = 0
    /// Requests repeated after a failed connection.
    package var repeated = 0
    /// Communities left alone because their breakers were open.
    package var spared = 0

    /// Nothing asked yet.
    package init() {}
}

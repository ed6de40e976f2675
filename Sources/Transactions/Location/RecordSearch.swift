import DocumentExchange
import ExchangeCore
import PatientIndex
import RecordLocation
import Synchronization
import XDSMetadata

/// One question across communities while it is asked, and for a while after: what came of it so far.
///
/// Whoever asked may stop waiting before the last community has answered; what comes later is kept here for whoever goes
/// on with the same question. It holds patients' data, in memory alone.
package final class RecordSearch: Sendable {
    /// What is asked.
    enum Asked: Hashable, Sendable {
        /// ITI-67.
        case documents(DocumentQuery)
        /// ITI-66, with the documents in the lists where they are wanted.
        case lists(ListQuery, withDocuments: Bool)
    }

    /// Who asks what: only the same asker with the same question may go on with a search.
    struct Question: Hashable, Sendable {
        let user: String
        let organization: String
        let role: String?
        let purpose: String?
        let reason: String?
        let patient: PatientID
        let asked: Asked
        let only: Set<CommunityID>?
        let scope: AskingScope
    }

    /// What one community said, and showed.
    struct Answer: Sendable {
        let line: CommunityAnswer
        var documents: [DocumentEntry] = []
        var lists: [RegisteredList] = []
    }

    private struct State {
        var answers: [Answer] = []
        var isOver = false
        var waiting: [UInt64: (beyond: Int, wake: CheckedContinuation<Void, Never>)] = [:]
        var nextWaiter: UInt64 = 0
    }

    /// Names the search to whoever asked; 128 random bits.
    package let token: String
    let question: Question
    /// The patient's own registration, with which others are asked.
    let person: PatientRecord
    /// On whose behalf, and until when others are asked.
    let context: AccessContext
    /// The consent in force when it began: word of a refusal that came since voids it.
    let position: UInt64
    let begun: Timestamp
    let started: Duration
    /// Whom to ask, in this order.
    let peers: [PeerNode]
    /// A line for everybody who is not asked.
    let unasked: [CommunityAnswer]
    /// The root of the directory it was planned by.
    let directory: String
    private let state = Mutex(State())

    init(
        token: String, question: Question, person: PatientRecord, context: AccessContext, position: UInt64,
        begun: Timestamp, started: Duration, peers: [PeerNode], unasked: [CommunityAnswer], directory: String,
    ) {
        self.token = token
        self.question = question
        self.person = person
        self.context = context
        self.position = position
        self.begun = begun
        self.started = started
        self.peers = peers
        self.unasked = unasked
        self.directory = directory
    }

    /// A community's answer has come.
    func add(_ answer: Answer) {
        let woken = state.withLock { state in
            state.answers.append(answer)
            return Self.due(&state)
        }
        for waiter in woken { waiter.resume() }
    }

    /// Nobody is asked any more.
    func end() {
        let woken = state.withLock { state in
            state.isOver = true
            return Self.due(&state)
        }
        for waiter in woken { waiter.resume() }
    }

    private static func due(_ state: inout State) -> [CheckedContinuation<Void, Never>] {
        let due = state.waiting.filter { state.isOver || state.answers.count > $0.value.beyond }.keys.sorted()
        return due.compactMap { state.waiting.removeValue(forKey: $0)?.wake }
    }

    /// How many documents it holds, lists counted as the documents that they name.
    var documentsHeld: Int {
        state.withLock { $0.answers.reduce(0) { $0 + $1.documents.count + $1.lists.reduce(0) { $0 + 1 + $1.members.count } } }
    }

    /// How many communities have answered, and whether that is all.
    var progress: (answered: Int, isOver: Bool) { state.withLock { ($0.answers.count, $0.isOver) } }

    /// What has come, in the order it came: the first `count` answers, or all.
    ///
    /// A community that has not answered by then has its line too.
    func answers(first count: Int = .max, at now: Duration) -> (answers: [Answer], lines: [CommunityAnswer]) {
        let answers = state.withLock { Array($0.answers.prefix(count)) }
        var missing = Dictionary(uniqueKeysWithValues: peers.map { ($0.community, $0) })
        for answer in answers { missing[answer.line.community] = nil }
        let silent = missing.values.map {
            CommunityAnswer(community: $0.community, name: $0.name, state: .timedOut, elapsed: now - started)
        }
        return (answers, answers.map(\.line) + silent + unasked)
    }

    /// Returns once more than `seen` communities have answered, or all that will, or at the deadline.
    func wait(beyond seen: Int, until deadline: Duration, world: World) async {
        guard !state.withLock({ $0.isOver || $0.answers.count > seen }) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.change(beyond: seen) }
            group.addTask { try? await world.sleep(deadline - world.uptime()) }
            await group.next()
            group.cancelAll()
        }
    }

    private func change(beyond seen: Int) async {
        let number = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { wake in
                let isDue = state.withLock { state in
                    guard !state.isOver, state.answers.count <= seen, !Task.isCancelled else { return true }
                    state.waiting[number] = (seen, wake)
                    return false
                }
                if isDue { wake.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.wake.resume()
        }
    }
}

import ExchangeCore
import Synchronization

/// What a node remembers while consent follows its patients: agenda and contacts behind a lock, and the loop's alarm.
///
/// Nothing in it is durable: the journal says what was recorded and received, and the projection what is still missing.
package final class ConsentFollowing: Sendable {
    struct Announcement: Hashable {
        let directive: DirectiveID
        let version: Int
        let community: CommunityID
    }

    struct State {
        var agenda: DeliveryAgenda
        var contacts: PeerContacts
        var asked: [(community: CommunityID, patient: PatientID)] = []
        var announced: Set<Announcement> = []
        /// Until then no community has to be asked before a peer is answered; spares each question the directory.
        private(set) var quietUntil = Duration.zero
        private(set) var losses: UInt64 = 0

        /// What was known of others is not known any more.
        mutating func disquiet() {
            quietUntil = .zero
            losses += 1
        }

        /// Nothing is due until then, unless something was lost since that was found out.
        mutating func rest(until moment: Duration, since known: UInt64) {
            if losses == known { quietUntil = moment }
        }
    }

    /// Rings when something may be due.
    package let alarm: AsyncStream<Void>
    private let bell: AsyncStream<Void>.Continuation
    private let state: Mutex<State>
    private let running = Atomic(false)

    /// Nothing remembered.
    package init(limits: ExchangeLimits) {
        (alarm, bell) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(
            State(
                agenda: DeliveryAgenda(rescanInterval: .seconds(limits.consentReofferSeconds)),
                contacts: PeerContacts(ageMax: .seconds(limits.contactSecondsMax))))
    }

    /// Whether somebody offers what is recorded (`Exchange.followPatients`); without, no receipt ever comes.
    var isRunning: Bool { running.load(ordering: .relaxed) }

    func setRunning(_ isRunning: Bool) { running.store(isRunning, ordering: .relaxed) }

    /// Reads or changes what is remembered.
    func with<Value: Sendable>(_ work: (inout sending State) -> sending Value) -> Value { state.withLock(work) }

    /// Has the loop look whether something is due.
    package func ring() { bell.yield() }

    /// A directive was recorded or changed here.
    func recorded(_ directive: DirectiveID) {
        state.withLock { $0.agenda.recorded(directive) }
        ring()
    }

    /// A community was heard of: what waits for it is due, and what waits there is fetched.
    func heard(_ community: CommunityID) {
        let wasLost = state.withLock { state in
            state.agenda.contacted(community)
            state.disquiet()
            return state.contacts.heard(community)
        }
        if wasLost { ring() }
    }

    /// A community did not answer.
    func lost(_ community: CommunityID) {
        state.withLock { state in
            state.contacts.lost(community)
            state.disquiet()
        }
    }

    /// Somebody came, or answers elsewhere.
    func directoryChanged() {
        state.withLock { $0.disquiet() }
        ring()
    }

    /// A community asked about a patient: if a directive found nobody there before, it may now.
    func asked(_ community: CommunityID, about patient: PatientID) {
        state.withLock { state in
            guard state.asked.count < 1024,
                !state.asked.contains(where: { $0.community == community && $0.patient == patient })
            else { return }
            state.asked.append((community, patient))
        }
        ring()
    }

    /// Whether an offer is new, and so has to be journaled before it is made; notes that it is.
    func announce(_ announcement: Announcement) -> Bool {
        state.withLock { state in
            // Bounded memory: forgetting means that an offer is journaled once more.
            if state.announced.count >= 100_000 { state.announced = [] }
            return state.announced.insert(announcement).inserted
        }
    }
}

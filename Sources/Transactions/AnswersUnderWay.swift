import ExchangeCore
import Synchronization

/// The answers about patients that have been decided but have not left the node yet.
///
/// A revocation is acknowledged only when the answers that it overtook have left or been cut (promise 2). An answer is
/// begun before its entry is written and ended by the edge once its last byte has gone; a revocation drains.
package final class AnswersUnderWay: Sendable {
    private struct State {
        var nextTicket: UInt64 = 0
        var tickets: [PatientID: [UInt64: Ticket]] = [:]
        var waiting: [(tickets: Set<UInt64>, wake: CheckedContinuation<Void, Never>)] = []
        /// Who was shown something, and until when (uptime) they may be passing it on.
        var shown: [PatientID: [CommunityID: Duration]] = [:]

        func isOpen(_ ticket: Ticket) -> Bool {
            ticket.patients.first.map { tickets[$0]?[ticket.number] != nil } ?? false
        }
    }

    /// Patients whose showings are kept before those that are over are looked for among all.
    private static let shownMax = 4096

    /// One answer on its way out.
    package final class Ticket: Sendable {
        let number: UInt64
        let patients: [PatientID]
        private let owner: AnswersUnderWay
        private let state = Mutex((isCut: false, stop: (@Sendable () -> Void)?.none))

        init(number: UInt64, patients: [PatientID], owner: AnswersUnderWay) {
            self.number = number
            self.patients = patients
            self.owner = owner
        }

        /// True once the answer may send no further byte: the edge closes the connection instead.
        package var isCut: Bool { state.withLock { $0.isCut } }

        /// To be called before the first byte is sent: what to do at once when the answer is cut.
        ///
        /// From then on a revocation that cuts the answer waits for `end` as well: until the sender has stopped, bytes
        /// that wait in a buffer could still leave.
        package func onCut(_ stop: @escaping @Sendable () -> Void) {
            let isLate = state.withLock { state in
                state.stop = stop
                return state.isCut
            }
            if isLate { stop() }
        }

        /// To be called when the last byte has left, or will never be sent. Safe to call twice.
        package func end() { owner.end(self) }

        /// Cuts the answer; true when somebody is sending it, who has been told and will end it.
        func cutOff() -> Bool {
            let stop = state.withLock { state in
                state.isCut = true
                return state.stop
            }
            stop?()
            return stop != nil
        }
    }

    private let state = Mutex(State())

    /// No answers under way.
    package init() {}

    /// Notes an answer about a person's records; the caller sees to it that `end` is called on every path.
    func begin(_ patients: [PatientID]) -> Ticket {
        state.withLock { state in
            state.nextTicket += 1
            let ticket = Ticket(number: state.nextTicket, patients: patients, owner: self)
            for patient in patients { state.tickets[patient, default: [:]][ticket.number] = ticket }
            return ticket
        }
    }

    /// Returns when every answer about one of the records that is under way now has left; cuts those that take longer than
    /// that, and waits until their senders have stopped.
    func drain(_ patients: [PatientID], atMost limit: Duration, world: World) async {
        let pending = state.withLock { state in
            patients.reduce(into: [UInt64: Ticket]()) { $0.merge(state.tickets[$1] ?? [:]) { first, _ in first } }
        }
        guard !pending.isEmpty else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.wait(for: pending) }
            group.addTask {
                guard (try? await world.sleep(limit)) != nil else { return }
                self.cut(pending)
            }
            await group.next()
            group.cancelAll()
        }
    }

    /// Notes that another community was shown documents, which it may be passing on to its own user until some moment.
    ///
    /// To be called before the ticket of that answer ends, so that whoever drains the patient finds it.
    func show(_ patients: [PatientID], to community: CommunityID, until deadline: Duration, now: Duration) {
        state.withLock { state in
            for patient in patients {
                let known = state.shown[patient]?[community] ?? deadline
                state.shown[patient, default: [:]][community] = max(known, deadline)
            }
            guard state.shown.count > Self.shownMax else { return }
            state.shown = state.shown.filter { $0.value.values.contains { $0 > now } }
        }
    }

    /// The communities that may still be passing on what they were shown about a patient, each with its moment.
    func passingOn(_ patient: PatientID, now: Duration) -> [CommunityID: Duration] {
        state.withLock { state in
            let open = (state.shown[patient] ?? [:]).filter { $0.value > now }
            state.shown[patient] = open.isEmpty ? nil : open
            return open
        }
    }

    private func wait(for tickets: [UInt64: Ticket]) async {
        await withCheckedContinuation { wake in
            let done = state.withLock { state in
                let open = Set(tickets.values.filter { state.isOpen($0) }.map(\.number))
                guard !open.isEmpty else { return true }
                state.waiting.append((open, wake))
                return false
            }
            if done { wake.resume() }
        }
    }

    /// Answers cut before anybody sends them send nothing any more, so they count as gone.
    private func cut(_ tickets: [UInt64: Ticket]) {
        let late = state.withLock { state in tickets.values.filter { state.isOpen($0) } }
        for ticket in late where !ticket.cutOff() { end(ticket) }
    }

    private func end(_ ticket: Ticket) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard state.isOpen(ticket) else { return [] }
            for patient in ticket.patients {
                state.tickets[patient]?[ticket.number] = nil
                if state.tickets[patient]?.isEmpty == true { state.tickets[patient] = nil }
            }
            var woken: [CheckedContinuation<Void, Never>] = []
            state.waiting = state.waiting.compactMap { waiter in
                var waiter = waiter
                waiter.tickets.remove(ticket.number)
                guard waiter.tickets.isEmpty else { return waiter }
                woken.append(waiter.wake)
                return nil
            }
            return woken
        }
        for wake in woken { wake.resume() }
    }
}

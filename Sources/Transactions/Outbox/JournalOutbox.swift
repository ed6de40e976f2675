import ExchangeCore
import Journal
import Logging
import Synchronization

/// Sends what the journal gives rise to, to one receiver: the journal is the outbox, so nothing is lost that was recorded;
/// what is kept of its own is how far it has come.
///
/// Parcels leave in the order of the journal, each again until it was answered or is given up. After a `kill -9` those of at
/// most one batch are sent again, or of one entry.
package final class JournalOutbox<Courier: OutboxCourier>: Sendable {
    /// How patient it is.
    package struct Terms: Sendable {
        /// Entries between two places that are kept.
        package var batch = 32
        /// Whether the place is kept after each parcel, so that after a kill no more than one entry's are sent again.
        package var keepsEach = false
        /// How long it waits before it looks again, where nothing is new.
        package var idle = Duration.milliseconds(250)
        /// The longest pause between two tries.
        package var pauseMax = Duration.seconds(60)
        /// The age at which a parcel that was tried is given up; nil never.
        package var patience: Duration?
        /// Whether what is not delivered is kept by name, to be sent again when an administrator asks.
        package var keepsUndelivered = false

        /// The usual terms: one batch of 32, and no end to patience.
        package init() {}
    }

    private static var pauseMin: Duration { .seconds(1) }
    /// Entries that give rise to nothing, after which the place is kept all the same.
    private static var silentMax: UInt64 { 4096 }

    private let courier: Courier
    private let store: any OutboxStore
    private let terms: Terms
    private let state: Mutex<OutboxStatus?> = Mutex(nil)

    /// An outbox to one receiver.
    package init(_ courier: Courier, store: any OutboxStore, terms: Terms = Terms()) {
        self.courier = courier
        self.store = store
        self.terms = terms
    }

    /// How it fares; nil before it began.
    package var status: OutboxStatus? { state.withLock { $0 } }

    /// Has something undelivered sent again, once what is being sent has been; false when there is no such parcel.
    package func askAgain(_ id: String) -> Bool {
        state.withLock { state in
            guard let at = state?.place.undelivered.firstIndex(where: { $0.id == id }) else { return false }
            state?.place.undelivered[at].isAsked = true
            return true
        }
    }

    /// Sends what the journal holds and goes on to hold, until cancelled or nothing more is wanted. Throws when the place
    /// cannot be read or kept.
    ///
    /// - Parameters:
    ///   - origin: the log's name. In one that was begun anew after a loss, or in an older copy of it, it goes on from where
    ///     it was or from `start`, whichever comes first.
    ///   - start: where a receiver begins that has no place yet.
    package func run(_ exchange: Exchange, origin: String, from start: JournalPosition) async throws(ExchangeError) {
        var place = try await store.place() ?? OutboxPlace(origin: origin, entry: start)
        if place.origin != origin || place.entry > exchange.journal.size {
            place = OutboxPlace(origin: origin, entry: min(place.entry, start))
        }
        try await store.keep(place)
        var kept = place.entry
        state.withLock { $0 = OutboxStatus(receiver: courier.receiver, place: place) }
        while !Task.isCancelled {
            do throws(ExchangeError) {
                if let asked = now.undelivered.first(where: \.isAsked) {
                    guard try await sendAgain(asked, exchange) else { return try await store.keep(now) }
                    continue
                }
                guard now.entry < exchange.journal.size else {
                    do { try await exchange.world.sleep(terms.idle) } catch {
                        if now.entry != kept { try await store.keep(now) }
                        return
                    }
                    continue
                }
                let (parcels, next) = try await courier.parcels(from: now.entry, limit: terms.batch)
                for (index, parcel) in parcels.enumerated() {
                    change { $0.entry = parcel.entry }
                    guard let verdict = await deliver(parcel, exchange) else { return try await store.keep(now) }
                    settle(parcel, verdict, exchange)
                    guard terms.keepsEach else { continue }
                    let isLast = index + 1 == parcels.count || parcels[index + 1].entry != parcel.entry
                    if isLast { change { $0.entry = parcel.entry + 1 } }
                    try await store.keep(now)
                }
                change { $0.entry = next }
                guard !parcels.isEmpty || next - kept >= Self.silentMax else { continue }
                try await store.keep(now)
                kept = next
            } catch where error.code == .gone {
                return
            }
        }
    }

    private var now: OutboxPlace { state.withLock { $0?.place } ?? OutboxPlace(origin: "") }

    private func change(_ body: (inout OutboxPlace) -> Void) {
        state.withLock { state in
            guard state != nil else { return }
            state.withPlace(body)
        }
    }

    private func settle(_ parcel: Parcel<Courier.Content>, _ verdict: OutboxVerdict, _ exchange: Exchange) {
        switch verdict {
        case .taken: change { $0.delivered += 1 }
        case .withheld: break
        case .refused(let why), .later(let why):
            exchange.logger.warning(
                "something was not delivered; it stays in the journal",
                metadata: ["receiver": "\(courier.receiver)", "entry": "\(parcel.entry).\(parcel.part)", "because": "\(why)"])
            let keeps = terms.keepsUndelivered
            let lost = UndeliveredParcel(entry: parcel.entry, part: parcel.part, time: exchange.world.now(), reason: why)
            change { if keeps { $0.note(lost) } else { $0.refused += 1 } }
        }
    }

    /// Sends something that an administrator asked for; false when cancelled.
    private func sendAgain(_ asked: UndeliveredParcel, _ exchange: Exchange) async throws(ExchangeError) -> Bool {
        let found = try await courier.parcels(from: asked.entry, limit: 1).parcels
        let parcel = found.first { $0.entry == asked.entry && $0.part == asked.part }
        if let parcel {
            guard let verdict = await deliver(parcel, exchange, isOnce: true) else { return false }
            change { $0.undelivered.removeAll { $0.id == asked.id } }
            settle(parcel, verdict, exchange)
        } else {
            // Erased meanwhile: there is nothing to be sent.
            change { $0.undelivered.removeAll { $0.id == asked.id } }
        }
        try await store.keep(now)
        return true
    }

    /// Sends one until it is taken, refused for good or given up; nil when cancelled.
    private func deliver(
        _ parcel: Parcel<Courier.Content>, _ exchange: Exchange, isOnce: Bool = false,
    ) async -> OutboxVerdict? {
        var pause = Self.pauseMin
        let number = now.delivered + 1
        while !Task.isCancelled {
            let verdict = await courier.send(parcel, number: number)
            guard case .later(let why) = verdict else {
                mend(exchange)
                return verdict
            }
            if isOnce { return verdict }
            if let patience = terms.patience, parcel.recorded + patience <= exchange.world.now() {
                return .refused("given up after \(patience.components.seconds / 3600) h: \(why)")
            }
            fail(why, pause, exchange)
            do { try await exchange.world.sleep(pause) } catch { return nil }
            pause = min(pause * 2, terms.pauseMax)
        }
        return nil
    }

    private func fail(_ why: String, _ pause: Duration, _ exchange: Exchange) {
        let now = exchange.world.now()
        let isNew = state.withLock { state in
            defer {
                if state?.failingSince == nil { state?.failingSince = now }
                state?.failure = why
                state?.nextTry = now + pause
            }
            return state?.failure != why
        }
        guard isNew else { return }
        exchange.logger.warning(
            "what is to be sent waits for its receiver", metadata: ["receiver": "\(courier.receiver)", "because": "\(why)"])
    }

    private func mend(_ exchange: Exchange) {
        let wasFailing = state.withLock { state in
            defer {
                state?.failingSince = nil
                state?.failure = nil
                state?.nextTry = nil
            }
            return state?.failingSince != nil
        }
        if wasFailing { exchange.logger.notice("the receiver takes again", metadata: ["receiver": "\(courier.receiver)"]) }
    }
}

extension OutboxStatus? {
    fileprivate mutating func withPlace(_ body: (inout OutboxPlace) -> Void) {
        if var status = self {
            body(&status.place)
            self = status
        }
    }
}

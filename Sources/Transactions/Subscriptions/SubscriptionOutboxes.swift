import ExchangeCore
import Synchronization

/// The outboxes of the subscriptions in force, for those who show how each fares.
package final class SubscriptionOutboxes: Sendable {
    private let running = Mutex<[SubscriptionID: JournalOutbox<SubscriptionCourier>]>([:])

    /// None yet.
    package init() {}

    /// From now on this one sends.
    package func begin(_ id: SubscriptionID, _ outbox: JournalOutbox<SubscriptionCourier>) { running.withLock { $0[id] = outbox } }

    /// It sends no more.
    package func end(_ id: SubscriptionID) { running.withLock { $0[id] = nil } }

    /// Whether one sends.
    package func contains(_ id: SubscriptionID) -> Bool { running.withLock { $0[id] != nil } }

    /// How each fares, by id.
    package var status: [(id: SubscriptionID, status: OutboxStatus)] {
        running.withLock { $0 }.sorted { $0.key < $1.key }.compactMap { id, outbox in outbox.status.map { (id, $0) } }
    }

    /// Has something undelivered sent again; false when there is no such parcel.
    package func askAgain(_ receiver: String, _ parcel: String) -> Bool {
        running.withLock { $0.values.first { $0.status?.receiver == receiver } }?.askAgain(parcel) ?? false
    }

    /// FHIR's word for how one fares, and why not; nil error while it does.
    func word(_ subscription: DocumentSubscription, now: Timestamp) -> (status: String, error: String?) {
        guard subscription.isInForce(at: now) else { return ("off", nil) }
        guard let status = running.withLock({ $0[subscription.id]?.status }) else { return ("requested", nil) }
        if let failure = status.failure { return ("error", failure) }
        return (status.place.delivered > 0 ? "active" : status.place.refused > 0 ? "error" : "requested", nil)
    }
}

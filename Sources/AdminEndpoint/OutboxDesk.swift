import ExchangeCore
import JSON
import Journal
import Transactions

/// What the administrator sees and does of a node's outboxes; ExchangeNode fills it in.
package struct OutboxDesk: Sendable {
    /// How each fares.
    package let status: @Sendable () -> [OutboxStatus]
    /// Has something undelivered sent again, by receiver and id; false when there is none such.
    package let again: @Sendable (_ receiver: String, _ id: String) -> Bool

    /// A desk; of a node without outboxes unless told otherwise.
    package init(
        status: @escaping @Sendable () -> [OutboxStatus] = { [] },
        again: @escaping @Sendable (String, String) -> Bool = { _, _ in false },
    ) {
        self.status = status
        self.again = again
    }

    /// How each fares, all subscriptions as one: names that are bounded, for figures.
    package var summary: [OutboxStatus] {
        let all = status()
        let subscriptions = all.filter(\.isSubscription)
        guard var sum = subscriptions.min(by: { $0.place.entry < $1.place.entry }) else { return all }
        sum.receiver = "subscriptions"
        sum.place.delivered = subscriptions.reduce(0) { $0 + $1.place.delivered }
        sum.place.refused = subscriptions.reduce(0) { $0 + $1.place.refused }
        sum.place.undelivered = subscriptions.flatMap(\.place.undelivered)
        let failing = subscriptions.filter { $0.failure != nil }.min { ($0.failingSince?.seconds ?? 0) < ($1.failingSince?.seconds ?? 0) }
        sum.failure = failing?.failure
        sum.failingSince = failing?.failingSince
        return all.filter { !$0.isSubscription } + [sum]
    }

    /// What the doctor says of them.
    var findings: [HealthFinding] {
        summary.map { outbox in
            let component = outbox.receiver == "subscriptions" ? outbox.receiver : "receiver \(outbox.receiver)"
            if let since = outbox.failingSince, let why = outbox.failure {
                return HealthFinding(
                    component, .warn, "nothing gets through since \(since): \(why)",
                    next: "nothing is lost; see to the receiver, and hie feed status")
            }
            guard outbox.place.undelivered.isEmpty else {
                return HealthFinding(
                    component, .warn, "\(outbox.place.undelivered.count) were not delivered",
                    next: "hie feed undelivered list says why")
            }
            return HealthFinding(component, .pass, "\(outbox.place.delivered) delivered")
        }
    }
}

extension OutboxStatus {
    /// Whether it serves a subscription.
    var isSubscription: Bool { receiver.hasPrefix("subscription ") }
}

extension AdminService {
    /// How each outbox fares, as a part of `feed/status`.
    var receivers: JSONValue {
        let size = exchange.journal.size
        return .array(
            vitals.outboxes.status().map { outbox in
                var object: JSONObject = [
                    "name": .string(outbox.receiver), "entry": .number(String(outbox.place.entry)),
                    "lag": .number(String(size - min(outbox.place.entry, size))),
                    "delivered": .number(String(outbox.place.delivered)), "refused": .number(String(outbox.place.refused)),
                    "undelivered": .number(String(outbox.place.undelivered.count)),
                ]
                object["failure"] = outbox.failure.map { .string($0) }
                object["since"] = outbox.failingSince.map { .string($0.description) }
                object["nextTry"] = outbox.nextTry.map { .string($0.description) }
                return .object(object)
            })
    }

    func undelivered() -> AdminAnswer {
        AdminAnswer([
            "undelivered": .array(
                vitals.outboxes.status().flatMap { outbox in
                    outbox.place.undelivered.map { parcel in
                        [
                            "receiver": .string(outbox.receiver), "id": .string(parcel.id),
                            "time": .string(parcel.time.description), "reason": .string(parcel.reason),
                            "asked": .bool(parcel.isAsked),
                        ]
                    }
                }),
        ])
    }

    func sendAgain(_ call: AdminCall) throws -> AdminAnswer {
        let (receiver, id) = (try call.text("receiver"), try call.text("id"))
        guard vitals.outboxes.again(receiver, id) else {
            throw ExchangeError(.notFound, "nothing undelivered has that id; see hie feed undelivered list")
        }
        return AdminAnswer(["receiver": .string(receiver), "id": .string(id), "asked": true])
    }
}

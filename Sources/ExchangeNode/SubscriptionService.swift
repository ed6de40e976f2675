import ExchangeCore
import Journal
import Logging
import PeerTransport
import ServiceLifecycle
import Storage
import Transactions

/// Notifies those who subscribed, each from an outbox of its own; ends with the group, and never holds the node up.
struct SubscriptionService: Service {
    let exchange: Exchange
    let client: HTTPNotificationClient
    let folder: String
    let origin: String
    let giveUpHours: Int

    private static let pause = Duration.milliseconds(500)

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var seen: UInt64?
                while !Task.isCancelled {
                    let size = exchange.journal.size
                    if size != seen, let all = try? await exchange.projection.subscriptions() {
                        seen = size
                        for one in all where one.subscription.isInForce(at: exchange.world.now()) {
                            begin(one, in: &group)
                        }
                    }
                    do { try await exchange.world.sleep(Self.pause) } catch { return }
                }
            }
        }
    }

    private func begin(_ recorded: RecordedSubscription, in group: inout DiscardingTaskGroup) {
        let id = recorded.subscription.id
        guard !exchange.subscriptions.contains(id) else { return }
        var terms = JournalOutbox<SubscriptionCourier>.Terms()
        terms.batch = 64
        terms.keepsEach = true
        terms.idle = .seconds(1)
        terms.pauseMax = .seconds(600)
        terms.patience = .seconds(giveUpHours * 3600)
        terms.keepsUndelivered = true
        let store = FileOutboxStore(folder, name: "subscription-\(id)")
        let outbox = JournalOutbox(
            SubscriptionCourier(recorded, exchange: exchange, client: client), store: store, terms: terms)
        exchange.subscriptions.begin(id, outbox)
        let (exchange, origin) = (exchange, origin)
        group.addTask {
            do throws(ExchangeError) {
                try await outbox.run(exchange, origin: origin, from: recorded.position)
                // It is over: nothing is left of it but the journal.
                if !Task.isCancelled { try await store.forget() }
            } catch {
                exchange.logger.error("a subscription stopped, and begins anew", metadata: ["error": "\(error.message)"])
                try? await exchange.world.sleep(.seconds(30))
            }
            exchange.subscriptions.end(id)
        }
    }
}

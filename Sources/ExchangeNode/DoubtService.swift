import ExchangeCore
import Logging
import ServiceLifecycle
import Transactions

/// Looks, once an hour and after every start, whether links rest on values that turned out to name nobody, and opens their
/// reviews.
struct DoubtService: Service {
    static let interval = Duration.seconds(3600)

    let exchange: Exchange

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do throws(ExchangeError) {
                    let opened = try await exchange.desk.doubtPlaceholders(actor: "the node").opened
                    if opened > 0 {
                        exchange.logger.notice("links are in doubt: see hie patient review list", metadata: ["reviews": "\(opened)"])
                    }
                } catch {
                    exchange.logger.error("links were not looked through", metadata: ["error": "\(error.message)"])
                }
                do { try await exchange.world.sleep(Self.interval) } catch { return }
            }
        }
    }
}

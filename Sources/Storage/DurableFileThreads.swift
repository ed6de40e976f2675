import ExchangeCore
import NIOPosix
import Synchronization

/// A few threads for calls that block, away from those that serve requests.
///
/// Work that was handed over is done even when the task that waits for it is cancelled: half a group must not be
/// written because one client hung up.
final class BlockingThreads: Sendable {
    private let pool: NIOThreadPool

    init(count: Int) {
        pool = NIOThreadPool(numberOfThreads: count)
        pool.start()
    }

    deinit { pool.shutdownGracefully { _ in } }

    /// Runs the body on one of the threads. Throws what it throws, or `.unavailable` once closed.
    func run<Value: Sendable>(
        _ body: @escaping @Sendable () throws(ExchangeError) -> Value,
    ) async throws(ExchangeError) -> Value { try await attempt(body).get() }

    /// Runs the body on one of the threads and returns what became of it.
    func attempt<Value: Sendable>(
        _ body: @escaping @Sendable () throws(ExchangeError) -> Value,
    ) async -> Result<Value, ExchangeError> {
        let slot = Slot<Value>()
        await withCheckedContinuation { continuation in
            pool.submit { state in
                if case .active = state { slot.put(Result(catching: body)) }
                continuation.resume()
            }
        }
        return slot.take() ?? .failure(ExchangeError(.unavailable, "the store is closed"))
    }

    /// Hands the outcome over whole: if the thread kept a reference, a store dropped by its owner would live on for a
    /// moment, and with it the lock on its folder.
    private final class Slot<Value: Sendable>: Sendable {
        private let outcome = Mutex<Result<Value, ExchangeError>?>(nil)

        func put(_ outcome: Result<Value, ExchangeError>) { self.outcome.withLock { $0 = outcome } }

        func take() -> Result<Value, ExchangeError>? {
            outcome.withLock { outcome in
                defer { outcome = nil }
                return outcome
            }
        }
    }
}

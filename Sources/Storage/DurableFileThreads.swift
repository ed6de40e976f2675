import ExchangeCore
import NIOPosix

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
    ) async throws(ExchangeError) -> Value {
        let outcome: Result<Value, ExchangeError> = await withCheckedContinuation { continuation in
            pool.submit { state in
                switch state {
                case .active: continuation.resume(returning: Result(catching: body))
                case .cancelled:
                    continuation.resume(returning: .failure(ExchangeError(.unavailable, "the store is closed")))
                }
            }
        }
        return try outcome.get()
    }
}

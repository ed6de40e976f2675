import ExchangeCore
import Synchronization

/// Runs a whole exchange on one thread, in an order and a time that follow from a seed.
///
/// Of the tasks that could go on, the seed picks one; when none can, time jumps to the earliest sleeper. Nobody ready and
/// nobody asleep is a deadlock, and reported as such. It covers tasks, task groups and actors; not Dispatch, NIO or
/// `Task.sleep`: hence memory stores and a simulated network.
package final class SeededScheduler: TaskExecutor {
    /// Why a simulation ended without its result.
    package enum Failure: Error, Equatable { case deadlock, tooManySteps }

    private struct Sleeper {
        let wakesAt: Duration
        let order: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var ready: [UnownedJob] = []
        var sleepers: [UInt64: Sleeper] = [:]
        var elapsed = Duration.zero
        var order: UInt64 = 0
        var scheduling: SplitMix64
        var world: SplitMix64
    }

    private let state: Mutex<State>
    /// Where the simulated wall clock begins: 2026-03-02T10:00:00Z.
    private static let epoch = Timestamp(milliseconds: 1_772_445_600_000)

    /// A scheduler from its seed.
    package init(seed: UInt64) {
        state = Mutex(State(scheduling: SplitMix64(seed: seed), world: SplitMix64(seed: ~seed)))
    }

    /// The simulated world: virtual time, seeded randomness, sleeping without waiting.
    package var world: World {
        World(
            now: { Self.epoch + self.elapsed }, uptime: { self.elapsed },
            randomBits: { self.state.withLock { $0.world.next() } }, sleep: { try await self.sleep($0) })
    }

    /// Virtual time since the beginning.
    package var elapsed: Duration { state.withLock { $0.elapsed } }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.ready.append(job) }
    }

    /// Lets order and randomness follow from another seed from here on: what came before shows no more.
    package func reseed(_ seed: UInt64) {
        state.withLock { state in
            state.scheduling = SplitMix64(seed: seed)
            state.world = SplitMix64(seed: ~seed)
        }
    }

    /// Moves virtual time on to a moment, while nothing runs; never back.
    package func advance(to moment: Duration) { state.withLock { $0.elapsed = max($0.elapsed, moment) } }

    /// Runs the body to its end on this thread and returns what it returns.
    ///
    /// - Parameter whenIdle: called before time moves on; what is not a task (an event loop) makes its steps there.
    /// - Throws: what the body throws, or `Failure` when it cannot end.
    package func run<Value: Sendable>(
        stepsMax: Int = 50_000_000, whenIdle: @Sendable () -> Void = {},
        _ body: @escaping @Sendable () async throws -> Value,
    ) throws -> Value {
        // The one unstructured task of the house: it is the whole simulation, and the loop below is its owner.
        _ = Task(executorPreference: self) {
            let outcome: Result<Value, any Error>
            do { outcome = .success(try await body()) } catch { outcome = .failure(error) }
            self.result.withLock { $0 = outcome }
        }
        var steps = 0
        while true {
            if let job = nextJob() {
                job.runSynchronously(on: asUnownedTaskExecutor())
            } else if let result = takeResult(Value.self) {
                return try result.get()
            } else {
                whenIdle()
                guard hasReady || wakeEarliest() else { throw Failure.deadlock }
            }
            steps += 1
            guard steps < stepsMax else { throw Failure.tooManySteps }
        }
    }

    private let result = Mutex<(any Sendable)?>(nil)

    private func takeResult<Value: Sendable>(_: Value.Type) -> Result<Value, any Error>? {
        result.withLock { stored in
            defer { stored = nil }
            return stored as? Result<Value, any Error>
        }
    }

    private var hasReady: Bool { state.withLock { !$0.ready.isEmpty } }

    private func nextJob() -> UnownedJob? {
        state.withLock { state in
            guard !state.ready.isEmpty else { return nil }
            let index = Int.random(in: state.ready.indices, using: &state.scheduling)
            return state.ready.remove(at: index)
        }
    }

    private func sleep(_ duration: Duration) async throws {
        let number = state.withLock { state -> UInt64 in
            state.order += 1
            return state.order
        }
        try await withTaskCancellationHandler {
            try Task.checkCancellation()
            try await withCheckedThrowingContinuation { continuation in
                state.withLock { state in
                    state.sleepers[number] = Sleeper(
                        wakesAt: state.elapsed + max(duration, .zero), order: number, continuation: continuation)
                }
                if Task.isCancelled { cancel(number) }
            }
        } onCancel: {
            cancel(number)
        }
    }

    private func cancel(_ number: UInt64) {
        state.withLock { $0.sleepers.removeValue(forKey: number) }?.continuation.resume(throwing: CancellationError())
    }

    private func wakeEarliest() -> Bool {
        let woken = state.withLock { state -> Sleeper? in
            guard let next = state.sleepers.min(by: { ($0.value.wakesAt, $0.key) < ($1.value.wakesAt, $1.key) }) else {
                return nil
            }
            state.elapsed = max(state.elapsed, next.value.wakesAt)
            return state.sleepers.removeValue(forKey: next.key)
        }
        woken?.continuation.resume()
        return woken != nil
    }
}

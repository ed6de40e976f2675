import ExchangeCore
import JSON
import Logging
import PeerTransport
import ServiceLifecycle
import Synchronization

/// Spans on their way to a collector: a queue with an end, so that a collector that is slow or gone costs memory for so many
/// and never time. What does not fit is dropped and counted.
final class TraceFeed: Sendable {
    /// Spans that wait at the most.
    static let waitingMax = 8192
    /// Spans of one message.
    static let batchMax = 512
    /// How long a span waits for others at the most.
    static let pause = Duration.seconds(2)
    /// How long one message and its answer may take.
    static let timeout = Duration.seconds(10)

    /// What became of spans so far.
    struct Counts: Sendable, Equatable {
        /// The collector took them.
        var exported: UInt64 = 0
        /// There was no room for them.
        var overflowed: UInt64 = 0
        /// The collector refused them, or was not there for too long.
        var refused: UInt64 = 0
    }

    private struct State {
        var waiting: [TraceSpan] = []
        var counts = Counts()
    }

    private let state = Mutex(State())
    private let percent: Int
    private let pool: HTTPConnectionPool
    private let path: String
    private let token: @Sendable () -> String?

    init(percent: Int, pool: HTTPConnectionPool, path: String, token: @escaping @Sendable () -> String?) {
        self.percent = percent
        self.pool = pool
        self.path = path
        self.token = token
    }

    /// The port through which the node's work is noted.
    var recorder: TraceRecorder { TraceRecorder(percent: percent) { [self] in note($0) } }

    /// What became of spans so far.
    var counts: Counts { state.withLock(\.counts) }

    private func note(_ span: TraceSpan) {
        state.withLock { state in
            guard state.waiting.count < Self.waitingMax else {
                state.counts.overflowed += 1
                return
            }
            state.waiting.append(span)
        }
    }

    /// Carries what waits, a message at a time, until cancelled; then what is left, once.
    func run(_ resource: OTLPResource, world: World, logger: Logger) async {
        var isWell = true
        var pause = Self.pause
        while !Task.isCancelled {
            do { try await world.sleep(pause) } catch { break }
            let outcome = await carry(resource, world: world)
            if (outcome == .taken) != isWell {
                isWell = outcome == .taken
                isWell ? logger.notice("traces are taken again") : logger.warning("traces are not taken", metadata: ["collector": "\(path)"])
            }
            // A collector that is not there is asked less and less often, a minute at the most.
            pause = outcome == .taken ? Self.pause : min(pause * 2, .seconds(60))
        }
        _ = await carry(resource, world: world)
        pool.close()
    }

    private enum Outcome { case taken, refused, unreachable }

    /// Sends what waits. A message that the collector may take later goes back to the front of the queue.
    private func carry(_ resource: OTLPResource, world: World) async -> Outcome {
        while true {
            let batch = state.withLock { state -> [TraceSpan] in
                let batch = Array(state.waiting.prefix(Self.batchMax))
                state.waiting.removeFirst(batch.count)
                return batch
            }
            guard !batch.isEmpty else { return .taken }
            switch await send(batch, resource, world: world) {
            case .taken: state.withLock { $0.counts.exported += UInt64(batch.count) }
            case .refused:
                state.withLock { $0.counts.refused += UInt64(batch.count) }
                return .refused
            case .unreachable:
                state.withLock { state in
                    let room = max(0, Self.waitingMax - state.waiting.count)
                    state.counts.overflowed += UInt64(max(0, batch.count - room))
                    state.waiting.insert(contentsOf: batch.suffix(room), at: 0)
                }
                return .unreachable
            }
        }
    }

    private func send(_ batch: [TraceSpan], _ resource: OTLPResource, world: World) async -> Outcome {
        var request = ClientRequest(
            .post, path, body: JSONWriter.bytes(resource.message(batch)), responseBytesMax: 1 << 20, isRepeatable: false)
        request.headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
        if let token = token() { request.headers.append(("Authorization", "Bearer " + token)) }
        do throws(ExchangeError) {
            let status = try await pool.send(request, deadline: world.uptime() + Self.timeout).status
            if (200...299).contains(status) { return .taken }
            // OTLP: these are to be tried again, every other status is final.
            return [429, 502, 503, 504].contains(status) ? .unreachable : .refused
        } catch { return .unreachable }
    }
}

/// The feed as a service that ends with the group; it never holds the node up.
struct TraceService: Service {
    let feed: TraceFeed
    let resource: OTLPResource
    let world: World
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown { await feed.run(resource, world: world, logger: logger) }
    }
}

import ExchangeCore
import GossipDirectory
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Transactions

/// Runs a node's directory: sends what it wants sent, hands it the answers, and wakes it when it asked to be.
///
/// Structured: everything it starts ends with `run()`, which returns when its task is cancelled.
package struct GossipShell: Sendable {
    /// Frames under way at the same time.
    static let underWayMax = 64

    private let exchange: Exchange
    private let client: DirectoryClient

    /// A shell for the directory of an exchange.
    package init(exchange: Exchange, client: DirectoryClient) {
        self.exchange = exchange
        self.client = client
    }

    /// Tells the directory that the node has started, then carries its frames and wakes it until cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await wake() }
            group.addTask { await carry() }
            group.addTask { for await community in client.lost { await advance(.closed(community)) } }
            await group.next()
            group.cancelAll()
        }
    }

    private func wake() async {
        let clock = AlarmClock(uptime: exchange.world.uptime)
        exchange.directory.wake { clock.set($0) }
        await advance(.started)
        for await _ in clock.rings { await advance(.timer) }
        clock.stop()
    }

    private func carry() async {
        await withDiscardingTaskGroup { group in
            var slots = Slots(Self.underWayMax)
            let boxes = Mailboxes()
            for await outgoing in exchange.directory.outgoing {
                let key = Mailboxes.Key(outgoing.target)
                if case .message(let message) = outgoing.frame {
                    guard boxes.put(message, for: key) else { continue }
                }
                guard await slots.take() else { break }
                let done = slots.done
                group.addTask {
                    switch outgoing.frame {
                    case .probe: await deliver(outgoing.frame, to: outgoing.target)
                    case .message:
                        while let message = boxes.next(for: key) { await deliver(.message(message), to: outgoing.target) }
                    }
                    done.yield()
                }
            }
            group.cancelAll()
        }
    }

    private func deliver(_ frame: DirectoryFrame, to target: DirectoryTarget) async {
        do {
            let (answer, community) = try await client.send(frame, to: target)
            await advance(.answered(answer, from: community, target: target))
        } catch {
            exchange.logger.debug(
                "a directory frame was not answered",
                metadata: ["peer.url": "\(target.url)", "error": "\(error.message)"])
            await advance(.failed(target, DirectoryClient.failure(error)))
        }
    }

    private func advance(_ event: DirectoryEvent) async {
        do { try await exchange.advanceDirectory(event) } catch {
            exchange.logger.error("the directory cannot be kept", metadata: ["error": "\(error.message)"])
        }
    }
}

/// Rings once at the moment last set.
private final class AlarmClock: Sendable {
    let rings: AsyncStream<Void>
    private let ring: AsyncStream<Void>.Continuation
    private let uptime: @Sendable () -> Duration
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let set = Mutex<(at: Duration, scheduled: Scheduled<Void>)?>(nil)

    init(uptime: @escaping @Sendable () -> Duration) {
        self.uptime = uptime
        (rings, ring) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func set(_ moment: Duration) {
        set.withLock { set in
            if set?.at == moment { return }
            set?.scheduled.cancel()
            let wait = max(.milliseconds(1), min(.seconds(60), moment - uptime()))
            let nanoseconds = wait.components.seconds * 1_000_000_000 + wait.components.attoseconds / 1_000_000_000
            set = (
                moment,
                loop.scheduleTask(in: .nanoseconds(nanoseconds)) { [self] in
                    self.set.withLock { $0 = nil }
                    ring.yield()
                }
            )
        }
    }

    func stop() {
        set.withLock { set in
            set?.scheduled.cancel()
            set = nil
        }
    }
}

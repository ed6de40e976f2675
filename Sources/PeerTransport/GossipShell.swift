import ExchangeCore
import GossipDirectory
import Logging
import Transactions

/// Runs a node's directory: sends what it wants sent, hands it the answers, and wakes it on a timer.
///
/// Structured: everything it starts ends with `run()`, which returns when its task is cancelled.
package struct GossipShell: Sendable {
    /// Messages under way at the same time.
    static let underWayMax = 16

    private let exchange: Exchange
    private let client: DirectoryClient

    /// A shell for the directory of an exchange.
    package init(exchange: Exchange, client: DirectoryClient) {
        self.exchange = exchange
        self.client = client
    }

    /// Tells the directory that the node has started, then pulls on a timer and pushes on change until cancelled.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await wake() }
            group.addTask { await carry() }
            await group.next()
            group.cancelAll()
        }
    }

    private func wake() async {
        await advance(.started)
        while !Task.isCancelled {
            let interval = exchange.directory.timerInterval().wholeMilliseconds
            var random = exchange.world.random
            // A fifth of jitter either way: nodes that were started together do not stay together.
            let jitter = Int64.random(in: -(interval / 5)...(interval / 5), using: &random)
            do { try await exchange.world.sleep(.milliseconds(interval + jitter)) } catch { return }
            await advance(.timer)
        }
    }

    private func carry() async {
        await withDiscardingTaskGroup { group in
            var slots = Slots(Self.underWayMax)
            for await outgoing in exchange.directory.outgoing {
                guard await slots.take() else { break }
                let done = slots.done
                group.addTask {
                    await deliver(outgoing.message, to: outgoing.target)
                    done.yield()
                }
            }
            group.cancelAll()
        }
    }

    private func deliver(_ message: DirectoryMessage, to target: DirectoryTarget) async {
        do {
            let (answer, community) = try await client.send(message, to: target)
            await advance(.answered(answer, from: community, target: target))
        } catch {
            exchange.logger.debug(
                "a directory message was not answered",
                metadata: ["peer.url": "\(target.url)", "error": "\(error.message)"])
            await advance(.failed(target))
        }
    }

    private func advance(_ event: DirectoryEvent) async {
        do { try await exchange.advanceDirectory(event) } catch {
            exchange.logger.error("the directory cannot be kept", metadata: ["error": "\(error.message)"])
        }
    }

    /// So many at a time: takes a slot, or waits for one to come back.
    private struct Slots {
        let done: AsyncStream<Void>.Continuation
        private var free: Int
        private var returned: AsyncStream<Void>.Iterator

        init(_ count: Int) {
            let (stream, continuation) = AsyncStream<Void>.makeStream()
            done = continuation
            free = count
            returned = stream.makeAsyncIterator()
        }

        mutating func take() async -> Bool {
            if free > 0 {
                free -= 1
                return true
            }
            return await returned.next() != nil
        }
    }
}

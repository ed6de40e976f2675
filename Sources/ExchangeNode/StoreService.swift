import AdminEndpoint
import ExchangeCore
import Journal
import Logging
import ServiceLifecycle
import Storage

/// Signs the journal's head once a second while it grows; holds the node in a standstill when the store has failed.
///
/// In a standstill nothing is recorded, so nothing is disclosed: every transaction that needs an entry is refused with 503,
/// while capability statement, directory, status and audit go on being read. The failed write or sync is never repeated:
/// the disk is asked with a file of its own (`DiskProbe`), and once it answers the node's store is opened anew from what
/// the disk holds (security.md L1).
struct StoreService: Service {
    let store: NodeStore
    let health: StoreHealth
    let folder: String
    let world: World
    let logger: Logger
    private static let probeIntervalMax: Duration = .seconds(10)

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown {
                async let checked: Void = store.projection.check()
                try await sign()
                guard !health.isAskedToReopen else { return }
                await checked
                try await standStill()
            }
        } catch is CancellationError {
            return
        }
        // In order, as when it is told to stop: connections that are cut while they are made end the process (swift-nio's
        // NIOAsyncWriter, "deinited without calling finish").
        health.reopen()
    }

    /// Returns when the store has failed. Throws `.corrupted` when the stored entries are not those that were written.
    private func sign() async throws {
        var signed: UInt64?
        while true {
            for _ in 0..<10 where !health.isAskedToReopen { try await world.sleep(.milliseconds(100)) }
            await store.watch()
            if let failure = store.failure { return health.note(failure, of: store, at: world.now()) }
            if health.isAskedToReopen { return logger.notice("the node opens itself anew") }
            let size = store.writer.size
            guard size != signed else { continue }
            do throws(ExchangeError) {
                _ = try await store.checkpoints.publish()
                signed = size
            } catch where error.code == .corrupted {
                logger.critical("the journal is damaged; the node ends", metadata: ["error": "\(error.message)"])
                throw error
            } catch {
                return health.note(error, of: store, at: world.now())
            }
        }
    }

    private func standStill() async throws {
        let status = health.status
        logger.critical(
            "the store has failed: nothing is recorded, so nothing is disclosed",
            metadata: ["error": "\(status.failure?.description ?? "")", "next": "\(status.next ?? "")"])
        var pause = Duration.seconds(1)
        while true {
            do throws(ExchangeError) {
                try await DiskProbe.write(in: folder, room: health.room)
                // Before the store is opened anew: that lets go of the only copy there is.
                for name in try await store.putBack() {
                    logger.warning("a file that was taken away is written anew", metadata: ["file": "\(name)"])
                }
                break
            } catch {
                logger.warning("the disk takes no writes yet", metadata: ["error": "\(error.description)"])
            }
            try await world.sleep(pause)
            pause = min(pause * 2, Self.probeIntervalMax)
        }
        logger.notice("the disk takes writes: the store is opened anew from what it holds")
    }
}

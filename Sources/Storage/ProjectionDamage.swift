import ExchangeCore
import GRDB
import Synchronization

/// Whether SQLite has found its file damaged since it was opened: from then on nothing that is read can be trusted.
final class ProjectionDamage: Sendable {
    private let found = Mutex<ExchangeError?>(nil)

    /// What was found first; nil while nothing was.
    var error: ExchangeError? { found.withLock { $0 } }

    /// Takes note of an error, if it speaks of damage, and hands it on.
    func heed(_ error: ExchangeError) -> ExchangeError {
        if error.code == .corrupted { found.withLock { $0 = $0 ?? error } }
        return error
    }
}

extension SQLiteProjection {
    /// What is damaged in the file, as far as any question or check has met it; nil when nothing was found.
    package var damage: ExchangeError? { damaged.error }

    /// Walks the file's pages and indexes (`PRAGMA quick_check`), beside what else goes on; what is found is in `damage`.
    package func check() async {
        let (writer, logger, damaged) = (writer, logger, damaged)
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            writer.asyncRead { result in
                do {
                    let verdict = try String.fetchOne(try result.get(), sql: "PRAGMA quick_check(1)")
                    if let verdict, verdict != "ok" {
                        _ = damaged.heed(ExchangeError(.corrupted, "the tables' file does not hold together"))
                    }
                } catch {
                    _ = damaged.heed(Self.failure(error, logger))
                }
                done.resume()
            }
        }
    }
}

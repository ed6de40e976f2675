import ExchangeCore
import Journal
import Storage

/// Notices a keyring that is lost, or older than the journal, when the node starts and not when a patient comes back.
enum KeyringWatch {
    /// How many of the newest entries are looked at.
    static let entriesMax = 1024

    /// What is said of a keyring that is not there although the journal has entries.
    static func lost(_ path: String) -> ExchangeError {
        ExchangeError(
            .corrupted,
            "the keyring is missing, and without it nothing in the journal can be read: put it back with hie keyring restore",
            at: path)
    }

    /// Refuses a keyring that lacks a key the newest entries were sealed under. Throws `.corrupted`.
    static func demandKeys(
        _ keyring: FileKeyring, for store: FileJournalStore, path: String,
    ) async throws(ExchangeError) {
        let size = try await store.head().size
        var next = size > UInt64(entriesMax) ? size - UInt64(entriesMax) : 0
        while next < size {
            let entries = try await store.read(from: next, limit: entriesMax)
            guard let last = entries.last else { return }
            for entry in entries {
                guard let subject = EntryHeader(entry.bytes)?.subject else { continue }
                do throws(ExchangeError) {
                    guard try await keyring.key(for: subject) == nil else { continue }
                } catch where error.code == .gone {
                    continue
                }
                throw ExchangeError(
                    .corrupted,
                    "the keyring is older than the journal: it lacks the key of entry \(entry.position); put the newest back "
                        + "with hie keyring restore", at: path)
            }
            next = last.position + 1
        }
    }
}

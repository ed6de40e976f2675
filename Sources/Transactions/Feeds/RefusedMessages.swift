import ExchangeCore
import Synchronization

/// The refused messages a node keeps, for those who erase: a patient who is erased is in none of them.
package final class RefusedMessages: Sendable {
    /// Whether a message of a feed names a patient by one of some identifiers.
    package typealias Naming = @Sendable (_ identifiers: [PatientIdentifier], _ message: [UInt8], _ feed: String) -> Bool

    private struct Kept: Sendable {
        let store: any DeadLetterStore
        let naming: Naming
    }

    private let kept = Mutex<Kept?>(nil)

    /// No store yet: a node without feeds has none.
    package init() {}

    /// From now on these are the node's refused messages, which are understood so.
    package func adopt(_ store: some DeadLetterStore, naming: @escaping Naming) {
        kept.withLock { $0 = Kept(store: store, naming: naming) }
    }

    /// Lets go of every message that names a patient by one of these identifiers.
    func forget(_ identifiers: [PatientIdentifier]) async throws(ExchangeError) {
        guard let kept = kept.withLock({ $0 }), !identifiers.isEmpty else { return }
        for letter in kept.store.letters() {
            guard let message = try await kept.store.message(letter.id) else { continue }
            if kept.naming(identifiers, message, letter.feed) { try await kept.store.remove(letter.id) }
        }
    }
}

import ExchangeCore
import Synchronization

/// The refused messages a node keeps, for those who erase: a patient who is erased is in none of them.
package final class RefusedMessages: Sendable {
    private let store = Mutex<(any DeadLetterStore)?>(nil)

    /// No store yet: a node without feeds has none.
    package init() {}

    /// From now on these are the node's refused messages.
    package func adopt(_ store: some DeadLetterStore) { self.store.withLock { $0 = store } }

    /// Lets go of every message that names a patient by one of these identifiers; of one that no reader can take apart, too,
    /// when it holds the value anywhere. Whoever is in doubt is let go: what was refused can be sent again.
    func forget(_ identifiers: [PatientIdentifier]) async throws(ExchangeError) {
        guard let store = store.withLock({ $0 }) else { return }
        let values = Set(identifiers.map { Array($0.value.utf8) }).filter { !$0.isEmpty }
        guard !values.isEmpty else { return }
        for letter in store.letters() {
            guard let message = try await store.message(letter.id) else { continue }
            let named = Self.naming(message)
            if values.contains(where: { Self.holds(named, $0) }) { try await store.remove(letter.id) }
        }
    }

    /// The segments that say whose a message is (PID, MRG); the whole where there are none.
    static func naming(_ message: [UInt8]) -> [UInt8] {
        let lines = message.split { $0 == 0x0D || $0 == 0x0A }
        let named = lines.filter { $0.starts(with: Array("PID".utf8)) || $0.starts(with: Array("MRG".utf8)) }
        return named.isEmpty ? message : Array(named.joined(separator: [0x0D]))
    }

    /// Whether a value stands there by itself: not as a part of a longer one.
    static func holds(_ bytes: [UInt8], _ value: [UInt8]) -> Bool {
        func isPart(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte >= 0x80
        }
        guard let first = value.first, bytes.count >= value.count else { return false }
        for start in 0...bytes.count - value.count where bytes[start] == first {
            guard bytes[start..<start + value.count].elementsEqual(value) else { continue }
            let end = start + value.count
            if start > 0, isPart(bytes[start - 1]) { continue }
            if end < bytes.count, isPart(bytes[end]) { continue }
            return true
        }
        return false
    }
}

import ExchangeCore
import Synchronization

/// The unique ids and replaced entries of submissions between their check and their journal entry.
///
/// The registry rules ("known uniqueId with other bytes", "target still current") are checked against the projection;
/// two submissions about the same thing at the same time would each pass. So one holds the names, the other is told to
/// come again.
package final class SubmissionsUnderWay: Sendable {
    private let held = Mutex<Set<String>>([])

    /// None under way.
    package init() {}

    /// Holds all the names, or none: false when another submission holds one of them.
    func begin(_ names: [String]) -> Bool {
        held.withLock { held in
            guard held.isDisjoint(with: names) else { return false }
            held.formUnion(names)
            return true
        }
    }

    /// Lets go of names held.
    func end(_ names: [String]) { held.withLock { $0.subtract(names) } }
}

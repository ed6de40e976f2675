import GRDB
import PatientIndex
import Synchronization

/// How common names are, read once and then counted along.
final class NameCounts: Sendable {
    private let counted = Mutex<NameFrequencies?>(nil)

    /// The counts as of now, read from the tables the first time.
    func current(_ database: Database) throws -> NameFrequencies {
        if let known = counted.withLock({ $0 }) { return known }
        var names = NameFrequencies()
        try database.rows("SELECT kind, hash, n FROM person_name", []) { row in
            let hash = UInt32(truncatingIfNeeded: row.integer(1))
            names.count(
                firstHash: row.integer(0) == 0 ? hash : nil, familyHash: row.integer(0) == 1 ? hash : nil,
                times: UInt32(clamping: row.integer(2)))
        }
        let read = names
        return counted.withLock { counted in
            // Somebody may have read them meanwhile, and counted along.
            if let known = counted { return known }
            counted = read
            return read
        }
    }

    /// Counts along what a group of entries has added; nothing when nobody has asked yet.
    func count(_ added: [(first: UInt32?, family: UInt32?)]) {
        guard !added.isEmpty else { return }
        counted.withLock { counted in
            for names in added { counted?.count(firstHash: names.first, familyHash: names.family) }
        }
    }

    /// Forgets: the tables were emptied.
    func forget() { counted.withLock { $0 = nil } }
}

/// Values that name nobody, read once and then learnt along.
final class KnownPlaceholders: Sendable {
    private let known = Mutex<LearnedPlaceholders?>(nil)

    /// What is known as of now, read from the tables the first time.
    func current(_ database: Database, _ secret: IndexSecret) throws -> LearnedPlaceholders {
        if let known = known.withLock({ $0 }) { return known }
        var placeholders = LearnedPlaceholders(secret: secret)
        try database.rows("SELECT k FROM person_placeholder", []) { row in
            placeholders.learn(UInt64(bitPattern: row.integer(0)))
        }
        let read = placeholders
        return known.withLock { known in
            // Somebody may have read them meanwhile, and learnt along.
            if let known { return known }
            known = read
            return read
        }
    }

    /// Learns along what a group of entries has taught; nothing when nobody has asked yet.
    func learn(_ keys: [UInt64]) {
        guard !keys.isEmpty else { return }
        known.withLock { known in for key in keys { known?.learn(key) } }
    }

    /// Forgets: the tables were emptied.
    func forget() { known.withLock { $0 = nil } }
}

/// What a transaction has taught about the index, handed to the copies in memory once it is committed.
final class AddedToIndex {
    /// Names it has counted.
    private(set) var names: [(first: UInt32?, family: UInt32?)] = []
    /// Keys of values that name nobody.
    private(set) var placeholders: [UInt64] = []

    /// Counts a registration's names.
    func added(_ hashes: (first: UInt32?, family: UInt32?)) { names.append(hashes) }

    /// Takes a value for a placeholder.
    func learnt(_ key: UInt64) { placeholders.append(key) }
}

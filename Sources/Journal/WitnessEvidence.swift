import ExchangeCore

/// Two heads of one log that cannot both be true, each signed by it: what a witness presents.
package struct WitnessEvidence: Sendable, Equatable {
    /// What the two heads show.
    package enum Kind: String, Sendable, CaseIterable {
        /// One size, two roots: two logs under one name. Needs nothing else.
        case fork
        /// A smaller head that the log cosigned at a later time: entries were taken away. Needs nothing else.
        case rollback
        /// Two heads, and no proof that the larger continues the smaller when the log was asked for it. The log can
        /// clear itself by giving the proof; while it does not, the two stand against each other.
        case unproven
    }

    /// What they show.
    package let kind: Kind
    /// The log's key.
    package let key: NoteVerifier
    /// The head known first.
    package let first: SignedNote
    /// The one that contradicts it.
    package let second: SignedNote
    /// When the witness found out.
    package let found: Timestamp

    /// Evidence from its parts.
    package init(kind: Kind, key: NoteVerifier, first: SignedNote, second: SignedNote, found: Timestamp) {
        self.kind = kind
        self.key = key
        self.first = first
        self.second = second
        self.found = found
    }

    /// The log it is about.
    package var origin: String { key.name }

    /// Whether it is what it says, to whoever knows the log's key: both heads are the log's own and contradict.
    package var isSound: Bool {
        guard key.verifies(first), key.verifies(second), let one = try? Checkpoint(text: first.text),
            let other = try? Checkpoint(text: second.text), one.origin == key.name, other.origin == key.name
        else { return false }
        switch kind {
        case .fork: return one.size == other.size && one.root != other.root
        case .rollback: return Self.isRollback(one, key.cosigned(first), other, key.cosigned(second))
        case .unproven: return one.size != other.size
        }
    }

    /// Whether of two heads the one signed later is the smaller.
    static func isRollback(_ one: Checkpoint, _ oneTime: UInt64?, _ other: Checkpoint, _ otherTime: UInt64?) -> Bool {
        guard let oneTime, let otherTime else { return false }
        return one.size < other.size ? oneTime > otherTime : one.size > other.size && otherTime > oneTime
    }

    /// One sentence for people.
    package var sentence: String {
        let sizes = [first, second].compactMap { try? Checkpoint(text: $0.text).size }.map(String.init)
        let both = sizes.joined(separator: " and ")
        return switch kind {
        case .fork: "signed two different heads over \(sizes.first ?? "?") entries: it keeps two logs under one name"
        case .rollback: "signed heads over \(both) entries, the smaller one later: entries were taken away"
        case .unproven: "signed heads over \(both) entries and does not prove that one continues the other"
        }
    }

    /// As it is kept: kind, key and time in a line each, then the two notes, the first one's length before it.
    package var text: String {
        let first = first.description
        return "\(kind.rawValue)\n\(key.text)\n\(found.milliseconds)\n\(first.utf8.count)\n\(first)\(second.description)"
    }

    /// Reads what was kept. Throws `.badRequest`.
    package init(text: String) throws(ExchangeError) {
        let parts = text.utf8.split(separator: 0x0A, maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, let kind = Kind(rawValue: String(decoding: parts[0], as: UTF8.self)),
            let key = NoteVerifier(text: String(decoding: parts[1], as: UTF8.self)),
            let found = Int64(String(decoding: parts[2], as: UTF8.self)),
            let length = Int(String(decoding: parts[3], as: UTF8.self)), (0...parts[4].count).contains(length)
        else { throw ExchangeError(.badRequest, "this is no evidence") }
        let first = try SignedNote(parsing: String(decoding: parts[4].prefix(length), as: UTF8.self))
        let second = try SignedNote(parsing: String(decoding: parts[4].dropFirst(length), as: UTF8.self))
        self.init(
            kind: kind, key: key, first: first, second: second, found: Timestamp(milliseconds: found))
    }
}

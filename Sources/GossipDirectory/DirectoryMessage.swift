import ExchangeCore
import JSON
import Trust

/// How far one node has read another's directory: exact, because each store counts its arrivals.
package struct DirectoryCursor: Hashable, Sendable {
    /// Which store: a random number made when it was opened.
    package let store: UInt64
    /// The last arrival read.
    package let arrival: UInt64

    /// A cursor from its parts.
    package init(store: UInt64, arrival: UInt64) {
        self.store = store
        self.arrival = arrival
    }
}

/// One community's line in a full digest, 24 bytes: whom, and what is held of it.
package struct DigestLine: Hashable, Sendable {
    /// The line's wire length.
    static let bytes = 24

    /// The community's stable hash.
    package let key: UInt64
    /// What the root counts of it, shortened to 16 bytes.
    package let state: [UInt8]
}

/// What nodes send one another about the directory, either way: a question over `hie-dir/1` on the peer port, and its answer.
///
/// Signed texts travel as they are; whoever receives them judges each by itself, so the carrier need not be believed.
package struct DirectoryMessage: Hashable, Sendable {
    /// The longest wire form accepted, in bytes.
    package static let bytesMax = 512 * 1024
    /// The most signed texts in one message.
    package static let textsMax = 512
    /// How many bytes of signed texts a sender puts into one message before it says `more`.
    package static let frameBytes = 256 * 1024

    /// The network; a message of another one is refused whole.
    package var network: Thumbprint
    /// The sender's wall clock.
    package var at: Timestamp
    /// Admissions, compact.
    package var admissions: [String] = []
    /// Revocations, compact.
    package var revocations: [String] = []
    /// Records, compact.
    package var records: [String] = []
    /// Proofs: two records each, parted by a blank.
    package var proofs: [String] = []
    /// Observations, compact.
    package var observations: [String] = []
    /// Heartbeats, compact.
    package var heartbeats: [String] = []
    /// Communities the receiver is asked to probe now, because the sender's own probe of them is late.
    package var checks: [CommunityID] = []
    /// The sender's root, and the hour it is for.
    package var root = DirectoryRoot()
    /// The hour since 1970 (UTC) the root is for.
    package var hour: UInt32 = 0
    /// Whether the receiver is asked for what the sender does not have.
    package var wants = false
    /// In a question: how far the sender has read the receiver; nil reads from the start.
    package var since: DirectoryCursor?
    /// In a question: everything the sender holds, where roots differ though nothing new was read; nil otherwise.
    package var digest: [DigestLine]?
    /// In an answer to a digest: lines of which the sender holds nothing.
    package var lacks: [UInt64] = []
    /// In an answer: how far the receiver has now read the sender.
    package var cursor: DirectoryCursor?
    /// In an answer: whether there is more to read after `cursor`.
    package var more = false
    /// Whether the sender has just met again whom it had lost: a partition may be over.
    package var bridge = false

    /// A message with nothing in it.
    package init(network: Thumbprint, at: Timestamp = Timestamp(milliseconds: 0)) {
        self.network = network
        self.at = at
    }

    /// Whether it brings news alone: asks nothing, and answers nothing.
    package var isNews: Bool {
        !wants && since == nil && digest == nil && lacks.isEmpty && cursor == nil && !more
    }

    /// Takes a later message to the same node into this one; false, and unchanged, where one of them is more than news or
    /// the two are too much for one frame.
    package mutating func absorb(_ later: DirectoryMessage) -> Bool {
        guard isNews, later.isNews, network == later.network, texts + later.texts <= Self.textsMax / 2,
            size + later.size <= Self.frameBytes
        else { return false }
        func merge(_ path: WritableKeyPath<DirectoryMessage, [String]>) {
            for text in later[keyPath: path] where !self[keyPath: path].contains(text) {
                self[keyPath: path].append(text)
            }
        }
        merge(\.admissions)
        merge(\.revocations)
        merge(\.records)
        merge(\.proofs)
        merge(\.observations)
        merge(\.heartbeats)
        for community in later.checks where !checks.contains(community) { checks.append(community) }
        (at, root, hour) = (later.at, later.root, later.hour)
        bridge = bridge || later.bridge
        return true
    }

    /// Whether it carries no signed text.
    package var isEmpty: Bool { texts == 0 }

    /// How many signed texts it carries.
    package var texts: Int {
        admissions.count + revocations.count + records.count + proofs.count + observations.count + heartbeats.count
    }

    /// About how long its wire form is: for budgets and for simulations.
    package var size: Int {
        var size = 200 + (digest?.count ?? 0) * 32 + lacks.count * 17 + checks.count * 40
        for list in [admissions, revocations, records, proofs, observations, heartbeats] {
            for text in list { size += text.utf8.count + 3 }
        }
        return size
    }
}

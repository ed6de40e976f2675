import ExchangeCore
import GossipDirectory
import Trust

/// One simulated node: its directory, its disk, and how its host is.
final class SimulatedDirectory {
    let number: Int
    var state: DirectoryState
    var key: SigningKey
    var admission: String
    var version = 0
    var isUp = false
    /// Whether the process stands still: what comes waits in its kernel.
    var isPaused = false
    /// Whether its host neither answers nor refuses: the network swallows everything.
    var isSilent = false
    var isHostile = false
    /// What a hostile node does; empty for an honest one.
    var vices: [Vice] = []
    /// The last number its floods have used.
    var flooded: UInt64 = 0
    /// Whether it ends when it has kept its next word, before anybody has heard it.
    var isCutShort = false
    var hasLeft = false
    /// Whether its key is being rotated: an authority does one thing after the other.
    var isRotating = false
    var isRevoked = false
    /// Its wall clock less the true one.
    var clockOffset = Duration.zero
    var generation = 0
    /// When its process ended last.
    var killedAt: Int64 = 0
    var wakeAt: Int64?
    var held: [DirectoryWorld.Event] = []
    /// To whom it keeps a connection, and since when it was last used.
    var connections: [Int: Int64] = [:]
    /// What is on the disk for good, and what a power cut would take.
    var disk: [String: DirectoryFact] = [:]
    var unsynced: [String: DirectoryFact] = [:]
    /// The marks it has shown: none may fall.
    var marks: [CommunityID: HighWaterMark] = [:]
    var retired: [CommunityID: UInt32] = [:]
    var bytesSent = 0
    var messagesSent = 0
    /// Since when it and its links have been well; nil while they are not.
    var wellSince: Int64?

    init(number: Int, state: DirectoryState, key: SigningKey, admission: String) {
        self.number = number
        self.state = state
        self.key = key
        self.admission = admission
    }

    static func slot(_ fact: DirectoryFact) -> String { "\(fact.kind.rawValue) \(fact.community.oid.dotted)" }

    /// Everything it would find on its disk.
    var facts: [DirectoryFact] {
        let all = disk.merging(unsynced) { $1 }
        return all.keys.sorted().compactMap { all[$0] }
    }

    func sync() {
        disk.merge(unsynced) { $1 }
        unsynced = [:]
    }
}

/// What a hostile node does, beside taking part.
package enum Vice: String, CaseIterable, Sendable {
    /// Changes others' records and signs them itself, or not at all.
    case forge
    /// Tells two stories.
    case equivocate
    /// Brings old records back.
    case replay
    /// Sends what is cut, too long, of another network or kind, or from the future.
    case garbage
    /// Publishes without end.
    case flood
    /// Answers without what it has.
    case withhold
    /// Says that others are gone.
    case slander
    /// Never answers.
    case stall
    /// Makes proofs of nothing.
    case frame
}

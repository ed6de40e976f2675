import ExchangeCore

/// What an administrator should hear of.
package enum DirectoryNotice: Hashable, Sendable, CustomStringConvertible {
    /// Something offered was not kept; who brought it, about whom, and why.
    case refused(from: CommunityID?, about: CommunityID?, DirectoryRefusal)
    /// A community told two stories.
    case equivocation(CommunityID)
    /// Somebody published with this node's key: a clone runs, or an old backup was restored. Publishing has stopped.
    case cloneOrRestore
    /// A message was of another network.
    case otherNetwork(from: CommunityID)
    /// This node has no valid admission, or its key cannot sign: it cannot publish.
    case cannotPublish(String)
    /// This node's clock differs from its peers' by so many seconds (positive: it is behind).
    case clockOff(seconds: Int64)
    /// A peer broke the protocol so often that it is not listened to for so many seconds.
    case banned(CommunityID, seconds: Int64)
    /// A peer's directory differs from this one's though three exchanges brought nothing new.
    case divergent(CommunityID)
    /// The running sum was not what the rows give; it was made anew.
    case rootMended

    package var description: String {
        switch self {
        case .refused(let from, let about, let why):
            "refused what \(from?.urn ?? "a file") brought about \(about?.urn ?? "nobody"): \(why)"
        case .equivocation(let community): "\(community.urn) told two stories and is not routed to any more"
        case .cloneOrRestore:
            "another node publishes with this node's key; stop the clone, then run hie directory adopt"
        case .otherNetwork(let from): "\(from.urn) speaks for another network"
        case .cannotPublish(let why): "this node cannot publish its record: \(why)"
        case .clockOff(let seconds):
            "this node's clock is \(abs(seconds)) s \(seconds > 0 ? "behind" : "ahead of") its peers'; mend it (NTP)"
        case .banned(let peer, let seconds): "\(peer.urn) broke the protocol; it is not listened to for \(seconds) s"
        case .divergent(let peer): "\(peer.urn) shows another directory and gives nothing new; see hie directory doctor"
        case .rootMended: "the directory's running sum was wrong and was made anew"
        }
    }
}

/// Every number a directory goes by.
package struct DirectoryLimits: Hashable, Sendable {
    /// Communities at the most.
    package var communitiesMax = 10_000
    /// How many are few: a change is pushed to everybody at once.
    package var fanOut = 64
    /// How long a record of this node is valid.
    package var recordLifetime = DirectoryRecord.lifetimeMax
    /// After how long it is made anew, give or take a tenth.
    package var refreshInterval = Duration.seconds(24 * 3600)
    /// How long between probes of a random other.
    package var feelerInterval = Duration.seconds(120)
    /// How long between pulls while nobody is known.
    package var searchInterval = Duration.milliseconds(500)
    /// How long between dials of one that is lost.
    package var healInterval = Duration.seconds(5)
    /// Each community is probed so often, by its observers together.
    package var probeInterval = Duration.milliseconds(1200)
    /// After how long without an answer the other observers are asked to look.
    package var missAfter = Duration.milliseconds(400)
    /// After how long without an answer a community is demoted.
    package var slowAfter = Duration.milliseconds(2300)
    /// After how long without an answer an observer calls a community gone; a pause of 6.5 s is not.
    package var silentAfter = Duration.milliseconds(6550)
    /// How many records of one community are taken at once.
    package var recordsBurst = 10
    /// One more after each.
    package var recordsEvery = Duration.seconds(60)
    /// Bytes of new texts taken from one peer at once.
    package var peerBytesBurst = 4 << 20
    /// Bytes more each second.
    package var peerBytesPerSecond = 64 << 10
    /// Records kept per peer while their admission is missing.
    package var pendingMax = 100
    /// Their bytes per peer.
    package var pendingBytesMax = 64 << 10
    /// How long they wait.
    package var pendingFor = Duration.seconds(600)
    /// How long a new node asks others for its own record before it publishes, once one has answered.
    package var lookupWait = Duration.seconds(2)

    /// The defaults.
    package init() {}
}

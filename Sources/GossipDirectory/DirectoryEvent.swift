import ExchangeCore
import Trust

/// A signed text worth keeping across restarts, as its exact bytes.
package struct DirectoryFact: Hashable, Sendable {
    /// What kind of text.
    package enum Kind: String, Sendable {
        /// An admission: one JWS.
        case admission
        /// A record: one JWS.
        case record
        /// Two records of one owner with one sequence number, parted by a blank: evidence against it.
        case proof
    }

    /// What kind of text.
    package let kind: Kind
    /// The community it is about.
    package let community: CommunityID
    /// The text.
    package let compact: String

    /// A fact from its parts.
    package init(kind: Kind, community: CommunityID, compact: String) {
        self.kind = kind
        self.community = community
        self.compact = compact
    }
}

/// Whom a message is for.
package struct DirectoryTarget: Hashable, Sendable {
    /// The community meant; nil for a seed of which only the address is known.
    package let community: CommunityID?
    /// The address of its directory route's base.
    package let url: EndpointURL

    /// A target from its parts.
    package init(community: CommunityID?, url: EndpointURL) {
        self.community = community
        self.url = url
    }
}

/// What happens to a directory.
package enum DirectoryEvent: Sendable {
    /// The node has restored what it kept and begins.
    case started
    /// The shell's timer: time for a pull, a refresh, a cleaning.
    case timer
    /// The operator changed what the node says about itself.
    case profiled(DirectoryProfile)
    /// The operator brought an admission, compact.
    case admitted(String)
    /// The operator accepts that this node's own history went on elsewhere, and continues after it.
    case adopted
    /// A peer's message came in, to be answered; its certificate says who it is.
    case asked(DirectoryMessage, from: CommunityID)
    /// A peer answered a message of ours; its certificate says who it is.
    case answered(DirectoryMessage, from: CommunityID, target: DirectoryTarget)
    /// A message of ours found nobody.
    case failed(DirectoryTarget)
}

/// What the shell must do, in this order, each finished before the next.
package enum DirectoryEffect: Hashable, Sendable {
    /// Keep this, durably; what is this node's own must be in the journal before anything after it is done.
    case persist(DirectoryFact)
    /// Send a message, and hand its answer back as `.answered`.
    case send(DirectoryMessage, to: DirectoryTarget)
    /// Answer the message that was asked with this.
    case reply(DirectoryMessage)
    /// Refuse the message that was asked: who sent it is not admitted.
    case refuse
    /// Who is admitted, or where they answer, changed: judge connections anew, and show the new view.
    case changed
    /// Tell the administrator.
    case notice(DirectoryNotice)
}

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

    package var description: String {
        switch self {
        case .refused(let from, let about, let why):
            "refused what \(from?.urn ?? "a file") brought about \(about?.urn ?? "nobody"): \(why)"
        case .equivocation(let community): "\(community.urn) told two stories and is not routed to any more"
        case .cloneOrRestore:
            "another node publishes with this node's key; stop the clone, then run hie directory adopt"
        case .otherNetwork(let from): "\(from.urn) speaks for another network"
        case .cannotPublish(let why): "this node cannot publish its record: \(why)"
        }
    }
}

/// Every number a directory goes by.
package struct DirectoryLimits: Hashable, Sendable {
    /// Communities at the most.
    package var communitiesMax = 10_000
    /// To how many peers a change is pushed at once.
    package var fanOut = 6
    /// How long a record of this node is valid.
    package var recordLifetime = DirectoryRecord.lifetimeMax
    /// After how long it is made anew, give or take a tenth.
    package var refreshInterval = Duration.seconds(24 * 3600)
    /// How long between pulls once another community is known.
    package var pullInterval = Duration.seconds(10)
    /// How long between pulls while nobody is known.
    package var searchInterval = Duration.milliseconds(500)

    /// The defaults.
    package init() {}
}

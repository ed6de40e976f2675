import ExchangeCore
import Trust

/// A signed text worth keeping across restarts, as its exact bytes.
package struct DirectoryFact: Hashable, Sendable {
    /// What kind of text.
    package enum Kind: String, Sendable {
        /// An admission: one JWS.
        case admission
        /// A revocation: one JWS.
        case revocation
        /// A record: one JWS.
        case record
        /// Two records of one owner with one sequence number, parted by a blank: evidence against it.
        case proof
        /// The operator's own word on whether a community is let in here: `blocked` or `approved`.
        case block
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

/// Why a frame of ours came to nothing.
package enum DirectoryFailure: Hashable, Sendable {
    /// The host refused the connection: nobody listens there.
    case refused
    /// No answer in time, or the connection broke.
    case silent
    /// It answered, but not with an answer: it does not admit us, or is no directory.
    case declined
}

/// What happens to a directory.
package enum DirectoryEvent: Sendable {
    /// The node has restored what it kept and begins.
    case started
    /// Something is due: the shell asks `nextWake` when.
    case timer
    /// The operator changed what the node says about itself.
    case profiled(DirectoryProfile)
    /// The operator brought an admission, compact.
    case admitted(String)
    /// The operator brought a revocation, compact.
    case revoked(String)
    /// The operator accepts that this node's own history went on elsewhere, and continues after it.
    case adopted
    /// The operator takes this node out of the network: its last record of this epoch.
    case left
    /// The operator lets nothing of a community in any more, or lets it in again.
    case blocked(CommunityID, Bool)
    /// The operator asks to probe a community now.
    case pinged(CommunityID)
    /// A peer's frame came in, to be answered; its certificate says who it is.
    case asked(DirectoryFrame, from: CommunityID)
    /// A peer answered a frame of ours; its certificate says who it is.
    case answered(DirectoryFrame, from: CommunityID, target: DirectoryTarget)
    /// A frame of ours found nobody.
    case failed(DirectoryTarget, DirectoryFailure)
    /// A kept connection to a community was closed by the other side.
    case closed(CommunityID)
}

/// What the shell must do, in this order, each finished before the next.
package enum DirectoryEffect: Hashable, Sendable {
    /// Keep this, durably; what is this node's own must be in the journal before anything after it is done.
    case persist(DirectoryFact)
    /// Send a frame, and hand its answer back as `.answered`.
    case send(DirectoryFrame, to: DirectoryTarget)
    /// Answer the frame that was asked with this.
    case reply(DirectoryFrame)
    /// Refuse the frame that was asked: who sent it is not admitted, banned or asks too much.
    case refuse
    /// Who is admitted, or where they answer, changed: judge connections anew, and show the new view.
    case changed
    /// A community's admission was revoked, replaced or blocked: its live connections end within a second.
    case cut(CommunityID)
    /// A community's record is new: whose.
    case updated(CommunityID)
    /// Whether a community can be reached has changed.
    case reach(CommunityID, Reach)
    /// Tell the administrator.
    case notice(DirectoryNotice)
}

/// Whether a community answers, by this node's own contacts and by what its observers agree on. Advisory.
package enum Reach: String, Sendable, CaseIterable {
    /// It answers, or nobody has said otherwise.
    case reachable
    /// It has been silent for a few seconds: ask it last.
    case unresponsive
    /// Most of its observers find it gone.
    case unreachable
}

import ExchangeCore

/// Whose log an origin names, and which of that community's: `oid/1.2.3`, and after an accepted loss `oid/1.2.3/2`.
package struct LogOrigin: Hashable, Sendable {
    /// The community.
    package let community: CommunityID
    /// 1 for the first log, then one more for each that goes on after a loss.
    package let incarnation: Int

    /// An origin from its parts.
    package init(community: CommunityID, incarnation: Int = 1) {
        self.community = community
        self.incarnation = incarnation
    }

    /// Reads the first line of a checkpoint; nil when it names no community's log.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[0] == "oid", let community = CommunityID(String(parts[1])),
            community.oid.dotted.utf8.elementsEqual(parts[1].utf8)
        else { return nil }
        self.community = community
        guard parts.count == 3 else {
            incarnation = 1
            return
        }
        guard let number = ProofLines.number(parts[2].utf8, after: ""), (2...1000).contains(number) else { return nil }
        incarnation = Int(number)
    }

    /// As it stands in a checkpoint.
    package var text: String {
        "oid/\(community.oid.dotted)" + (incarnation == 1 ? "" : "/\(incarnation)")
    }

    /// The log that goes on after a loss of this one.
    package var successor: LogOrigin { LogOrigin(community: community, incarnation: incarnation + 1) }

    /// Whether one log may stand before another in the same segments: the same one, or an earlier one of its community.
    package static func mayPrecede(_ former: String, _ later: String) -> Bool {
        if former.utf8.elementsEqual(later.utf8) { return true }
        guard let one = LogOrigin(former), let other = LogOrigin(later) else { return false }
        return one.community == other.community && one.incarnation < other.incarnation
    }
}

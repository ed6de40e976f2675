import ExchangeCore

/// How far this node's clock is from its peers', as their messages say (directory.md 2.1).
struct ClockSkew: Sendable {
    /// From here on the administrator is told.
    static let alarm = Duration.seconds(120)
    /// From here on this node does not judge what has expired, and does not publish.
    static let distrust = Duration.seconds(300)

    private var offsets: [CommunityID: Int64] = [:]
    private var toldAt: Duration?
    /// The median of the peers' offsets, in milliseconds; positive when this node is behind. Zero until two were heard.
    private(set) var median: Int64 = 0

    var isDistrusted: Bool { abs(median) > Self.distrust.wholeMilliseconds }

    mutating func note(_ peer: CommunityID, _ at: Timestamp, _ moment: Moment) -> DirectoryNotice? {
        if offsets.count >= 64, offsets[peer] == nil { offsets = [:] }
        let offset = at.milliseconds - moment.now.milliseconds
        // The network's own delays are not worth counting anew: each frame brings a time.
        if let held = offsets[peer], abs(held - offset) < 250 { return tell(moment) }
        offsets[peer] = offset
        let sorted = offsets.values.sorted()
        median = sorted.count < 2 ? 0 : sorted[(sorted.count - 1) / 2]
        return tell(moment)
    }

    /// The administrator is told once an hour.
    private mutating func tell(_ moment: Moment) -> DirectoryNotice? {
        guard abs(median) > Self.alarm.wholeMilliseconds else { return nil }
        if let toldAt, moment.uptime - toldAt < .seconds(3600) { return nil }
        toldAt = moment.uptime
        return .clockOff(seconds: median / 1000)
    }
}

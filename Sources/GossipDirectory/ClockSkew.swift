import ExchangeCore

/// How far this node's clock is from its peers', as their messages say (directory.md 2.1).
struct ClockSkew: Sendable {
    /// From here on the administrator is told.
    static let alarm = Duration.seconds(120)
    /// From here on this node does not judge what has expired, and does not publish.
    static let distrust = Duration.seconds(300)

    private var offsets: [CommunityID: Int64] = [:]
    private var toldAt: Duration?
    /// The wall clock less the monotonic one, in milliseconds, as last seen.
    private var own: Int64?
    /// The median of the peers' offsets, in milliseconds; positive when this node is behind. Zero until two were heard.
    private(set) var median: Int64 = 0

    /// How many peers' clocks are known.
    var heard: Int { offsets.count }

    var isDistrusted: Bool { abs(median) > Self.distrust.wholeMilliseconds }

    /// The earlier of what this node's clock says and what its peers' say, where the two are too far apart to tell which is
    /// right: nothing dated ahead of either is taken.
    func earliest(_ now: Timestamp) -> Timestamp {
        isDistrusted && median < 0 ? now + .milliseconds(median) : now
    }

    /// The later of the two.
    func latest(_ now: Timestamp) -> Timestamp {
        isDistrusted && median > 0 ? now + .milliseconds(median) : now
    }

    /// What the time most likely is: its peers' word where this node's clock is far from it. For beats and observations, which
    /// move nothing but reachability: with a clock an hour behind a node could not even say that it lives.
    func likely(_ now: Timestamp) -> Timestamp { isDistrusted ? now + .milliseconds(median) : now }

    mutating func note(_ peer: CommunityID, _ at: Timestamp, _ moment: Moment) -> DirectoryNotice? {
        if offsets.count >= 64, offsets[peer] == nil { offsets = [:] }
        let offset = at.milliseconds - moment.now.milliseconds
        // The network's own delays are not worth counting anew: each frame brings a time.
        if let held = offsets[peer], abs(held - offset) < 250 { return tell(moment) }
        offsets[peer] = offset
        judge()
        return tell(moment)
    }

    /// Notes this node's own two clocks: where the wall clock leaps against the monotonic one, everybody's offset leaps
    /// with it, and nobody need be heard anew to know.
    mutating func look(_ moment: Moment) {
        let difference = moment.now.milliseconds - moment.uptime.wholeMilliseconds
        defer { own = difference }
        guard let own, abs(difference - own) > 1000 else { return }
        for peer in offsets.keys { offsets[peer]? -= difference - own }
        judge()
    }

    private mutating func judge() {
        let sorted = offsets.values.sorted()
        switch sorted.count {
        case 0, 1: median = 0
        // Of two that differ, this node believes the one that is nearer to it: the other's clock may be the wrong one.
        case 2: median = sorted[0] < 0 && sorted[1] > 0 ? 0 : sorted.min { abs($0) < abs($1) } ?? 0
        default: median = sorted[(sorted.count - 1) / 2]
        }
    }

    /// The administrator is told once an hour.
    private mutating func tell(_ moment: Moment) -> DirectoryNotice? {
        guard abs(median) > Self.alarm.wholeMilliseconds else { return nil }
        if let toldAt, moment.uptime - toldAt < .seconds(3600) { return nil }
        toldAt = moment.uptime
        return .clockOff(seconds: median / 1000)
    }
}

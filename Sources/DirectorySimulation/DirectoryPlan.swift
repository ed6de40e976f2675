import ExchangeCore
import GossipDirectory

/// What may go wrong in a simulated network.
package enum DirectoryFault: String, CaseIterable, Sendable {
    /// Processes end and start again; sometimes what was not synced is gone.
    case kill
    /// Processes stand still for up to 6.5 s.
    case pause
    /// The network falls into two parts, or one-way links.
    case partition
    /// Packets are lost: connections stall.
    case loss
    /// Clocks up to a minute off, in every third seed one of them an hour.
    case clock
    /// Some nodes are hostile.
    case hostile
    /// Facilities change what they say.
    case update
    /// Keys are rotated, with overlap.
    case rotate
    /// A facility's admission is taken back, and its old key used on.
    case revoke
    /// A facility leaves.
    case leave
    /// An old backup is restored.
    case restore
}

/// What one run of a simulated network is like.
package struct DirectoryPlan: Sendable {
    /// How many nodes.
    package var nodes: Int
    /// What goes wrong.
    package var faults: Set<DirectoryFault>
    /// How long things go wrong, in microseconds.
    package var storm: Int64 = 20_000_000
    /// Between two hosts, one way, in microseconds: from half to one and a half of this.
    package var latency: Int64 = 1000
    /// How many nodes are hostile, where some are; at most 4, so that no community's observers have a hostile majority.
    package var hostile = 2
    /// Whether crash and silence are measured after the storm.
    package var measures = true
    /// Whom each node asks first; nil for the first three of all.
    package var seedsByNode: [Int: [Int]]?
    /// Every number of the directories.
    package var limits = DirectoryLimits()

    /// A plan of so many nodes.
    package init(nodes: Int, faults: Set<DirectoryFault> = Set(DirectoryFault.allCases)) {
        self.nodes = nodes
        self.faults = faults
    }

    /// The same for a row of many seeds: things go wrong for 10 s, and nothing is measured after them; half the time.
    package var short: Self {
        var plan = self
        plan.storm = 10_000_000
        plan.measures = false
        return plan
    }

    func seeds(of number: Int) -> [Int] {
        if let seedsByNode { return (seedsByNode[number] ?? []).filter { $0 != number && $0 < nodes } }
        return Array(0..<min(3, nodes)).filter { $0 != number }
    }
}

/// What a run showed.
package struct DirectoryOutcome: Sendable {
    /// What must not have happened; empty when all is well.
    package var violations: [String] = []
    /// A hash over everything that happened: the same seed gives the same.
    package var trace: UInt64 = 0
    /// How many events there were.
    package var events = 0
    /// From the last start to everybody's equal roots, in milliseconds.
    package var boot = 0.0
    /// From the end of the last fault to equal roots, in milliseconds.
    package var healed = 0.0
    /// An update to its last reader, in milliseconds.
    package var spread = 0.0
    /// From a process's end until all know, in milliseconds; nil when not measured.
    package var crash: Double?
    /// From a host's silence until all call it gone, in milliseconds; nil when not measured.
    package var silent: Double?
    /// Bytes of frames sent per node and second while nothing happens, without TLS, HTTP and TCP.
    package var idleBytes = 0.0
    /// Frames sent per node and second while nothing happens.
    package var idleFrames = 0.0
}

import ExchangeCore
import GossipDirectory
import Trust

/// What must hold in every run (directory.md 4), looked at with every change and at the end.
struct Checks {
    let cast: Cast
    var violations: [String] = []
    /// Hashes of every record that its owner signed.
    private var signed: Set<Thumbprint> = []
    /// Communities whose owner did tell two stories.
    var twoFaced: Set<CommunityID> = []
    /// Nodes whose state was set back: they must notice.
    var setBack: Set<Int> = []
    /// Nodes that must not publish until they have noticed.
    var mustWait: Set<Int> = []
    /// Nodes that were set back and whose operator has not let them go on: they notice anew at each start.
    var unadopted: Set<Int> = []
    /// Nodes whose clocks are an hour off, and since when.
    var hourOff: [Int: Int64] = [:]
    /// Those of them that have told their operator.
    private var alarmed: Set<Int> = []
    /// Until when something was wrong with the network as a whole.
    var troubleUntil: Int64 = 0
    private var admissions: [CommunityID: Admission] = [:]

    init(cast: Cast) { self.cast = cast }

    mutating func fail(_ text: String) { if violations.count < 20 { violations.append(text) } }

    mutating func admitted(_ admission: Admission) { admissions[admission.community] = admission }

    /// A hostile owner's own work: it may say of itself what it likes.
    mutating func signedByOwner(_ record: DirectoryRecord) { signed.insert(record.token.hash) }

    mutating func kept(_ fact: DirectoryFact, by node: SimulatedDirectory) {
        guard fact.kind == .record, fact.community == cast.facilities[node.number].community else { return }
        if let record = record(fact.community, at: node), record.token.compact == fact.compact {
            signed.insert(record.token.hash)
        }
        if mustWait.contains(node.number) { fail("I9 \(node.number) published before it noticed that it was set back") }
    }

    /// I1, I2, I5: what is stored was signed by its owner, and nothing goes back.
    mutating func updated(_ community: CommunityID, at node: SimulatedDirectory, _ moment: Moment) {
        guard !node.isHostile else { return }
        if let record = record(community, at: node), !signed.contains(record.token.hash) {
            fail("I1 \(node.number) holds a record of \(community) that its owner never signed")
        }
        let mark = node.state.mark(of: community)
        if let before = node.marks[community], mark.map({ $0 < before }) ?? true {
            fail("I2 \(node.number) went back on \(community)")
        }
        node.marks[community] = mark
        let shown = node.state.community(community, at: moment)
        if shown?.record?.statement.status == .retired {
            node.retired[community] = shown?.record?.statement.epoch
        } else if let epoch = node.retired[community], shown?.record?.statement.epoch == epoch {
            fail("I5 \(node.number) sees \(community) again, which had left")
        }
    }

    /// I7: nobody who is well is called gone.
    mutating func reached(_ community: CommunityID, _ reach: Reach, at node: SimulatedDirectory, in world: DirectoryWorld) {
        guard reach == .unreachable, !node.isHostile, let number = cast.number(community) else { return }
        let subject = world.nodes[number]
        let calm: Int64 = 12_000_000
        guard subject.isUp, !subject.isHostile, !subject.isPaused, !node.isPaused, !subject.isRevoked,
            let since = subject.wellSince, world.now - since > calm, world.now - troubleUntil > calm
        else { return }
        fail("I7 \(node.number) calls \(number) gone, which is well")
    }

    mutating func noticed(_ notice: DirectoryNotice, at node: SimulatedDirectory) {
        guard !node.isHostile else { return }
        switch notice {
        case .rootMended: fail("I4 \(node.number) had a wrong sum")
        case .cloneOrRestore:
            if !setBack.contains(node.number), !unadopted.contains(node.number) { fail("I9 \(node.number) takes itself for a clone") }
            setBack.remove(node.number)
            mustWait.remove(node.number)
        case .equivocation(let community):
            convicted[community, default: []].insert(node.number)
            if !twoFaced.contains(community) { fail("I6 \(node.number) believes that \(community) told two stories") }
        case .banned(let peer, _):
            if let number = cast.number(peer), !hostile.contains(number) { fail("I8 \(node.number) bans \(number), which is honest") }
        case .clockOff:
            alarmed.insert(node.number)
            if hourOff[node.number] == nil { fail("G17 \(node.number) doubts its clock, which is right") }
        case .refused, .otherNetwork, .cannotPublish, .divergent: break
        }
    }

    /// G17: a node whose clock is an hour off, and which has run and been linked for long enough, has said so.
    mutating func clocks(_ world: DirectoryWorld) {
        for (number, since) in hourOff.sorted(by: { $0.key < $1.key }) {
            let node = world.nodes[number]
            guard node.isUp, !node.isPaused, !node.isRevoked, !node.hasLeft, let well = node.wellSince,
                world.now - max(well, since, troubleUntil) > 12_000_000
            else { continue }
            if !alarmed.contains(number) { fail("G17 \(number) has not noticed that its clock is an hour off") }
        }
    }

    var hostile: Set<Int> = []
    /// Who has noticed that a community told two stories: when one of them is heard at the end, all must know. One that was revoked
    /// or has left before it could tell anybody takes its proof along.
    private var convicted: [CommunityID: Set<Int>] = [:]

    /// I3, I4, I6, I8: at the end all agree, on what the owners last said.
    mutating func end(_ world: DirectoryWorld) {
        let honest = world.honest
        guard let first = honest.first else { return }
        let root = first.state.computedRoot(now: Cast.epoch + .microseconds(world.now))
        for node in honest {
            let now = world.moment(node)
            if node.state.computedRoot(now: Cast.epoch + .microseconds(world.now)) != root {
                fail("I3 \(node.number) differs from \(first.number): \(difference(node, first, world))")
            }
            var copy = node.state
            if copy.root(now: now.now) != node.state.computedRoot(now: now.now) { fail("I4 \(node.number) counts wrongly") }
            if node.state.pendingCount.records > world.plan.limits.pendingMax * world.plan.nodes {
                fail("I8 \(node.number) keeps too much that waits")
            }
            for other in honest {
                let community = cast.facilities[other.number].community
                if node.state.mark(of: community) != other.state.mark(of: community) {
                    fail("I3 \(node.number) has not heard \(other.number)'s last word")
                }
                if other.isRevoked == false, node.state.community(community, at: now)?.standing != .active,
                    !twoFaced.contains(community)
                {
                    let standing = node.state.community(community, at: now)?.standing.rawValue ?? "nothing"
                    fail("I3 \(node.number) shows \(other.number) as \(standing)")
                }
            }
            for other in world.nodes where other.isRevoked {
                let keys = node.state.admittedKeys(now: now.now)[cast.facilities[other.number].community]
                if !(keys?.isEmpty ?? true) { fail("I6 \(node.number) still admits \(other.number), which was revoked") }
            }
            for community in twoFaced where !(world.nodes[cast.number(community) ?? 0].isRevoked) {
                guard let judges = convicted[community], honest.contains(where: { judges.contains($0.number) }) else { continue }
                if node.state.community(community, at: now)?.standing != .quarantined {
                    fail("I6 \(node.number) does not know that \(community) told two stories")
                }
            }
        }
        for number in setBack { fail("I9 \(number) never noticed that it was set back") }
    }

    private func record(_ community: CommunityID, at node: SimulatedDirectory) -> DirectoryRecord? {
        node.state.community(community, at: Moment(now: Cast.epoch, uptime: .zero))?.record
    }

    private func difference(_ one: SimulatedDirectory, _ other: SimulatedDirectory, _ world: DirectoryWorld) -> String {
        let facts = Set(one.state.facts.map(SimulatedDirectory.word))
        let others = Set(other.state.facts.map(SimulatedDirectory.word))
        return facts.symmetricDifference(others).sorted().prefix(4).joined(separator: ", ")
    }
}

extension SimulatedDirectory {
    static func word(_ fact: DirectoryFact) -> String {
        "\(slot(fact)) \(Thumbprint(of: fact.compact.utf8).text.prefix(6))"
    }
}

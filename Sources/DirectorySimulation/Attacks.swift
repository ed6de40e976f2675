import ExchangeCore
import GossipDirectory
import JSON
import Trust

/// What hostile nodes send: everything a member's key and certificate allow, and what they do not.
struct Attacker {
    let world: DirectoryWorld
    let node: SimulatedDirectory

    private var cast: Cast { world.cast }
    private var own: Cast.Facility { cast.facilities[node.number] }

    /// One move of one vice.
    func move(_ vice: Vice) throws {
        switch vice {
        case .forge: try forge()
        case .equivocate: try equivocate()
        case .replay: replay()
        case .garbage: try garbage()
        case .flood: try flood()
        case .slander: try slander()
        case .frame: try frame()
        case .withhold, .stall: break
        }
    }

    private func some() -> Int { Int.random(in: 0..<world.plan.nodes, using: &world.chance) }

    private func blank() -> DirectoryMessage {
        DirectoryMessage(network: cast.network, at: Cast.epoch + .microseconds(world.now))
    }

    private func send(_ message: DirectoryMessage, to number: Int) {
        guard number != node.number else { return }
        world.send(
            .message(message), to: DirectoryTarget(community: cast.facilities[number].community, url: cast.facilities[number].url),
            from: node.number)
    }

    private func victim() -> DirectoryRecord? {
        let number = some()
        guard number != node.number else { return nil }
        return node.state.community(cast.facilities[number].community, at: world.moment(node))?.record
    }

    private func forge() throws {
        guard let record = victim() else { return }
        var payload = record.token.payload
        payload["seq"] = .number(String(record.statement.sequence + 1))
        payload["org"] = "Owned"
        let signed = try SignedToken(signing: payload, type: .record, key: node.key)
        var message = blank()
        // Signed with the wrong key; under the right key's name; and as an admission of its own making.
        let claimed = record.token.compact.split(separator: ".")
        let parts = signed.compact.split(separator: ".")
        message.records = [signed.compact, "\(claimed[0]).\(parts[1]).\(parts[2])"]
        let grant = Admission.Grant(
            network: cast.network, community: record.community, organization: "Owned", keys: [node.key.publicKey], epoch: 9,
            issued: Cast.epoch)
        message.admissions = [try Admission(granting: grant, key: node.key).token.compact]
        message.revocations = [
            try Revocation(
                of: record.community, epoch: 9, network: cast.network, reason: "owned", issued: Cast.epoch, key: node.key
            ).token.compact
        ]
        for _ in 0..<3 { send(message, to: some()) }
    }

    private func statement(_ sequence: UInt64, _ name: String, change: (inout DirectoryRecord.Statement) -> Void = { _ in })
        throws -> DirectoryRecord
    {
        let now = Timestamp(seconds: (Cast.epoch + .microseconds(world.now)).seconds)
        var profile = cast.profile(node.number, version: 0)
        profile.organization = name
        let held = node.state.community(own.community, at: world.moment(node))?.record?.statement
        guard var statement = held else { throw ExchangeError(.notFound, "nothing published yet") }
        statement.sequence = sequence
        statement.issued = now
        statement.expires = now + .seconds(72 * 3600)
        statement.profile = profile
        change(&statement)
        return try DirectoryRecord(stating: statement, key: node.key)
    }

    private var next: UInt64 {
        let milliseconds = UInt64((Cast.epoch + .microseconds(world.now)).milliseconds)
        return max(milliseconds, (node.state.mark(of: own.community)?.sequence ?? 0) + 1)
    }

    private func equivocate() throws {
        try tell(to: (0..<world.plan.nodes).filter { !world.nodes[$0].isHostile })
    }

    /// Tells every other of some nodes another story.
    func tell(to numbers: [Int]) throws {
        guard !world.checks.twoFaced.contains(own.community) else { return }
        let sequence = next
        let stories = [try statement(sequence, "one story"), try statement(sequence, "another story")]
        for story in stories { world.checks.signedByOwner(story) }
        world.checks.twoFaced.insert(own.community)
        for (place, number) in numbers.enumerated() {
            var message = blank()
            message.records = [stories[place % 2].token.compact]
            send(message, to: number)
        }
    }

    private func replay() {
        var message = blank()
        for fact in node.facts.shuffled(using: &world.chance).prefix(3) {
            switch fact.kind {
            case .record: message.records.append(fact.compact)
            case .admission: message.admissions.append(fact.compact)
            case .revocation, .proof, .block: break
            }
        }
        for old in world.history.shuffled(using: &world.chance).prefix(5) { message.records.append(old) }
        for _ in 0..<4 { send(message, to: some()) }
    }

    private func garbage() throws {
        let ahead = UInt64((Cast.epoch + .microseconds(world.now)).milliseconds) + 3_600_000
        var message = blank()
        switch Int.random(in: 0..<8, using: &world.chance) {
        case 0: message.records = [try statement(ahead, "from the future").token.compact]
        case 1: message.records = [try statement(1 << 53 - 1, "for ever").token.compact]
        case 2: message.records = [try statement(next, "elsewhere") { $0.network = node.key.publicKey.thumbprint }.token.compact]
        case 3: message.records = [try statement(next, "longer") { $0.expires = $0.expires + .seconds(86400) }.token.compact]
        case 4:
            guard let record = victim() else { return }
            message.records = [String(record.token.compact.dropLast(7)), String(repeating: "x", count: 20_000)]
        case 5: message.records = [try statement(next, "next epoch") { $0.epoch = 7 }.token.compact]
        case 6: message.network = node.key.publicKey.thumbprint
        default:
            // Leaves, and is back with the next breath: leaving is final within an epoch.
            let sequence = max(next, node.flooded + 1)
            node.flooded = sequence + 1
            let gone = try statement(sequence, "gone") { $0.status = .retired }
            let back = try statement(sequence + 1, "back")
            for record in [gone, back] { world.checks.signedByOwner(record) }
            message.records = [gone.token.compact, back.token.compact]
        }
        send(message, to: some())
    }

    private func flood() throws {
        var message = blank()
        // A flood in the same moment as the last would tell two stories: that is another vice.
        let sequence = max(next, node.flooded + 1)
        node.flooded = sequence + 39
        for offset in 0..<40 {
            let record = try statement(sequence + UInt64(offset), "flood \(offset)")
            world.checks.signedByOwner(record)
            message.records.append(record.token.compact)
        }
        send(message, to: some())
        for _ in 0..<3 {
            message.records = (0..<100).map { "\($0).\(world.now).x" }
            send(message, to: some())
        }
    }

    private func slander() throws {
        let subject = cast.facilities[some()].community
        var message = blank()
        for observer in [own.community] + (0..<5).map({ _ in cast.facilities[some()].community }) {
            let payload: JSONObject = [
                "net": .string(cast.network.text), "community": .string(observer.urn), "of": .string(subject.urn),
                "saw": "refused", "beat": .number(String(next)), "seq": .number(String(next)),
            ]
            message.observations.append(try SignedToken(signing: payload, type: .observation, key: node.key).compact)
        }
        for _ in 0..<6 { send(message, to: some()) }
    }

    /// Proofs of nothing: one record twice, two of different numbers, and one whose signature was turned round.
    private func frame() throws {
        guard let record = victim() else { return }
        let compact = record.token.compact
        var message = blank()
        let twin = Self.turned(compact)
        message.proofs = ["\(compact) \(compact)", "\(compact) \(twin)"]
        message.records = [twin]
        if let old = world.history.last(where: { $0 != compact }) { message.proofs.append("\(old) \(compact)") }
        send(message, to: some())
    }

    /// The same signature with n - s for s: valid, and made by nobody.
    static func turned(_ compact: String) -> String {
        let parts = compact.split(separator: ".")
        guard parts.count == 3, var signature = Base64.decode(String(parts[2]), .url), signature.count == 64 else {
            return compact
        }
        let order: [UInt8] = [
            0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xBC, 0xE6, 0xFA, 0xAD,
            0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
        ]
        var borrow = 0
        for at in (0..<32).reversed() {
            let difference = Int(order[at]) - Int(signature[32 + at]) - borrow
            borrow = difference < 0 ? 1 : 0
            signature[32 + at] = UInt8(truncatingIfNeeded: difference)
        }
        return "\(parts[0]).\(parts[1]).\(Base64.encode(signature, .url))"
    }
}

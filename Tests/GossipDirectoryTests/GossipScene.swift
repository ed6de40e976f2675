import ExchangeCore
import JSON
import Testing
import Trust

@testable import GossipDirectory

/// A generator that repeats: SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

/// A network authority and communities numbered from 0.
struct GossipScene {
    let now = Timestamp(seconds: 1_772_445_600)
    let authority = SigningKey()
    let keys: [SigningKey]

    init(communities: Int = 3) { keys = (0..<communities).map { _ in SigningKey() } }

    var network: Thumbprint { authority.publicKey.thumbprint }

    func community(_ number: Int) throws -> CommunityID {
        try #require(CommunityID("1.3.6.1.4.1.21367.2026.\(number + 10)"))
    }

    func url(_ number: Int) throws -> EndpointURL { try #require(EndpointURL("https://n\(number).example.org:9443")) }

    func admission(_ number: Int, epoch: UInt32 = 1, key: SigningKey? = nil, signer: SigningKey? = nil, at: Timestamp? = nil)
        throws -> Admission
    {
        try Admission(
            granting: Admission.Grant(
                network: network, community: community(number), organization: "Facility \(number)",
                keys: [(key ?? keys[number]).publicKey], epoch: epoch, issued: at ?? now - .seconds(60)),
            key: signer ?? authority)
    }

    func profile(_ number: Int, name: String? = nil) throws -> DirectoryProfile {
        DirectoryProfile(
            organization: name ?? "Facility \(number)", identifiers: [try community(number).oid],
            endpoints: [
                DirectoryEndpoint(role: "gossip", url: try url(number)),
                DirectoryEndpoint(role: "fhir", url: try url(number)),
            ], capabilities: ["mhd/4.2"])
    }

    func statement(_ number: Int, sequence: UInt64? = nil, epoch: UInt32 = 1, name: String? = nil, at: Timestamp? = nil)
        throws -> DirectoryRecord.Statement
    {
        let at = at ?? now
        return DirectoryRecord.Statement(
            network: network, community: try community(number), epoch: epoch,
            sequence: sequence ?? UInt64(at.milliseconds), previous: nil, issued: at, expires: at + .seconds(72 * 3600),
            status: .active, profile: try profile(number, name: name), keys: [keys[number].publicKey.thumbprint],
            admission: network)
    }

    func record(_ number: Int, sequence: UInt64? = nil, epoch: UInt32 = 1, name: String? = nil, at: Timestamp? = nil)
        throws -> DirectoryRecord
    {
        try DirectoryRecord(
            stating: statement(number, sequence: sequence, epoch: epoch, name: name, at: at), key: keys[number])
    }

    func state(_ number: Int, seeds: [Int] = [], knowing: [Int] = [], limits: DirectoryLimits = DirectoryLimits())
        throws -> DirectoryState
    {
        var state = DirectoryState(
            identity: DirectoryIdentity(
                authorities: [authority.publicKey], community: try community(number), key: keys[number],
                seeds: try seeds.map { DirectoryTarget(community: nil, url: try url($0)) }),
            limits: limits, store: UInt64(number + 1))
        for other in knowing { #expect(state.accept(admission: try admission(other).token.compact) == .stored) }
        return state
    }

    /// A record of any payload, signed by anybody: what no honest node would make.
    func forge(_ number: Int, key: SigningKey? = nil, type: TokenType = .record, _ change: (inout JSONObject) -> Void)
        throws -> String
    {
        var payload = try record(number).token.payload
        change(&payload)
        return try SignedToken(signing: payload, type: type, key: key ?? keys[number]).compact
    }
}

extension GossipScene {
    var moment: Moment { Moment(now: now, uptime: .seconds(100)) }
}

extension DirectoryState {
    /// An event at a wall clock's time; the monotonic clock goes along with it.
    mutating func handle(_ event: DirectoryEvent, now: Timestamp, using random: inout some RandomNumberGenerator)
        -> [DirectoryEffect]
    {
        handle(event, at: .along(now), using: &random)
    }

    func community(_ id: CommunityID, now: Timestamp) -> DirectoryCommunity? { community(id, at: .along(now)) }

    func communities(now: Timestamp) -> [DirectoryCommunity] { communities(at: .along(now)) }
}

extension Moment {
    static func along(_ now: Timestamp) -> Moment {
        Moment(now: now, uptime: .milliseconds(now.milliseconds - 1_772_000_000_000))
    }
}

extension DirectoryEvent {
    static func asked(_ message: DirectoryMessage, from peer: CommunityID) -> DirectoryEvent {
        .asked(.message(message), from: peer)
    }

    static func answered(_ message: DirectoryMessage, from peer: CommunityID, target: DirectoryTarget) -> DirectoryEvent {
        .answered(.message(message), from: peer, target: target)
    }
}

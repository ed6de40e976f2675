import ExchangeCore
import Trust

/// Everything held of one community.
struct DirectoryRow: Sendable {
    var admission: Admission?
    var revocation: Revocation?
    var record: DirectoryRecord?
    var mark: HighWaterMark?
    var proof: DirectoryFact?
    var quarantinedEpoch: UInt32?
    /// When it last changed, in this store's count.
    var arrival: UInt64 = 0
    /// What it adds to the root, as last counted.
    var counted = DirectoryRoot()
    /// Who brought what is held, and when: for the doctor.
    var source: CommunityID?
    var received: Timestamp?
    /// Whether its last admission names a key no more that the one before named: who is connected under it must go.
    var hasLostKeys = false
    /// Why something about it was last refused.
    var refusal: DirectoryRefusal?

    var isRevoked: Bool {
        guard let admission, let revocation else { return false }
        return admission.grant.epoch <= revocation.epoch
    }

    /// Whether it belongs to those who watch and are watched: judged without the clock, so that all agree.
    var isMember: Bool {
        guard let record, admission != nil, !isRevoked, record.statement.status != .retired else { return false }
        return record.endpoint("gossip") != nil
    }
}

extension DirectoryRow {
    /// How long its texts are on the wire.
    var bytes: Int {
        [admission?.token.compact, revocation?.token.compact, record?.token.compact, proof?.compact]
            .reduce(0) { $0 + ($1?.utf8.count ?? 0) + 3 }
    }
}

/// A row as the table holds it: shared by all copies of the table until one changes it, so that looking at it is cheap.
final class HeldRow: Sendable {
    let row: DirectoryRow
    /// Judged once, when the row changed.
    let isMember: Bool
    let isRevoked: Bool
    /// Where it answers for gossip; nil while it has no record.
    let gossip: EndpointURL?
    /// From when until when its admission is valid; nil without one, or once it is revoked.
    private let admitted: Range<Timestamp>?

    init(_ row: DirectoryRow) {
        self.row = row
        admitted = row.isRevoked ? nil : row.admission.flatMap(\.validity)
        isMember = row.isMember
        isRevoked = row.isRevoked
        gossip = row.record?.endpoint("gossip")
    }

    var admission: Admission? { row.admission }
    var revocation: Revocation? { row.revocation }
    var record: DirectoryRecord? { row.record }
    var mark: HighWaterMark? { row.mark }
    var proof: DirectoryFact? { row.proof }
    var quarantinedEpoch: UInt32? { row.quarantinedEpoch }
    var arrival: UInt64 { row.arrival }
    var counted: DirectoryRoot { row.counted }
    var isRecordInForce: Bool { row.isRecordInForce }
    var bytes: Int { row.bytes }
    var source: CommunityID? { row.source }
    var received: Timestamp? { row.received }
    var refusal: DirectoryRefusal? { row.refusal }

    /// Whether its admission stands: valid, and not revoked.
    func isAdmitted(at now: Timestamp) -> Bool { admitted?.contains(now) ?? false }
}

/// The rows by community, in 256 drawers: copies of a table share the drawers that neither has changed.
struct RowTable: Sendable {
    private var drawers = [[CommunityID: HeldRow]](repeating: [:], count: 256)
    /// The communities in the order of their identifiers.
    private(set) var communities: [CommunityID] = []

    var count: Int { communities.count }

    subscript(community: CommunityID) -> HeldRow? { drawers[Self.drawer(community)][community] }

    /// Changes a row, making it when there is none.
    mutating func change(_ community: CommunityID, _ body: (inout DirectoryRow) -> Void) {
        let drawer = Self.drawer(community)
        let held = drawers[drawer][community]
        var row = held?.row ?? DirectoryRow()
        body(&row)
        drawers[drawer][community] = HeldRow(row)
        guard held == nil else { return }
        var (low, high) = (0, communities.count)
        while low < high {
            let middle = (low + high) / 2
            if communities[middle] < community { low = middle + 1 } else { high = middle }
        }
        communities.insert(community, at: low)
    }

    /// The communities and rows, in the order of their identifiers.
    var sorted: [(community: CommunityID, row: HeldRow)] {
        communities.compactMap { community in self[community].map { (community: community, row: $0) } }
    }

    /// The rows that changed after an arrival, in the order of their arrival.
    func changed(after arrival: UInt64) -> [(community: CommunityID, row: HeldRow)] {
        sorted.filter { $0.row.arrival > arrival }.sorted { $0.row.arrival < $1.row.arrival }
    }

    private static func drawer(_ community: CommunityID) -> Int {
        Int(truncatingIfNeeded: StableHash.of(community) & 0xFF)
    }
}

/// A hash that is the same on every machine and in every process: for turns and rings, never against an enemy.
enum StableHash {
    /// FNV-1a over the dotted identifier.
    static func of(_ community: CommunityID) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        var dotted = community.oid.dotted
        dotted.withUTF8 { bytes in
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        return mixed(hash, 0)
    }

    /// A word mixed with another (SplitMix64's finish).
    static func mixed(_ word: UInt64, _ salt: UInt64) -> UInt64 {
        var word = word &+ salt &* 0x9E37_79B9_7F4A_7C15 &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

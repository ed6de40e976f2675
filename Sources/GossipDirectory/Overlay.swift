import ExchangeCore

/// Who watches whom on one day: eight rings in different orders, on each the next in line watches.
///
/// Everybody with the same members computes the same, nobody chooses a place, and the edges make a random graph of small
/// diameter, along which changes are pushed. An observer is of another organisation than the watched and than the
/// watched's other observers.
final class Overlay: Sendable {
    /// How many watch one community.
    static let observersMax = 8

    /// The day (since 1970, UTC) it is for.
    let day: Int64
    /// Everybody, in the order of their identifiers.
    let members: [CommunityID]
    /// Where each stands in `members`.
    private let places: [CommunityID: Int]
    /// For each place, the places of its observers, in the order of the rings.
    private let observing: [[Int]]
    /// For each place, the places of those it watches.
    private let watching: [[Int]]

    /// Arranges members, given in the order of their identifiers with their organisations.
    init(_ members: [(community: CommunityID, organization: String)], day: Int64) {
        self.day = day
        self.members = members.map(\.community)
        let hashes = members.map { StableHash.of($0.community) }
        let rings = (0..<Self.observersMax).map { number -> (order: [Int], place: [Int]) in
            let salt = UInt64(bitPattern: day) &* 31 &+ UInt64(number)
            let keys = hashes.map { StableHash.mixed($0, salt) }
            let order = members.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
            var place = [Int](repeating: 0, count: order.count)
            for (at, index) in order.enumerated() { place[index] = at }
            return (order, place)
        }
        var observing: [[Int]] = []
        observing.reserveCapacity(members.count)
        var watching = [[Int]](repeating: [], count: members.count)
        for subject in members.indices {
            var chosen: [Int] = []
            for ring in rings {
                // A few steps suffice but where one organisation runs nearly everything.
                for step in 1..<max(2, min(members.count, 64)) {
                    let next = ring.order[(ring.place[subject] + step) % members.count]
                    let isOther = next != subject && members[next].organization != members[subject].organization
                    guard isOther, !chosen.contains(where: { members[$0].organization == members[next].organization })
                    else { continue }
                    chosen.append(next)
                    break
                }
            }
            observing.append(chosen)
            for one in chosen { watching[one].append(subject) }
        }
        places = Dictionary(uniqueKeysWithValues: self.members.enumerated().map { ($1, $0) })
        self.observing = observing
        self.watching = watching
    }

    /// How many members there are beside a community.
    func countOthers(than community: CommunityID) -> Int { members.count - (places[community] == nil ? 0 : 1) }

    /// Who watches a community, in the order of its rings.
    func observers(of community: CommunityID) -> [CommunityID] { those(observing, at: community) }

    /// Whom a community watches, in the order of their identifiers.
    func watched(by community: CommunityID) -> [CommunityID] { those(watching, at: community) }

    private func those(_ lists: [[Int]], at community: CommunityID) -> [CommunityID] {
        places[community].map { lists[$0].map { members[$0] } } ?? []
    }
}

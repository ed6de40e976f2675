import ExchangeCore
import RecordLocation
import Testing

@Suite struct AskingOrderTests {
    private static func community(_ number: Int) -> CommunityID { CommunityID("1.3.6.1.4.1.21367.2026.\(number)")! }

    private let candidates = [
        AskingOrder.Candidate(community(1), regions: ["east"]), .init(community(2), regions: ["west"]),
        .init(community(3)), .init(community(4), regions: ["west"], identifiers: [OID("2.16.840.1.113883.4.1")!]),
    ]

    private func order(
        _ scope: AskingScope, known: Set<Int> = [], authorities: [String] = [], home: Set<String> = ["east"],
    ) -> AskingOrder {
        AskingOrder(
            candidates, known: Set(known.map(Self.community)), authorities: authorities, home: home, scope: scope)
    }

    private func numbers(_ communities: some Sequence<CommunityID>) -> [Int] {
        communities.sorted().compactMap { community in (1...4).first { Self.community($0) == community } }
    }

    @Test func `who is known comes first, wherever it is`() {
        let order = order(.region, known: [2])
        #expect(order.asked == [2, 1, 3].map(Self.community))
        #expect(numbers(order.outOfScope) == [4])
    }

    @Test func `only who is known, when no more is asked for`() {
        let order = order(.known, known: [4])
        #expect(order.asked == [Self.community(4)])
        #expect(numbers(order.outOfScope) == [1, 2, 3])
    }

    @Test func `everybody, when that is asked for`() {
        #expect(numbers(order(.exhaustive).asked) == [1, 2, 3, 4])
    }

    @Test func `a node without a region asks every region`() {
        #expect(numbers(order(.region, home: []).asked) == [1, 2, 3, 4])
    }

    @Test func `whose number the patient has is known`() {
        #expect(numbers(order(.known, authorities: ["urn:oid:1.3.6.1.4.1.21367.2026.2.7"]).asked) == [2])
        #expect(numbers(order(.known, authorities: ["urn:oid:2.16.840.1.113883.4.1"]).asked) == [4])
        // 2026.20 is not below 2026.2.
        #expect(numbers(order(.known, authorities: ["urn:oid:1.3.6.1.4.1.21367.2026.20"]).asked) == [])
    }

    @Test(arguments: AskingScope.allCases, [[], [1], [2, 4], [1, 2, 3, 4]] as [Set<Int>])
    func `every candidate is either asked or beyond the scope`(scope: AskingScope, known: Set<Int>) {
        let order = order(scope, known: known)
        #expect(numbers(order.asked + order.outOfScope) == [1, 2, 3, 4])
        #expect(order.outOfScope.isDisjoint(with: order.asked))
    }
}

import ExchangeCore
import RecordLocation
import Testing

@Suite struct PeerConditionsTests {
    private let community = CommunityID("1.3.6.1.4.1.21367.2026.10")!
    private let a = "https://a/fhir"
    private let b = "https://b/fhir"

    private func answered(_ conditions: inout PeerConditions, _ base: String, _ milliseconds: Int, times: Int = 20) {
        for _ in 0..<times {
            conditions.ended(base, .answered, after: .milliseconds(milliseconds), at: .zero, chance: 0)
        }
    }

    private func fail(_ conditions: inout PeerConditions, _ base: String) {
        for _ in 0..<5 { conditions.ended(base, .failed, after: .zero, at: .zero, chance: 0) }
    }

    @Test func `an endpoint that keeps failing is passed over, and none is asked when all do`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        let said1 = conditions.enter(community, endpoints: [a, b], at: .zero)
        #expect(said1 == .ask([a, b]))
        fail(&conditions, a)
        let said2 = conditions.enter(community, endpoints: [a, b], at: .zero)
        #expect(said2 == .ask([b]))
        let said3 = conditions.begin(a, at: .zero)
        #expect(!said3)
        fail(&conditions, b)
        let said4 = conditions.enter(community, endpoints: [a, b], at: .zero)
        #expect(said4 == .breakerOpen)
        let said5 = conditions.enter(community, endpoints: [a, b], at: .seconds(2))
        #expect(said5 == .ask([a, b]))
    }

    @Test func `without breakers everybody is asked`() {
        var policy = AskingPolicy()
        policy.breakers = false
        var conditions = PeerConditions(policy: policy)
        fail(&conditions, a)
        let said6 = conditions.enter(community, endpoints: [a], at: .zero)
        #expect(said6 == .ask([a]))
        let said7 = conditions.begin(a, at: .zero)
        #expect(said7)
    }

    @Test func `an endpoint that has just failed comes last, for a while`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        conditions.ended(a, .failed, after: .zero, at: .zero, chance: 0)
        let first = conditions.enter(community, endpoints: [a, b], at: .seconds(1))
        #expect(first == .ask([b, a]))
        conditions.ended(b, .overtaken, after: .zero, at: .seconds(1), chance: 0)
        let second = conditions.enter(community, endpoints: [b, a], at: .seconds(1))
        #expect(second == .ask([b, a]))
        let later = conditions.enter(community, endpoints: [a, b], at: .seconds(10))
        #expect(later == .ask([a, b]))
    }

    @Test func `silence counts as a failure long before the question ends`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        #expect(conditions.overdueDelay(a) == .seconds(1))
        answered(&conditions, a, 100)
        #expect(conditions.overdueDelay(a) == .seconds(1))
        answered(&conditions, b, 600)
        #expect(conditions.overdueDelay(b) == .milliseconds(2400))
    }

    @Test func `an endpoint that takes twice as long comes second`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        answered(&conditions, a, 100)
        answered(&conditions, b, 60)
        let said8 = conditions.enter(community, endpoints: [a, b], at: .zero)
        #expect(said8 == .ask([a, b]))
        answered(&conditions, a, 500, times: 64)
        let said9 = conditions.enter(community, endpoints: [a, b], at: .zero)
        #expect(said9 == .ask([b, a]))
    }

    @Test func `a second request goes out when nineteen of twenty answers usually have come`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        for milliseconds in 1...7 { answered(&conditions, a, milliseconds * 100, times: 1) }
        #expect(conditions.hedgeDelay([a, b]) == nil)
        for milliseconds in 8...20 { answered(&conditions, a, milliseconds * 100, times: 1) }
        #expect(conditions.hedgeDelay([a, b]) == .milliseconds(1900))
        // Of one that is asked first for once, the other one's times are the best guess.
        #expect(conditions.hedgeDelay([b, a]) == .milliseconds(1900))
        answered(&conditions, b, 2)
        #expect(conditions.hedgeDelay([b, a]) == .milliseconds(30))
    }

    @Test func `second requests cost no more than their share`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        var taken = 0
        for _ in 0..<1000 {
            _ = conditions.enter(community, endpoints: [a, b], at: .zero)
            conditions.left(community)
            if conditions.takeHedge() { taken += 1 }
        }
        #expect((80...88).contains(taken))
        var policy = AskingPolicy()
        policy.hedges = false
        var plain = PeerConditions(policy: policy)
        _ = plain.enter(community, endpoints: [a], at: .zero)
        let said10 = plain.takeHedge()
        #expect(!said10)
    }

    @Test func `a pause earns no flood of second requests`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        for _ in 0..<10_000 {
            _ = conditions.enter(community, endpoints: [a], at: .zero)
            conditions.left(community)
        }
        var taken = 0
        while conditions.takeHedge() { taken += 1 }
        #expect(taken == 32)
    }

    @Test func `one community may hold so many requests and no more, whatever the others hold`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        for _ in 0..<32 {
            let said11 = conditions.enter(community, endpoints: [a], at: .zero)
            #expect(said11 == .ask([a]))
        }
        let said12 = conditions.enter(community, endpoints: [a], at: .zero)
        #expect(said12 == .busy)
        let other = CommunityID("1.3.6.1.4.1.21367.2026.11")!
        let said13 = conditions.enter(other, endpoints: [b], at: .zero)
        #expect(said13 == .ask([b]))
        conditions.left(community)
        let said14 = conditions.enter(community, endpoints: [a], at: .zero)
        #expect(said14 == .ask([a]))
    }

    @Test func `a second request that lost to the first says nothing of its endpoint`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        answered(&conditions, b, 60)
        for _ in 0..<40 { conditions.ended(b, .overtaken, after: .milliseconds(20), at: .zero, chance: 0) }
        let admission = conditions.enter(community, endpoints: [a, b], at: .zero)
        #expect(admission == .ask([a, b]))
    }

    @Test func `an endpoint that is always overtaken is left alone`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        for _ in 0..<5 { conditions.ended(a, .overtaken, after: .seconds(1), at: .zero, chance: 0) }
        let said15 = conditions.enter(community, endpoints: [a, b], at: .zero)
        #expect(said15 == .ask([b]))
    }
}

import ExchangeCore
import RecordLocation
import Testing

@Suite struct PeerConditionsTests {
    private let community = CommunityID("1.3.6.1.4.1.21367.2026.10")!
    private let (a, b) = ("https://a/fhir", "https://b/fhir")

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
        #expect(conditions.enter(community, endpoints: [a, b], at: .zero) == .ask([a, b]))
        fail(&conditions, a)
        #expect(conditions.enter(community, endpoints: [a, b], at: .zero) == .ask([b]))
        #expect(!conditions.begin(a, at: .zero))
        fail(&conditions, b)
        #expect(conditions.enter(community, endpoints: [a, b], at: .zero) == .breakerOpen)
        #expect(conditions.enter(community, endpoints: [a, b], at: .seconds(2)) == .ask([a, b]))
    }

    @Test func `without breakers everybody is asked`() {
        var policy = AskingPolicy()
        policy.breakers = false
        var conditions = PeerConditions(policy: policy)
        fail(&conditions, a)
        #expect(conditions.enter(community, endpoints: [a], at: .zero) == .ask([a]))
        #expect(conditions.begin(a, at: .zero))
    }

    @Test func `an endpoint that takes twice as long comes second`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        answered(&conditions, a, 100)
        answered(&conditions, b, 60)
        #expect(conditions.enter(community, endpoints: [a, b], at: .zero) == .ask([a, b]))
        answered(&conditions, a, 500, times: 64)
        #expect(conditions.enter(community, endpoints: [a, b], at: .zero) == .ask([b, a]))
    }

    @Test func `a second request goes out when nineteen of twenty answers usually have come`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        for milliseconds in 1...7 { answered(&conditions, a, milliseconds * 100, times: 1) }
        #expect(conditions.hedgeDelay(a) == nil)
        for milliseconds in 8...20 { answered(&conditions, a, milliseconds * 100, times: 1) }
        #expect(conditions.hedgeDelay(a) == .milliseconds(1900))
        answered(&conditions, b, 2)
        #expect(conditions.hedgeDelay(b) == .milliseconds(30))
    }

    @Test func `second requests cost no more than their share`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        var taken = 0
        for _ in 0..<1000 {
            _ = conditions.enter(community, endpoints: [a, b], at: .zero)
            conditions.left(community)
            if conditions.takeHedge() { taken += 1 }
        }
        #expect((80...82).contains(taken))
        var policy = AskingPolicy()
        policy.hedges = false
        var plain = PeerConditions(policy: policy)
        _ = plain.enter(community, endpoints: [a], at: .zero)
        #expect(!plain.takeHedge())
    }

    @Test func `a pause earns no flood of second requests`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        for _ in 0..<10_000 {
            _ = conditions.enter(community, endpoints: [a], at: .zero)
            conditions.left(community)
        }
        var taken = 0
        while conditions.takeHedge() { taken += 1 }
        #expect(taken == 10)
    }

    @Test func `one community may hold so many requests and no more, whatever the others hold`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        for _ in 0..<32 { #expect(conditions.enter(community, endpoints: [a], at: .zero) == .ask([a])) }
        #expect(conditions.enter(community, endpoints: [a], at: .zero) == .busy)
        let other = CommunityID("1.3.6.1.4.1.21367.2026.11")!
        #expect(conditions.enter(other, endpoints: [b], at: .zero) == .ask([b]))
        conditions.left(community)
        #expect(conditions.enter(community, endpoints: [a], at: .zero) == .ask([a]))
    }

    @Test func `an endpoint that is always overtaken is left alone`() {
        var conditions = PeerConditions(policy: AskingPolicy())
        for _ in 0..<5 { conditions.ended(a, .overtaken, after: .seconds(1), at: .zero, chance: 0) }
        #expect(conditions.enter(community, endpoints: [a, b], at: .zero) == .ask([b]))
    }
}

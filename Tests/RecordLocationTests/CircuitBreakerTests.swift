import ExchangeCore
import RecordLocation
import Testing

@Suite struct CircuitBreakerTests {
    private let policy = AskingPolicy()

    private func opened(_ breaker: inout CircuitBreaker, at now: Duration = .zero, chance: UInt64 = 200) {
        for _ in 0..<policy.failuresInARowMax { breaker.failed(at: now, policy: policy, chance: chance) }
    }

    @Test func `five failures in a row open it, four and a success do not`() {
        var breaker = CircuitBreaker()
        for _ in 0..<4 { breaker.failed(at: .zero, policy: policy, chance: 0) }
        breaker.succeeded()
        for _ in 0..<4 { breaker.failed(at: .zero, policy: policy, chance: 0) }
        let said1 = breaker.admit(at: .zero)
        #expect(said1 == .closed)
        breaker.failed(at: .zero, policy: policy, chance: 0)
        let said2 = breaker.admit(at: .zero)
        #expect(said2 == .open)
    }

    @Test func `half of the last twenty open it, though never five in a row`() {
        var breaker = CircuitBreaker()
        for round in 0..<10 {
            let said3 = breaker.admit(at: .zero)
            #expect(said3 == .closed, "round \(round)")
            breaker.succeeded()
            breaker.failed(at: .zero, policy: policy, chance: 0)
        }
        #expect(breaker.isOpen(at: .zero))
    }

    @Test func `one probe goes when the time is up, and decides`() {
        var breaker = CircuitBreaker()
        opened(&breaker)
        let said4 = breaker.admit(at: .milliseconds(999))
        #expect(said4 == .open)
        let said5 = breaker.admit(at: .seconds(1))
        #expect(said5 == .probe)
        let said6 = breaker.admit(at: .seconds(1))
        #expect(said6 == .open)
        #expect(breaker.isOpen(at: .seconds(1)))
        breaker.succeeded()
        let said7 = breaker.admit(at: .seconds(1))
        #expect(said7 == .closed)
    }

    @Test func `each failed probe doubles the time, up to a minute`() {
        var breaker = CircuitBreaker()
        opened(&breaker)
        var now = Duration.seconds(1)
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            let said8 = breaker.admit(at: now)
            #expect(said8 == .probe)
            breaker.failed(at: now, policy: policy, chance: 200)
            let said9 = breaker.admit(at: now + .milliseconds(seconds * 1000 - 1))
            #expect(said9 == .open)
            now += .seconds(seconds)
        }
        let said10 = breaker.admit(at: now)
        #expect(said10 == .probe)
    }

    @Test func `a probe that is given up leaves room for the next`() {
        var breaker = CircuitBreaker()
        opened(&breaker)
        let said11 = breaker.admit(at: .seconds(2))
        #expect(said11 == .probe)
        breaker.abandoned()
        let said12 = breaker.admit(at: .seconds(2))
        #expect(said12 == .probe)
    }

    @Test func `the time is spread by a fifth either way`() {
        for (chance, milliseconds) in [(UInt64(0), 800), (400, 1200), (401, 800), (.max, 800 + Int(UInt64.max % 401))] {
            var breaker = CircuitBreaker()
            opened(&breaker, chance: chance)
            let said13 = breaker.admit(at: .milliseconds(milliseconds - 1))
            #expect(said13 == .open)
            let said14 = breaker.admit(at: .milliseconds(milliseconds))
            #expect(said14 == .probe)
        }
    }

    @Test func `failures that were under way when it opened do not lengthen it`() {
        var breaker = CircuitBreaker()
        opened(&breaker)
        for _ in 0..<10 { breaker.failed(at: .milliseconds(500), policy: policy, chance: 200) }
        let said15 = breaker.admit(at: .seconds(1))
        #expect(said15 == .probe)
    }
}

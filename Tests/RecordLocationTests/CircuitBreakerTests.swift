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
        #expect(breaker.admit(at: .zero) == .closed)
        breaker.failed(at: .zero, policy: policy, chance: 0)
        #expect(breaker.admit(at: .zero) == .open)
    }

    @Test func `half of the last twenty open it, though never five in a row`() {
        var breaker = CircuitBreaker()
        for round in 0..<10 {
            #expect(breaker.admit(at: .zero) == .closed, "round \(round)")
            breaker.succeeded()
            breaker.failed(at: .zero, policy: policy, chance: 0)
        }
        #expect(breaker.isOpen(at: .zero))
    }

    @Test func `one probe goes when the time is up, and decides`() {
        var breaker = CircuitBreaker()
        opened(&breaker)
        #expect(breaker.admit(at: .milliseconds(999)) == .open)
        #expect(breaker.admit(at: .seconds(1)) == .probe)
        #expect(breaker.admit(at: .seconds(1)) == .open)
        #expect(breaker.isOpen(at: .seconds(1)))
        breaker.succeeded()
        #expect(breaker.admit(at: .seconds(1)) == .closed)
    }

    @Test func `each failed probe doubles the time, up to a minute`() {
        var breaker = CircuitBreaker()
        opened(&breaker)
        var now = Duration.seconds(1)
        for seconds in [2, 4, 8, 16, 32, 60, 60] {
            #expect(breaker.admit(at: now) == .probe)
            breaker.failed(at: now, policy: policy, chance: 200)
            #expect(breaker.admit(at: now + .milliseconds(seconds * 1000 - 1)) == .open)
            now += .seconds(seconds)
        }
        #expect(breaker.admit(at: now) == .probe)
    }

    @Test func `a probe that is given up leaves room for the next`() {
        var breaker = CircuitBreaker()
        opened(&breaker)
        #expect(breaker.admit(at: .seconds(2)) == .probe)
        breaker.abandoned()
        #expect(breaker.admit(at: .seconds(2)) == .probe)
    }

    @Test func `the time is spread by a fifth either way`() {
        for (chance, milliseconds) in [(UInt64(0), 800), (400, 1200), (401, 800), (.max, 800 + Int(UInt64.max % 401))] {
            var breaker = CircuitBreaker()
            opened(&breaker, chance: chance)
            #expect(breaker.admit(at: .milliseconds(milliseconds - 1)) == .open)
            #expect(breaker.admit(at: .milliseconds(milliseconds)) == .probe)
        }
    }

    @Test func `failures that were under way when it opened do not lengthen it`() {
        var breaker = CircuitBreaker()
        opened(&breaker)
        for _ in 0..<10 { breaker.failed(at: .milliseconds(500), policy: policy, chance: 200) }
        #expect(breaker.admit(at: .seconds(1)) == .probe)
    }
}

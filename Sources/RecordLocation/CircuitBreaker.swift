/// Whether an endpoint is worth a request: closed while it answers, open after it kept failing, half open for one probe.
///
/// It opens after so many failures in a row, or when at least half of the last twenty requests failed; it stays open from
/// `openMin` to `openMax`, doubled with each probe that fails and spread by a fifth, so that many nodes do not return to
/// a recovering one in step. Pure: time and chance are arguments.
package struct CircuitBreaker: Hashable, Sendable {
    /// What a request may do.
    package enum Verdict: Hashable, Sendable {
        /// Go.
        case closed
        /// Go, alone: it decides whether the breaker closes.
        case probe
        /// Do not go.
        case open
    }

    private static let window = 20
    private static let failingFor = Duration.seconds(10)

    private var failuresInARow = 0
    private var failedAt: Duration?
    private var outcomes: [Bool] = []
    private var next = 0
    private var openUntil: Duration?
    private var openedTimes = 0
    private var isProbing = false

    /// Closed, nothing known.
    package init() {}

    /// What a request may do now; one that may go is to be followed by `succeeded`, `failed` or `abandoned`.
    package mutating func admit(at now: Duration) -> Verdict {
        guard let until = openUntil else { return .closed }
        guard now >= until, !isProbing else { return .open }
        isProbing = true
        return .probe
    }

    /// Whether a request could go now, without letting one.
    package func isOpen(at now: Duration) -> Bool { openUntil.map { now < $0 || isProbing } ?? false }

    /// Whether the last request failed, a moment ago: another endpoint is worth trying first.
    package func isFailing(at now: Duration) -> Bool {
        failuresInARow > 0 && (failedAt.map { now - $0 < Self.failingFor } ?? false)
    }

    /// An answer came.
    package mutating func succeeded() { self = CircuitBreaker(after: self) }

    /// None came: no connection, a broken one, a broken answer, silence.
    ///
    /// - Parameters:
    ///   - chance: 64 random bits, for the spread.
    ///   - isOvertaken: it was only slower than another; once, that says little.
    package mutating func failed(at now: Duration, policy: AskingPolicy, chance: UInt64, isOvertaken: Bool = false) {
        failuresInARow += 1
        if !isOvertaken { failedAt = now }
        note(true)
        let wasProbe = isProbing
        isProbing = false
        // Requests that were under way when it opened say nothing new.
        if let until = openUntil, now < until, !wasProbe { return }
        let isMostly = outcomes.count == Self.window && outcomes.count(where: { $0 }) * 2 >= Self.window
        guard wasProbe || failuresInARow >= policy.failuresInARowMax || isMostly else { return }
        var interval = policy.openMin
        for _ in 0..<min(openedTimes, 16) where interval < policy.openMax { interval = interval * 2 }
        openedTimes += 1
        interval = min(interval, policy.openMax)
        // Between four and six fifths of it.
        openUntil = now + interval * Int(800 + chance % 401) / 1000
    }

    /// The request was given up for a reason that says nothing about the endpoint.
    package mutating func abandoned() { isProbing = false }

    private mutating func note(_ isFailure: Bool) {
        if outcomes.count < Self.window {
            outcomes.append(isFailure)
        } else {
            outcomes[next] = isFailure
            next = (next + 1) % Self.window
        }
    }

    /// Closed again, with the past kept: an endpoint that fails every second time opens all the same.
    private init(after other: CircuitBreaker) {
        guard other.openUntil == nil else { return }
        outcomes = other.outcomes
        next = other.next
        note(false)
    }
}

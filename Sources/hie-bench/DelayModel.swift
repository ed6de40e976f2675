import Glibc

/// How long a community takes to answer: the model that the locator's goals are stated for.
///
/// Lognormal with a median of 60 ms and a sigma of 0.5; 2 % ten times slower; 0.5 % never. The reference names no sigma:
/// 0.5 gives its own table back (100 peers, waiting for all: p50 1.14 s; hedged at the p95: 0.22 s, 7.4 % more requests).
struct DelayModel: Sendable {
    static let medianMilliseconds = 60.0
    static let sigma = 0.5
    static let slowShare = 0.02
    static let neverShare = 0.005
    static let slowFactor = 10.0

    /// Milliseconds of one answer; nil for one that never comes.
    static func draw(_ chance: inout Chance) -> Double? {
        let kind = Double.random(in: 0..<1, using: &chance)
        // Box and Muller; the first number may not be 0.
        let radius = (-2 * log(1 - Double.random(in: 0..<1, using: &chance))).squareRoot()
        let normal = radius * cos(2 * Double.pi * Double.random(in: 0..<1, using: &chance))
        if kind < neverShare { return nil }
        let milliseconds = medianMilliseconds * exp(sigma * normal)
        return kind < neverShare + slowShare ? milliseconds * slowFactor : milliseconds
    }
}

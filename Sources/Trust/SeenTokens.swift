import ExchangeCore

/// Which one-time tokens were presented already: each is admitted once, until it expires by itself.
///
/// Not durable: instead, a token issued before the node started is refused, so a restart forgets nothing (T18).
package struct SeenTokens: Sendable {
    private struct Name: Hashable {
        let issuer: CommunityID
        let tokenID: [UInt8]
    }

    private let startedAt: Timestamp
    private let countMax: Int
    private var seen: [Name: Timestamp] = [:]
    private var sweepAt = 1024

    /// Nothing seen since the node's start; beyond `countMax` live tokens every further one is refused.
    package init(startedAt: Timestamp, countMax: Int = 200_000) {
        self.startedAt = startedAt
        self.countMax = countMax
    }

    /// How many are remembered.
    package var count: Int { seen.count }

    /// Admits an assertion the first time; `.replayed` afterwards, or when it was issued before the node started.
    package mutating func admit(_ assertion: PeerAssertion, now: Timestamp) -> TokenRefusal? {
        guard assertion.issued >= startedAt else { return .replayed }
        if seen.count >= sweepAt {
            seen = seen.filter { $0.value > now }
            // The next sweep waits until as many again have come: each token is looked at a constant number of times.
            sweepAt = max(1024, min(countMax, seen.count * 2))
        }
        guard seen.count < countMax else { return .replayed }
        let name = Name(issuer: assertion.issuer, tokenID: Array(assertion.tokenID.utf8))
        guard seen.updateValue(assertion.expires, forKey: name) == nil else { return .replayed }
        return nil
    }
}

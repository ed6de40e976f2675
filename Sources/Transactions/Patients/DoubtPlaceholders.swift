import ExchangeCore
import Journal
import PatientIndex

extension IdentityDesk {
    /// Records looked for at a time.
    private static let doubtsAtOnce = 200

    /// Opens a review of every record that only values which turned out to name nobody hold to its person; nobody is moved.
    ///
    /// Safe to repeat: what was asked once is not asked again. Returns how many were opened, and how many values stand on more
    /// records than were looked through.
    @discardableResult
    package func doubtPlaceholders(actor: String) async throws(ExchangeError) -> (opened: Int, skipped: Int) {
        let policy = policy
        var opened = 0
        while true {
            let (reviews, skipped) = try await read {
                try await projection.personsNow { snapshot, position in
                    let doubts = try PlaceholderDoubts(snapshot, policy: policy, at: position, limit: Self.doubtsAtOnce)
                    return (doubts.reviews, doubts.skipped)
                }
            }
            let before = opened
            for review in reviews where try await open(review, actor: actor) { opened += 1 }
            guard opened > before else { return (opened, skipped) }
        }
    }

    /// Opens one by an entry of its own: sealed under the record's own key, and nobody else's history names it.
    ///
    /// False when the record has changed since; it is left for the next look.
    private func open(_ review: OpenReview, actor: String) async throws(ExchangeError) -> Bool {
        let composed = try await composing { snapshot in
            var act = IdentityAct(.doubt, actor: actor, reason: "what the link rested on names nobody")
            let person = try snapshot.person(of: review.record).map { try snapshot.id(of: $0) }
            if try snapshot.review(of: review.record) == nil, person == review.candidates.first?.person { act.reopens = [review] }
            return act
        }
        guard !composed.act.reopens.isEmpty else { return false }
        do throws(ExchangeError) {
            _ = try await record(composed)
            return true
        } catch where error.code == .conflict {
            return false
        }
    }
}

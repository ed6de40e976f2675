import ExchangeCore
import Journal
import PatientIndex

extension IdentityDesk {
    /// Reviews opened by one act at the most.
    private static let doubtsPerAct = 200

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
                    let doubts = try PlaceholderDoubts(snapshot, policy: policy, at: position, limit: Self.doubtsPerAct)
                    return (doubts.reviews, doubts.skipped)
                }
            }
            guard !reviews.isEmpty else { return (opened, skipped) }
            let composed = try await composing { snapshot in
                var act = IdentityAct(.doubt, actor: actor, reason: "what the link rested on names nobody")
                // Whatever changed since is left for the next look.
                act.reopens = try reviews.filter { review in
                    guard let person = try snapshot.person(of: review.record) else { return false }
                    return try snapshot.review(of: review.record) == nil
                        && snapshot.id(of: person) == review.candidates.first?.person
                }
                return act
            }
            guard !composed.act.reopens.isEmpty else { return (opened, skipped) }
            _ = try await record(composed)
            opened += composed.act.reopens.count
        }
    }
}

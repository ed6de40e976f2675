import ExchangeCore
import RecordLocation
import Synchronization

/// The questions under way on one listener, by who asks: a user of this facility's, or another community.
///
/// Who floods is refused before others are (`FairShare`): 503 `XDSRegistryBusy` with `Retry-After`, at once.
final class AskerShares: Sendable {
    private let share: Mutex<FairShare<String>>

    init(limits: ExchangeLimits) {
        share = Mutex(FairShare(totalMax: limits.questionsMax, perAskerMax: limits.questionsPerAskerMax))
    }

    /// Does what was asked, if the asker has a place.
    func during<Value: Sendable>(
        _ context: AccessContext, _ work: () async throws(EdgeRefusal) -> Value,
    ) async throws(EdgeRefusal) -> Value {
        // A community's users share its places: it alone can tell them apart.
        let asker = context.door == .peer ? context.community.urn : "\(context.user) \(context.organization)"
        guard share.withLock({ $0.enter(asker) }) else {
            throw .exchange(
                ExchangeError(.unavailable, "XDSRegistryBusy: too many questions of yours are under way; ask again in a moment"))
        }
        defer { share.withLock { $0.leave(asker) } }
        return try await work()
    }
}

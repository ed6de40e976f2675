import ExchangeCore
import RecordLocation
import Synchronization

/// The questions under way on one listener, by who asks: a user of this facility's, or another community.
///
/// Who floods is refused before others are (`FairShare`): 503 `XDSRegistryBusy` with `Retry-After`, at once.
package final class AskerShares: Sendable {
    /// Askers whose refusals are counted by name; what others are refused counts in the whole alone.
    static let namedMax = 1000

    private struct State {
        var share: FairShare<String>
        var refused: [String: UInt64] = [:]
        var refusedInAll: UInt64 = 0
        var most: [String: Int] = [:]
    }

    private let door: AccessContext.Door
    private let limits: ExchangeLimits
    private let state: Mutex<State>

    /// Nobody asks yet.
    package init(_ door: AccessContext.Door, limits: ExchangeLimits) {
        self.door = door
        self.limits = limits
        state = Mutex(State(share: FairShare(totalMax: limits.questionsMax, perAskerMax: limits.questionsPerAskerMax)))
    }

    /// Does what was asked, if the asker has a place.
    func during<Value: Sendable>(
        _ context: AccessContext, _ work: () async throws(EdgeRefusal) -> Value,
    ) async throws(EdgeRefusal) -> Value {
        // A community's users share its places: it alone can tell them apart.
        let asker = context.door == .peer ? context.community.urn : "\(context.user) \(context.organization)"
        let most = limits.questions(context)
        let isLetIn = state.withLock { state in
            guard !state.share.enter(asker, atMost: most) else { return true }
            state.refusedInAll += 1
            if state.refused[asker] != nil || state.refused.count < Self.namedMax {
                state.refused[asker, default: 0] += 1
                state.most[asker] = most
            }
            return false
        }
        guard isLetIn else {
            throw .exchange(
                ExchangeError(.unavailable, "XDSRegistryBusy: too many questions of yours are under way; ask again in a moment"))
        }
        defer { state.withLock { $0.share.leave(asker) } }
        return try await work()
    }

    /// Questions under way, and how many were refused since the start.
    package var totals: (underWay: Int, refused: UInt64) { state.withLock { ($0.share.underWayInAll, $0.refusedInAll) } }

    /// Who has questions under way or was refused some, by name.
    package var figures: [AskerFigure] {
        state.withLock { state in
            let askers = Set(state.share.askers.keys).union(state.refused.keys).sorted()
            return askers.map { asker in
                AskerFigure(
                    door: door.rawValue, asker: asker, what: "questions", held: state.share.askers[asker] ?? 0,
                    most: state.most[asker] ?? most(of: asker), refused: state.refused[asker] ?? 0)
            }
        }
    }

    private func most(of asker: String) -> Int {
        let own = limits.askers.first { limit in
            switch limit.asker {
            case .user(let name): door == .client && asker.hasPrefix(name + " ")
            case .community(let community): door == .peer && asker == community.urn
            }
        }
        return own?.questionsMax ?? limits.questionsPerAskerMax
    }
}

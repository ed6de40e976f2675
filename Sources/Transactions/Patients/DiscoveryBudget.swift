import ExchangeCore
import PatientIndex
import Synchronization

/// How many different people another community, and each of its users, may ask about in an hour (security.md T20).
///
/// Counted whoever is found: a limit that knew would tell. In memory, and bounded.
final class DiscoveryBudget: Sendable {
    private struct Window {
        let began: Duration
        var asked: Set<Int> = []
    }

    private struct Asker: Hashable {
        let community: CommunityID
        let user: String?
    }

    /// How long a window lasts.
    static let window = Duration.seconds(3600)
    private static let askersMax = 10_000

    private let windows = Mutex<[Asker: Window]>([:])
    private let refused = Mutex<[Asker: UInt64]>([:])

    /// Counts a person asked about; `.unavailable` when the user or their community has asked about too many already.
    func count(_ person: Int, for context: AccessContext, limits: ExchangeLimits, now: Duration) throws(ExchangeError) {
        let isFree = windows.withLock { windows in
            if windows.count >= Self.askersMax { windows = windows.filter { now - $0.value.began < Self.window } }
            if windows.count >= Self.askersMax { windows = [:] }
            let askers = [
                (Asker(community: context.community, user: context.user), limits.personsPerUserMax),
                (Asker(community: context.community, user: nil), limits.persons(context)),
            ]
            for (asker, limit) in askers {
                if windows[asker].map({ now - $0.began >= Self.window }) ?? true { windows[asker] = Window(began: now) }
                guard let window = windows[asker], window.asked.contains(person) || window.asked.count < limit else {
                    noteRefusal(asker)
                    return false
                }
            }
            for (asker, _) in askers { windows[asker]?.asked.insert(person) }
            return true
        }
        guard isFree else {
            throw ExchangeError(
                .unavailable, "XDSRegistryBusy: more different people were asked about than an hour allows; ask again later")
        }
    }

    private func noteRefusal(_ asker: Asker) {
        refused.withLock { refused in
            if refused[asker] != nil || refused.count < Self.askersMax { refused[asker, default: 0] += 1 }
        }
    }

    /// Who asked about how many people within the hour, and how often that was too many since the start.
    func figures(_ limits: ExchangeLimits, now: Duration) -> [AskerFigure] {
        let refused = refused.withLock { $0 }
        return windows.withLock { windows in
            windows.filter { now - $0.value.began < Self.window }.map { asker, window in
                let own = limits.askers.first { $0.asker == .community(asker.community) }?.personsMax
                return AskerFigure(
                    door: AccessContext.Door.peer.rawValue,
                    asker: asker.user.map { "\($0) of \(asker.community.urn)" } ?? asker.community.urn, what: "persons",
                    held: window.asked.count,
                    most: asker.user == nil ? own ?? limits.personsPerCommunityMax : limits.personsPerUserMax,
                    refused: refused[asker] ?? 0)
            }
        }
    }

    /// How often somebody asked about too many since the start.
    var refusedInAll: UInt64 { refused.withLock { $0.values.reduce(0, +) } }

    /// What tells one person asked about from another: names and birth date, or the numbers alone.
    static func person(_ facts: Demographics, _ identifiers: [PatientIdentifier]) -> Int {
        var hasher = Hasher()
        guard facts.names.isEmpty else {
            hasher.combine(PatientWords.words(of: Demographics(names: facts.names, birthDate: facts.birthDate)))
            hasher.combine(facts.names.first?.given.first)
            return hasher.finalize()
        }
        hasher.combine(identifiers)
        hasher.combine(facts.birthDate?.text)
        return hasher.finalize()
    }
}

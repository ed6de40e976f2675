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

    /// Counts a person asked about; `.unavailable` when the user or their community has asked about too many already.
    func count(_ person: Int, for context: AccessContext, limits: ExchangeLimits, now: Duration) throws(ExchangeError) {
        let isFree = windows.withLock { windows in
            if windows.count >= Self.askersMax { windows = windows.filter { now - $0.value.began < Self.window } }
            if windows.count >= Self.askersMax { windows = [:] }
            let askers = [
                (Asker(community: context.community, user: context.user), limits.personsPerUserMax),
                (Asker(community: context.community, user: nil), limits.personsPerCommunityMax),
            ]
            for (asker, limit) in askers {
                if windows[asker].map({ now - $0.began >= Self.window }) ?? true { windows[asker] = Window(began: now) }
                guard let window = windows[asker], window.asked.contains(person) || window.asked.count < limit else {
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

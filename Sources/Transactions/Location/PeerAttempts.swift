import ExchangeCore
import RecordLocation

/// The requests that one question to one community may take: the first, a second one beside it when it is slow, a
/// repeated one when the connection failed (directory.md 5.3).
struct PeerAttempts: Sendable {
    let world: World
    let searches: RecordSearches
    /// Endpoints in the order they are to be tried; at least one.
    let bases: [String]

    private enum Event<Answer: Sendable>: Sendable {
        case ended(String, Result<Answer, ExchangeError>, Duration)
        case slow
        case overdue(String)
    }

    /// Runs attempts until one has an answer, or none is left to try; its error is then the first one's.
    func first<Answer: Sendable>(
        _ attempt: @escaping @Sendable (String) async -> Result<Answer, ExchangeError>,
    ) async -> Result<Answer, ExchangeError> {
        await withTaskGroup(of: Event<Answer>.self) { group in
            var waiting = bases[...]
            var running: [String: Duration] = [:]
            var failure: ExchangeError?
            var overdue: Set<String> = []
            var mayRepeat = true
            func launch(_ base: String) -> Bool {
                let now = world.uptime()
                guard searches.with({ $0.conditions.begin(base, at: now) }) else { return false }
                running[base] = now
                group.addTask {
                    let answer = await attempt(base)
                    return .ended(base, answer, world.uptime() - now)
                }
                let patience = searches.with { $0.conditions.overdueDelay(base) }
                group.addTask {
                    try? await world.sleep(patience)
                    return .overdue(base)
                }
                return true
            }
            func launchNext() -> Bool {
                while let base = waiting.popFirst() { if launch(base) { return true } }
                return false
            }
            guard launchNext() else { return .failure(ExchangeError(.unavailable, "the peer is being tried out again")) }
            searches.with { $0.tally.first += 1 }
            let slowAfter = bases.count > 1 ? searches.with { $0.conditions.hedgeDelay(bases) } : nil
            func watchForSlowness() {
                guard let slowAfter else { return }
                group.addTask {
                    try? await world.sleep(slowAfter)
                    return .slow
                }
            }
            watchForSlowness()
            while !running.isEmpty, let event = await group.next() {
                switch event {
                case .slow:
                    guard !Task.isCancelled, failure == nil, !waiting.isEmpty else { continue }
                    guard searches.with({ $0.conditions.takeHedge() }) else {
                        // The budget is spent on others: by and by only those that never answer are left to ask for it.
                        watchForSlowness()
                        continue
                    }
                    if launchNext() { searches.with { $0.tally.hedged += 1 } }
                case .overdue(let base):
                    guard !Task.isCancelled, let since = running[base], overdue.insert(base).inserted else { continue }
                    note(base, .failed, world.uptime() - since)
                case .ended(let base, .success(let answer), let elapsed):
                    running[base] = nil
                    note(base, .answered, elapsed)
                    for (base, since) in running where !overdue.contains(base) {
                        note(base, .overtaken, world.uptime() - since)
                    }
                    group.cancelAll()
                    return .success(answer)
                case .ended(let base, .failure(let error), let elapsed):
                    running[base] = nil
                    if !overdue.contains(base) { note(base, ending(error, elapsed), elapsed) }
                    failure = failure ?? error
                    // What was refused or not found would be so at the next endpoint too.
                    guard error.code == .unavailable, mayRepeat, running.isEmpty,
                        searches.with({ $0.conditions.takeRetry() })
                    else { continue }
                    mayRepeat = false
                    if launchNext() || launch(base) { searches.with { $0.tally.repeated += 1 } }
                }
            }
            group.cancelAll()
            return .failure(failure ?? ExchangeError(.unavailable, "the peer gave no answer"))
        }
    }

    /// What an error says about the endpoint; silence within less than a second says nothing.
    private func ending(_ error: ExchangeError, _ elapsed: Duration) -> PeerConditions.Ending {
        if Task.isCancelled { return .abandoned }
        return switch error.code {
        case .timeout: elapsed < .seconds(1) ? .abandoned : .failed
        case .badRequest, .tooLarge, .unavailable, .corrupted, .internal: .failed
        case .forbidden, .unauthenticated, .notFound, .gone, .conflict, .unknownPatient: .answered
        }
    }

    private func note(_ base: String, _ ending: PeerConditions.Ending, _ elapsed: Duration) {
        let (now, chance) = (world.uptime(), world.randomBits())
        searches.with { $0.conditions.ended(base, ending, after: elapsed, at: now, chance: chance) }
    }
}

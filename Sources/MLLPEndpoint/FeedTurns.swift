import Synchronization

/// Lets messages about one patient or document be taken one after another, whichever connections and feeds they came by:
/// elsewhere the second would be told to come again, and senders of HL7 v2 are bad at that.
package final class FeedTurns: Sendable {
    /// By what is spoken of: who waits for it; no entry when nobody has it.
    private let waiting = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    /// Nobody has anything.
    package init() {}

    /// Takes everything that is named, waiting for what others have; in one order for all, so that nobody waits in a circle.
    func begin(_ names: [String]) async {
        for name in Set(names).sorted() {
            await withCheckedContinuation { (turn: CheckedContinuation<Void, Never>) in
                let isFree = waiting.withLock { waiting in
                    guard waiting[name] != nil else {
                        waiting[name] = []
                        return true
                    }
                    waiting[name]?.append(turn)
                    return false
                }
                if isFree { turn.resume() }
            }
        }
    }

    /// Lets go of what was taken.
    func end(_ names: [String]) {
        for name in Set(names) {
            let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
                guard var others = waiting[name], !others.isEmpty else {
                    waiting[name] = nil
                    return nil
                }
                let next = others.removeFirst()
                waiting[name] = others
                return next
            }
            next?.resume()
        }
    }
}

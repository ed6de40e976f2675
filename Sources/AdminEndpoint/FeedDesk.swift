import ExchangeCore
import Transactions

/// What the administrator sees and does of a node's feeds; ExchangeNode fills it in.
package struct FeedDesk: Sendable {
    /// How each fares, in the order of the configuration.
    package let status: @Sendable () -> [FeedStatus]
    /// Refused messages that are kept, the newest refusal first.
    package let letters: @Sendable () -> [DeadLetter]
    /// The text of one; nil when it is not kept.
    package let message: @Sendable (_ id: String) async throws(ExchangeError) -> [UInt8]?
    /// Takes one again; why it is refused again, nil when it was taken.
    package let retry: @Sendable (_ id: String) async throws(ExchangeError) -> String?

    /// A desk; of a node without feeds unless told otherwise.
    package init(
        status: @escaping @Sendable () -> [FeedStatus] = { [] }, letters: @escaping @Sendable () -> [DeadLetter] = { [] },
        message: @escaping @Sendable (String) async throws(ExchangeError) -> [UInt8]? = { (_) throws(ExchangeError) in nil },
        retry: @escaping @Sendable (String) async throws(ExchangeError) -> String? = { (_) throws(ExchangeError) in
            throw FeedDesk.unknown
        },
    ) {
        self.status = status
        self.letters = letters
        self.message = message
        self.retry = retry
    }

    /// There is no such letter.
    package static let unknown = ExchangeError(
        .notFound, "no refused message of that id is kept; see hie feed dead-letter list")

    /// What the doctor says of the feeds.
    var findings: [HealthFinding] {
        let letters = letters()
        return status().map { feed in
            let component = "feed \(feed.name)"
            let kept = letters.count { $0.feed == feed.name }
            if feed.lost > 0 {
                return HealthFinding(
                    component, .warn, "\(feed.lost) refused messages could not be kept", next: "see the node's log, and make room")
            }
            guard kept > 0 else { return HealthFinding(component, .pass, "\(feed.accepted) messages taken") }
            let seen = kept == 1 ? "1 refused message is kept" : "\(kept) refused messages are kept"
            return HealthFinding(component, .warn, seen, next: "hie feed dead-letter list says why")
        }
    }
}

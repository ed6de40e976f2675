import ExchangeCore
import GossipDirectory

/// The way to those who are notified.
package protocol NotificationClient: Sendable {
    /// A connection to an address that the rules permit. Throws `.unavailable` or `.timeout`.
    func connect(_ address: EndpointURL) async throws(ExchangeError) -> any NotificationLink
}

/// One connection to a receiver of notifications.
package protocol NotificationLink: Sendable {
    /// Posts a notification; the status of the answer. No redirect is followed.
    func post(_ notification: [UInt8], authorization: String?) async throws(ExchangeError) -> Int

    /// Closes it; what is under way fails.
    func close()
}

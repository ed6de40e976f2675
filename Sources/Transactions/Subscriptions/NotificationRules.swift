import ExchangeCore
import GossipDirectory

/// Where notifications may go, as the administrator decided: nowhere, unless hosts are named (security.md T23).
package struct NotificationRules: Sendable, Hashable {
    /// `host:port`, lower case: no other is connected to, whatever a subscription says.
    package var hosts: Set<String>
    /// Subscriptions in force at the same time.
    package var countMax = 100

    /// Rules that permit these hosts.
    package init(hosts: Set<String> = []) { self.hosts = hosts }

    /// A host as it is listed: `host` or `host:port`; nil for what is none.
    package static func host(_ text: String) -> String? {
        guard let url = EndpointURL("https://" + text), url.path.isEmpty, !text.utf8.contains(UInt8(ascii: "/")) else { return nil }
        return "\(url.host):\(url.port)"
    }

    /// An address that notifications may go to. Throws `.badRequest` for what is no plain `https` URL, `.forbidden` for a host
    /// that is not listed.
    package func permitted(_ endpoint: String) throws(ExchangeError) -> EndpointURL {
        guard let url = EndpointURL(endpoint) else {
            throw ExchangeError(
                .badRequest, "the endpoint must be a plain https URL: no user, no query, no escapes, no dot segments",
                at: "Subscription.channel.endpoint")
        }
        guard hosts.contains("\(url.host):\(url.port)") else {
            throw ExchangeError(
                .forbidden, "notifications may not go to that host; its administrator can allow it (subscriptions: hosts)",
                at: "Subscription.channel.endpoint")
        }
        return url
    }
}

import ExchangeCore
import Foundation
import PeerTransport
import Transactions
import Trust

/// The section `subscriptions` of `node.yaml`: who may be notified of new documents (DSUBm), and by whom they are checked.
package struct SubscriptionSettings: Sendable, Equatable {
    /// Where notifications may go, and how many subscriptions there may be.
    package var rules = NotificationRules()
    /// PEM file of the authority that receivers' certificates are checked against.
    package var authority: String?
    /// PEM files of the certificate and key this node shows; nil shows its own.
    package var certificate: String?
    /// The key to it.
    package var key: String?
    /// Hours after which a notification that cannot be delivered is given up.
    package var giveUpHours = 72

    static let counts = 1...1000
    static let hours = 1...8760

    static func read(_ section: inout YAMLReader) -> SubscriptionSettings {
        var settings = SubscriptionSettings()
        for text in section.list("hosts") {
            if let host = NotificationRules.host(text) {
                settings.rules.hosts.insert(host)
            } else {
                section.refuse("hosts", "must be a list of HOST or HOST:PORT")
            }
        }
        if settings.rules.hosts.isEmpty { section.refuse("hosts", "must list the hosts that may be notified") }
        settings.authority = section.required("authority")
        settings.certificate = section.text("certificate")
        settings.key = section.text("key")
        if (settings.certificate == nil) != (settings.key == nil) { section.refuse("certificate", "and key go together") }
        if let count = section.integer("max", in: counts) { settings.rules.countMax = count }
        if let given = section.integer("give-up-hours", in: hours) { settings.giveUpHours = given }
        return settings
    }

    static func effective(_ settings: SubscriptionSettings?) -> [(key: String, value: String)] {
        [
            ("subscriptions.hosts", settings.map { $0.rules.hosts.sorted().joined(separator: ", ") } ?? "none"),
            ("subscriptions.max", String(settings?.rules.countMax ?? 0)),
            ("subscriptions.give-up-hours", String((settings ?? SubscriptionSettings()).giveUpHours)),
        ]
    }

    static let schema = [
        ConfigurationKey("subscriptions.hosts", .list, "hosts that may be notified of new documents; nobody when not stated"),
        ConfigurationKey("subscriptions.authority", .text, "PEM file of the authority of their certificates"),
        ConfigurationKey("subscriptions.certificate", .text, "PEM file of what this node shows; its own when not stated"),
        ConfigurationKey("subscriptions.key", .text, "the key to it"),
        ConfigurationKey("subscriptions.max", .integer(counts), "subscriptions at the same time"),
        ConfigurationKey(
            "subscriptions.give-up-hours", .integer(hours), "after which a notification that cannot be delivered is given up"),
    ]

    /// The way to them. Throws `.notFound` or `.badRequest` when a file cannot be used.
    func client(_ home: NodeHome, trust: TrustDomains, world: World) throws(ExchangeError) -> HTTPNotificationClient {
        func file(_ path: String) -> URL { URL(fileURLWithPath: path, relativeTo: home.folder) }
        var identity = trust.node
        if let certificate, let key {
            identity = try TLSIdentity(
                certificatePEM: PlainFile.text(file(certificate)), keyPEM: SecretFile.text(file(key)))
        }
        let policy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(file(authority ?? ""))))
        let context = try MutualTLS.callerContext(identity: identity, roots: policy.roots, isPeer: false)
        return HTTPNotificationClient { host in
            CallerTLS(context: context, kind: .server(host), policy: { policy }, now: world.now)
        }
    }
}

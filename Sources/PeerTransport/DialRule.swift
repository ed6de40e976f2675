import ExchangeCore

/// Which addresses a node connects to when somebody else has named the host (security.md T23).
///
/// The internet's always. Private ones and this machine's only where the administrator has put the node itself there, or a seed:
/// a directory record must not turn a node against what lies beside it. Link-local, metadata and reserved ones never.
package struct DialRule: Hashable, Sendable {
    /// Hosts of the node's own configuration, as they are written there: where peers reach it, and its seeds.
    package let own: Set<String>

    /// A rule by the hosts of the configuration.
    package init(own: Set<String>) { self.own = own }

    /// Whether an address may be connected to.
    ///
    /// - Parameter found: the addresses of a host of `own` now; asked only where that matters.
    package func permits(_ address: IPAddress, found: (String) -> [IPAddress]) -> Bool {
        switch address.reach {
        case .global: true
        case .never: false
        case .private, .loopback: own.contains { host in
                (IPAddress(host).map { [$0] } ?? found(host)).contains { $0.reach == address.reach }
            }
        }
    }
}

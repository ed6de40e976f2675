import ExchangeCore
import Trust

/// The list `pinned` of `node.yaml`: listeners that believe certain certificates or keys alone, whoever signed them.
///
/// A listener that stands in no row trusts the chain to its authority.
package struct PinnedListeners: Sendable, Equatable {
    /// SHA-256 of certificates or of keys (SPKI), by listener: `clients`, `peers`, or a feed's name.
    package private(set) var all: [String: Set<Thumbprint>] = [:]

    /// The thumbprints that a listener believes; nil where it trusts the chain.
    package subscript(listener: String) -> Set<Thumbprint>? { all[listener] }

    /// Certificates or keys in a row at the most.
    static let certificatesMax = 10_000

    mutating func read(_ section: inout YAMLReader) {
        let listener = section.required("listener")
        if all[listener] != nil { section.refuse("listener", "stands twice") }
        let texts = section.list("certificates")
        if texts.isEmpty {
            section.refuse("certificates", "must list thumbprints (hie certificate show); without the row the chain is trusted")
        }
        if texts.count > Self.certificatesMax { section.refuse("certificates", "has more than \(Self.certificatesMax)") }
        var found: Set<Thumbprint> = []
        for text in texts {
            if let thumbprint = Thumbprint(anyForm: text) {
                found.insert(thumbprint)
            } else {
                section.refuse(
                    "certificates", "holds \(text.prefix(100)), which is no SHA-256 of a certificate or key: 43 characters of base64url, "
                        + "or 64 hexadecimal digits")
            }
        }
        if !listener.isEmpty { all[listener] = found }
    }

    /// Refuses a row whose listener the file does not have.
    func check(_ file: inout YAMLReader, feeds: [String]) {
        for listener in all.keys.sorted() where !(["clients", "peers"] + feeds).contains(listener) {
            file.refuse("pinned", "names the listener \(listener); it is clients, peers, or the name of a feed")
        }
    }

    var effective: [(key: String, value: String)] {
        [("pinned", all.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.sorted().map(\.text).joined(separator: " "))" }.joined(separator: "; "))]
    }

    static let schema = [
        ConfigurationKey(
            "pinned[].listener", .text, "a listener that believes listed certificates alone: clients, peers, or a feed's name",
            isRequired: true, isReloadable: true),
        ConfigurationKey(
            "pinned[].certificates", .list, "SHA-256 of certificates or keys: base64url, or hexadecimal as openssl prints it",
            isRequired: true, isReloadable: true),
    ]
}

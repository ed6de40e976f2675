import ExchangeCore
import GossipDirectory

/// Where a peer's links lead: below its own FHIR base, or nowhere (T23). A peer names places of its own alone.
enum PeerPlace {
    /// The longest link read, in bytes.
    static let bytesMax = 1024

    /// Path and query of a link below a base, beginning with a slash; nil when it leads elsewhere or is no plain link.
    ///
    /// Relative to the base, as a path of the same server, or absolute. Compared as bytes; nothing is unescaped.
    static func below(_ base: String, _ link: String) -> String? {
        guard (1...bytesMax).contains(link.utf8.count),
            link.utf8.allSatisfy(isPlain)
        else { return nil }
        let target: Substring
        if link.hasPrefix("https://") {
            guard link.hasPrefix(base + "/") else { return nil }
            target = link.dropFirst(base.utf8.count)
        } else if link.hasPrefix("//") || link.hasPrefix("?") {
            return nil
        } else if link.hasPrefix("/") {
            guard let path = EndpointURL(base)?.path, link.hasPrefix(path + "/") else { return nil }
            target = link.dropFirst(path.utf8.count)
        } else {
            guard !link.prefix(while: { $0 != "/" && $0 != "?" }).contains(":") else { return nil }
            target = "/" + link
        }
        let path = target.prefix { $0 != "?" }
        guard !path.lowercased().contains("%2e"), !path.lowercased().contains("%2f"),
            path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
                .allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
        else { return nil }
        return String(target)
    }

    /// Where the bytes of a document are, below one of the peer's bases; nil for `/Binary/` and the document's id.
    ///
    /// A node may tell its peers the address its own clients use: of a link to a Binary of the document's own id the id
    /// alone is taken. `.badRequest` for any other place.
    static func ofDocument(_ url: String, id: String, bases: [String]) throws(ExchangeError) -> String? {
        // The usual case, for every document of every answer: nothing to take apart.
        for base in bases where url.utf8.elementsEqual("\(base)/Binary/\(id)".utf8) { return nil }
        for base in bases { if let place = below(base, url) { return place } }
        guard url.hasPrefix("https://"), url.hasSuffix("/Binary/" + id) else {
            throw ExchangeError(.badRequest, "the peer names a place for a document that is not below its own base")
        }
        return nil
    }

    /// Printable ASCII that means nothing but itself: no blank, `"`, `<`, `>`, `\`, `^`, `` ` ``, `{`, `|`, `}`, `#`.
    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x22, 0x23, 0x3C, 0x3E, 0x5C, 0x5E, 0x60, 0x7B, 0x7C, 0x7D: false
        default: (0x21...0x7E).contains(byte)
        }
    }
}

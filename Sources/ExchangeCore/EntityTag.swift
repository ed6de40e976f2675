/// HTTP's conditions about entity tags (RFC 9110, sections 8.8.3 and 13.1), as FHIR uses them.
///
/// Comparison is always the weak one: FHIR's versions are weak tags, and its `If-Match` names them so (R4, http.html 3.1.0.5), where
/// HTTP alone would let no weak tag match.
package enum EntityTag {
    /// Tags that one condition may list.
    private static let tagsMax = 32

    /// The weak tag of a version: `W/"3"`.
    package static func weak(_ version: String) -> String { "W/\"\(version)\"" }

    /// Whether a condition holds of what is there: it lists the tag, weak or strong, or is `*`. One that cannot be read names nothing.
    package static func isNamed(_ tag: String, by condition: String) -> Bool {
        let condition = trimmed(Substring(condition).utf8)
        if condition.elementsEqual("*".utf8) { return true }
        guard let tags = opaque(in: condition), let wanted = opaque(in: Substring(tag).utf8)?.first else { return false }
        return tags.contains { $0.elementsEqual(wanted) }
    }

    /// What stands between the quotes of each tag of a list; nil for what is no list of tags.
    private static func opaque(in list: Substring.UTF8View) -> [Substring.UTF8View]? {
        var tags: [Substring.UTF8View] = []
        var rest = list
        while tags.count < tagsMax {
            rest = trimmed(rest)
            if rest.starts(with: "W/".utf8) { rest = rest.dropFirst(2) }
            guard rest.first == UInt8(ascii: "\"") else { return nil }
            rest = rest.dropFirst()
            let tag = rest.prefix { $0 != UInt8(ascii: "\"") }
            rest = rest[tag.endIndex...]
            guard rest.popFirst() != nil else { return nil }
            tags.append(tag)
            rest = trimmed(rest)
            guard let next = rest.popFirst() else { return tags }
            guard next == UInt8(ascii: ",") else { return nil }
        }
        return nil
    }

    private static func trimmed(_ text: Substring.UTF8View) -> Substring.UTF8View {
        var text = text.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = text.last, last == 0x20 || last == 0x09 { text.removeLast() }
        return text
    }
}

/// One media type or range of an `Accept` or `Content-Type` header (RFC 9110 section 8.3.1), lower case.
struct MediaRange: Hashable, Sendable {
    /// `type/subtype`, either part may be `*` in a range.
    let essence: String
    /// Parameters in order, names in lower case, quotes removed.
    let parameters: [Parameter]
    /// The quality in thousandths; 1000 when none is given.
    let quality: Int

    struct Parameter: Hashable, Sendable {
        let name: String
        let value: String
    }

    /// The value of a parameter.
    subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

    /// Whether the range covers a type, such as `text/*` does `text/xml`.
    func covers(_ type: String) -> Bool {
        if essence == "*/*" || essence == type { return true }
        guard essence.hasSuffix("/*") else { return false }
        return type.utf8.starts(with: essence.utf8.dropLast())
    }

    /// The ranges of a header in order; at most 32, what is malformed is left out.
    static func list(_ header: String) -> [MediaRange] {
        header.split(separator: ",", maxSplits: 32).prefix(32).compactMap { MediaRange($0) }
    }

    /// Reads one; nil when there is no `/` in it.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ";", maxSplits: 8, omittingEmptySubsequences: false)
        guard let first = parts.first else { return nil }
        let essence = Self.trimmed(first).lowercased()
        let slash = essence.utf8.firstIndex(of: UInt8(ascii: "/"))
        guard let slash, slash != essence.startIndex, essence.utf8.index(after: slash) != essence.endIndex,
            !essence.utf8.contains(0x20)
        else { return nil }
        var parameters: [Parameter] = []
        var quality = 1000
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let name = Self.trimmed(part[..<equals]).lowercased()
            var value = Self.trimmed(part[part.index(after: equals)...])
            if value.utf8.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") {
                value = String(value.dropFirst().dropLast())
            }
            if name == "q" {
                quality = Self.thousandths(value)
            } else {
                parameters.append(Parameter(name: name, value: value))
            }
        }
        self.essence = essence
        self.parameters = parameters
        self.quality = quality
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        guard let start = bytes.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }),
            let end = bytes.lastIndex(where: { $0 != 0x20 && $0 != 0x09 })
        else { return "" }
        return String(decoding: bytes[start...end], as: UTF8.self)
    }

    /// `0.5` as 500; what is no quality counts as 1.
    private static func thousandths(_ text: String) -> Int {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= 5, first == 0x30 || first == 0x31 else { return 1000 }
        guard first == 0x30 else { return 1000 }
        var value = 0
        var scale = 100
        for byte in bytes.dropFirst(2) {
            guard (0x30...0x39).contains(byte) else { return 1000 }
            value += Int(byte - 0x30) * scale
            scale /= 10
        }
        return value
    }
}

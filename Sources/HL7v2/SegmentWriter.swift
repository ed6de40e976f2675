/// Writes one segment: fields in order, text escaped, empty ends left out.
package struct SegmentWriter {
    let delimiters: Delimiters
    private let characterSet: HL7CharacterSet
    private var bytes: [UInt8]

    /// A segment of that name; `MSH` brings its delimiters.
    package init(_ name: String, _ delimiters: Delimiters = .standard, characterSet: HL7CharacterSet = .utf8) {
        self.delimiters = delimiters
        self.characterSet = characterSet
        bytes = Array(name.utf8)
        if ["MSH", "FHS", "BHS"].contains(name) { bytes += [delimiters.field] + delimiters.encoding }
    }

    /// Appends a field of one text.
    package mutating func field(_ text: String?) { raw(text.map(escaped) ?? []) }

    /// Appends a field of components.
    package mutating func field(components: [String?]) {
        var parts = components.map { $0.map(escaped) ?? [] }
        while parts.last?.isEmpty == true { parts.removeLast() }
        raw(Array(parts.joined(separator: [delimiters.component])))
    }

    /// Appends a field as it is, delimiters within and all.
    package mutating func raw(_ field: some Collection<UInt8>) {
        bytes.append(delimiters.field)
        bytes += field
    }

    /// The segment with its CR.
    package func finished() -> [UInt8] {
        var end = bytes.count
        while end > 3, bytes[end - 1] == delimiters.field { end -= 1 }
        return bytes[..<end] + [0x0D]
    }

    func escaped(_ text: String) -> [UInt8] {
        EscapeSequences.escape(characterSet.encode(text), delimiters)
    }
}

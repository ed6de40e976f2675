/// The names of R4's resource types.
package enum ResourceTypes {
    /// Whether a text looks like one: a capital and letters.
    package static func isName(_ text: String) -> Bool {
        let bytes = text.utf8
        return bytes.first.map { (0x41...0x5A).contains($0) } ?? false
            && bytes.allSatisfy { (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }
    }
}

import CExpat

/// Strings that come again and again: a document has thousands of code systems and names, and few different ones.
///
/// A table of fixed size in which a newcomer takes its place from whoever was there: nothing to fill up.
struct RecurringStrings {
    /// What fits in a string's own 16 bytes costs nothing to make anew.
    private static let shortMax = 15
    /// What is longer is hardly a name or an identifier.
    private static let longMax = 128

    private var table = [String](repeating: "", count: 256)

    /// These bytes, which are UTF-8.
    mutating func string(_ bytes: UnsafeRawBufferPointer) -> String {
        guard bytes.count > Self.shortMax, bytes.count <= Self.longMax else { return String(decoding: bytes, as: UTF8.self) }
        var place = UInt8(truncatingIfNeeded: bytes.count)
        for byte in bytes { place = place &* 31 &+ byte }
        let known = table[Int(place)]
        if known.isSpelled(bytes) { return known }
        let new = String(decoding: bytes, as: UTF8.self)
        table[Int(place)] = new
        return new
    }
}

extension String {
    /// Whether it is these bytes: `==` would take other spellings of the same letters for equal.
    func isSpelled(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var text = self
        return text.withUTF8 { own in
            guard own.count == bytes.count else { return false }
            guard let left = own.baseAddress, let right = bytes.baseAddress else { return true }
            return memcmp(left, right, own.count) == 0
        }
    }

    /// Whether it is another text's bytes.
    func isSpelled(like other: String) -> Bool {
        var other = other
        return other.withUTF8 { isSpelled(UnsafeRawBufferPointer($0)) }
    }
}

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
        let isSame = known.utf8.withContiguousStorageIfAvailable { known in
            known.count == bytes.count && UnsafeRawBufferPointer(known).elementsEqual(bytes)
        }
        if isSame == true { return known }
        let new = String(decoding: bytes, as: UTF8.self)
        table[Int(place)] = new
        return new
    }
}

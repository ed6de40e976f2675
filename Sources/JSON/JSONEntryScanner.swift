/// Finds where the values of a long text of JSON lie, without holding it: the entries of a Bundle one by one, or resources that
/// stand one behind the other (NDJSON). At most six bytes of the text are kept.
///
/// It looks at strings, brackets and one name only; whoever reads a value that was found reads it strictly (`JSONReader`).
package struct JSONEntryScanner: Sendable {
    /// Where a value lies.
    package struct Place: Sendable, Hashable {
        /// Bytes before it.
        package let offset: UInt64
        /// Its bytes.
        package let length: UInt64
        /// Whether it is an element of an outermost object's `entry`, and no outermost object itself.
        package let isEntry: Bool
    }

    /// Levels of arrays and objects at the most.
    package static let depthMax = 512
    private static let name = Array("entry".utf8)

    private enum Member { case name, colon, value }

    /// Bytes seen so far.
    package private(set) var offset: UInt64 = 0
    private var depth = 0
    private var isInString = false
    private var isEscaped = false
    private var member = Member.name
    private var word: [UInt8] = []
    private var isEntryNamed = false
    private var isInEntries = false
    private var hasEntries = false
    private var outermost: UInt64 = 0
    private var element: UInt64 = 0

    /// Nothing seen yet.
    package init() {}

    /// Takes the next bytes and calls with every value that ends in them, in order.
    package mutating func take(_ bytes: some Sequence<UInt8>, _ found: (Place) -> Void) throws(JSONError) {
        for byte in bytes {
            try take(byte, found)
            offset += 1
        }
    }

    /// Demands that the text ends here.
    package func end() throws(JSONError) {
        if depth > 0 || isInString { throw fault("the text ends within a value") }
    }

    private func fault(_ message: String) -> JSONError { JSONError(message, offset: Int(clamping: offset)) }

    private mutating func take(_ byte: UInt8, _ found: (Place) -> Void) throws(JSONError) {
        if isInString { return inString(byte) }
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0D: return
        case 0xEF where offset == 0, 0xBB where offset == 1, 0xBF where offset == 2: return
        case _ where depth == 0 && byte != UInt8(ascii: "{"):
            throw fault("a Bundle is wanted here, or resources one behind the other")
        case UInt8(ascii: "\""):
            isInString = true
            word = []
        case UInt8(ascii: "{"), UInt8(ascii: "["): try open(byte)
        case UInt8(ascii: "}"), UInt8(ascii: "]"): close(found)
        case UInt8(ascii: ":") where depth == 1: member = .value
        case UInt8(ascii: ",") where depth == 1: member = .name
        default: return
        }
    }

    private mutating func inString(_ byte: UInt8) {
        if isEscaped {
            isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
            isEscaped = true
        } else if byte == UInt8(ascii: "\"") {
            isInString = false
            guard depth == 1, member == .name else { return }
            isEntryNamed = word == Self.name
            member = .colon
            return
        }
        // One more than the name tells that it is another one.
        if depth == 1, member == .name, word.count <= Self.name.count { word.append(byte) }
    }

    private mutating func open(_ byte: UInt8) throws(JSONError) {
        guard depth < Self.depthMax else { throw fault("deeper than \(Self.depthMax) levels") }
        switch depth {
        case 0:
            outermost = offset
            (member, hasEntries, isInEntries) = (.name, false, false)
        case 1:
            isInEntries = byte == UInt8(ascii: "[") && member == .value && isEntryNamed
            if isInEntries { hasEntries = true }
        case 2 where isInEntries: element = offset
        default: break
        }
        depth += 1
    }

    private mutating func close(_ found: (Place) -> Void) {
        depth -= 1
        switch depth {
        case 0: if !hasEntries { found(Place(offset: outermost, length: offset + 1 - outermost, isEntry: false)) }
        case 1: isInEntries = false
        case 2 where isInEntries: found(Place(offset: element, length: offset + 1 - element, isEntry: true))
        default: break
        }
    }
}

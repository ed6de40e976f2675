import Fixtures

/// Elements, attributes, their values, names and texts of a well-formed XML text without comments and CDATA sections.
enum XMLPieces {
    private static let element = 0
    private static let attribute = 1
    private static let value = 2
    private static let name = 3
    private static let text = 4

    static func pieces(_ bytes: [UInt8]) -> [StructureMutator.Piece] {
        var pieces: [StructureMutator.Piece] = []
        var open: [Int] = []
        var at = 0
        while let start = bytes[at...].firstIndex(of: UInt8(ascii: "<")) {
            if start > at, !open.isEmpty { pieces.append(.init(at..<start, kind: text)) }
            guard let close = bytes[start...].firstIndex(of: UInt8(ascii: ">")) else { return pieces }
            at = close + 1
            switch bytes[start + 1] {
            case UInt8(ascii: "?"), UInt8(ascii: "!"): continue
            case UInt8(ascii: "/"):
                if let begin = open.popLast() { pieces.append(.init(begin..<at, kind: element)) }
            default:
                pieces += tag(bytes, start + 1..<close)
                if bytes[close - 1] == UInt8(ascii: "/") {
                    pieces.append(.init(start..<at, kind: element))
                } else {
                    open.append(start)
                }
            }
        }
        return pieces
    }

    /// The name and the attributes of a start tag.
    private static func tag(_ bytes: [UInt8], _ range: Range<Int>) -> [StructureMutator.Piece] {
        let end = bytes[range].firstIndex { $0 <= 0x20 || $0 == UInt8(ascii: "/") } ?? range.upperBound
        var pieces = [StructureMutator.Piece(range.lowerBound..<end, kind: name)]
        var at = end
        while let quote = bytes[at..<range.upperBound].firstIndex(where: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "'") }),
            let close = bytes[(quote + 1)..<range.upperBound].firstIndex(of: bytes[quote])
        {
            pieces.append(.init(at..<close + 1, kind: attribute))
            pieces.append(.init(quote + 1..<close, kind: value))
            at = close + 1
        }
        return pieces
    }
}

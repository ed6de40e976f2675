import Fixtures

/// Segments, fields, repetitions, components and their contents of a message with the usual delimiters.
enum HL7Pieces {
    private static let segment = 0
    private static let field = 1
    private static let component = 2
    private static let content = 3

    static func pieces(_ bytes: [UInt8]) -> [StructureMutator.Piece] {
        var pieces: [StructureMutator.Piece] = []
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0D).map { $0 + 1 } ?? bytes.count
            pieces.append(.init(start..<end, kind: segment))
            pieces += parts(bytes, start..<end, of: [UInt8(ascii: "|")], kind: field)
            pieces += parts(bytes, start..<end, of: Array("|^~&".utf8), kind: component)
            start = end
        }
        return pieces
    }

    /// From each delimiter up to the next; contents of components apart.
    private static func parts(_ bytes: [UInt8], _ range: Range<Int>, of signs: [UInt8], kind: Int) -> [StructureMutator.Piece] {
        let ends = range.filter { signs.contains(bytes[$0]) || bytes[$0] == 0x0D } + [range.upperBound]
        return zip(ends, ends.dropFirst()).flatMap { start, end in
            guard end > start + 1 else { return [StructureMutator.Piece]() }
            let part = StructureMutator.Piece(start..<end, kind: kind)
            return kind == component ? [part, .init(start + 1..<end, kind: content)] : [part]
        }
    }
}

import Fixtures

/// Values, members, names and items of a valid JSON text.
enum JSONPieces {
    private static let value = 0
    private static let name = 1
    private static let member = 2
    /// A member or an item that is not the first, with the comma before it.
    private static let further = 3

    static func pieces(_ bytes: [UInt8]) -> [StructureMutator.Piece] {
        var scan = Scan(bytes: bytes)
        _ = scan.value(at: 0)
        return scan.pieces
    }

    private struct Scan {
        let bytes: [UInt8]
        var pieces: [StructureMutator.Piece] = []

        private func skip(_ at: Int) -> Int {
            bytes[at...].firstIndex { $0 > 0x20 } ?? bytes.count
        }

        private func string(at start: Int) -> Int {
            var at = start + 1
            while bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
            return at + 1
        }

        /// The end of the value that begins at or behind a place.
        mutating func value(at place: Int) -> Int {
            let start = skip(place)
            let end: Int
            switch bytes[start] {
            case UInt8(ascii: "\""): end = string(at: start)
            case UInt8(ascii: "{"): end = items(at: start, close: UInt8(ascii: "}"), areMembers: true)
            case UInt8(ascii: "["): end = items(at: start, close: UInt8(ascii: "]"), areMembers: false)
            default: end = bytes[start...].firstIndex { $0 <= 0x20 || [0x2C, 0x5D, 0x7D].contains($0) } ?? bytes.count
            }
            pieces.append(.init(start..<end, kind: JSONPieces.value))
            return end
        }

        private mutating func items(at start: Int, close: UInt8, areMembers: Bool) -> Int {
            var at = skip(start + 1)
            while bytes[at] != close {
                let comma = bytes[at] == UInt8(ascii: ",") ? at : nil
                let begin = comma.map { skip($0 + 1) } ?? at
                var from = begin
                if areMembers {
                    from = string(at: begin)
                    pieces.append(.init(begin..<from, kind: JSONPieces.name))
                    from = skip(from) + 1
                }
                let end = value(at: from)
                if areMembers { pieces.append(.init(begin..<end, kind: JSONPieces.member)) }
                if let comma { pieces.append(.init(comma..<end, kind: JSONPieces.further)) }
                at = skip(end)
            }
            return at + 1
        }
    }
}

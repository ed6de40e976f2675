/// Draws damaged texts from whole ones. The damage knows the format: its pieces (an element, a member, a field) are lost,
/// doubled, repeated, moved, cut, nested in themselves, or exchanged for those of other texts and for words of a dictionary;
/// bytes change, too.
package struct StructureMutator: Sendable {
    /// A piece of a text that its format tells apart.
    package struct Piece: Sendable {
        /// Where it lies.
        package let range: Range<Int>
        /// Pieces of one kind may stand for each other.
        package let kind: Int

        /// A piece from its parts.
        package init(_ range: Range<Int>, kind: Int) {
            self.range = range
            self.kind = kind
        }
    }

    private struct Text {
        let bytes: [UInt8]
        /// In the order of their beginnings, an outer one before those within it.
        let pieces: [Piece]
    }

    private struct Edit {
        let range: Range<Int>
        let bytes: [UInt8]
    }

    private let texts: [Text]
    /// By kind, the bytes of pieces to put elsewhere.
    private let stock: [[[UInt8]]]
    private let words: [[UInt8]]
    private let bytesMax: Int

    /// A mutator of `texts`, with pieces of `donors` in stock as well; one text in a thousand grows up to `bytesMax` bytes.
    package init(
        _ texts: [[UInt8]], donors: [[UInt8]] = [], words: [String], bytesMax: Int = 64 << 10, pieces: ([UInt8]) -> [Piece],
    ) {
        func text(_ bytes: [UInt8]) -> Text {
            let found = pieces(bytes).sorted { left, right in
                (left.range.lowerBound, right.range.upperBound) < (right.range.lowerBound, left.range.upperBound)
            }
            return Text(bytes: bytes, pieces: found.isEmpty ? [Piece(0..<bytes.count, kind: 0)] : found)
        }
        self.texts = texts.map(text)
        var stock: [[[UInt8]]] = []
        for text in self.texts + donors.map(text) {
            for piece in text.pieces where piece.range.count <= 4096 {
                while stock.count <= piece.kind { stock.append([]) }
                stock[piece.kind].append(Array(text.bytes[piece.range]))
            }
        }
        self.stock = stock
        self.words = words.map { Array($0.utf8) }
        self.bytesMax = bytesMax
    }

    /// The next damaged text.
    package func text(_ random: inout FuzzRandom) -> [UInt8] {
        let text = texts[random.below(texts.count)]
        var edits = (0...random.below(3)).map { _ in edit(text, &random) }
        edits.sort { $0.range.lowerBound > $1.range.lowerBound }
        var bytes = text.bytes
        var untouched = bytes.count
        for edit in edits where edit.range.upperBound <= untouched {
            bytes.replaceSubrange(edit.range, with: edit.bytes)
            untouched = edit.range.lowerBound
        }
        if !bytes.isEmpty, random.oneIn(6) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
        if !bytes.isEmpty, random.oneIn(50) { bytes.removeSubrange(random.below(bytes.count)...) }
        return bytes
    }

    private func edit(_ text: Text, _ random: inout FuzzRandom) -> Edit {
        let number = random.below(text.pieces.count)
        let piece = text.pieces[number]
        let (range, own) = (piece.range, text.bytes[piece.range])
        switch random.below(12) {
        case 0: return Edit(range: range, bytes: [])
        case 1: return Edit(range: range, bytes: Array(own) + own)
        case 2: return Edit(range: range, bytes: repeated(own, &random))
        case 3: return Edit(range: range, bytes: nested(text, number, &random))
        case 4: return Edit(range: range, bytes: word(&random))
        case 5: return Edit(range: range.lowerBound..<range.lowerBound, bytes: word(&random))
        case 6: return Edit(range: range.upperBound..<range.upperBound, bytes: word(&random))
        case 7:
            let other = text.pieces[random.below(text.pieces.count)]
            return Edit(range: range, bytes: Array(text.bytes[other.range]))
        case 8:
            let at = range.lowerBound + random.below(range.count + 1)
            return Edit(range: at..<at, bytes: random.oneIn(2) ? word(&random) : stocked(random.below(stock.count), &random))
        case 9:
            let at = range.lowerBound + random.below(range.count + 1)
            return Edit(range: at..<range.upperBound, bytes: [])
        default: return Edit(range: range, bytes: stocked(piece.kind, &random))
        }
    }

    private func word(_ random: inout FuzzRandom) -> [UInt8] { words[random.below(words.count)] }

    private func stocked(_ kind: Int, _ random: inout FuzzRandom) -> [UInt8] {
        let pieces = stock[kind]
        return pieces.isEmpty ? [] : pieces[random.below(pieces.count)]
    }

    private func repeated(_ piece: ArraySlice<UInt8>, _ random: inout FuzzRandom) -> [UInt8] {
        let most = max(1, bytesMax / max(1, piece.count))
        let count = random.oneIn(300) ? most : min(most, 2 + random.below(random.oneIn(16) ? 300 : 6))
        return Array(repeatElement(piece, count: count).joined())
    }

    /// The piece with itself in the place of one within it, some levels deep.
    private func nested(_ text: Text, _ number: Int, _ random: inout FuzzRandom) -> [UInt8] {
        let outer = text.pieces[number].range
        let next = number + 1 + random.below(8)
        guard next < text.pieces.count, outer.contains(text.pieces[next].range.lowerBound),
            text.pieces[next].range.upperBound <= outer.upperBound
        else { return Array(text.bytes[outer]) }
        let inner = text.pieces[next].range
        let (head, tail) = (text.bytes[outer.lowerBound..<inner.lowerBound], text.bytes[inner.upperBound..<outer.upperBound])
        let levels = min(1 + random.below(random.oneIn(60) ? 600 : 5), max(1, bytesMax / max(1, head.count + tail.count)))
        var bytes = Array(repeatElement(head, count: levels).joined())
        bytes += text.bytes[inner]
        bytes += repeatElement(tail, count: levels).joined()
        return bytes
    }
}

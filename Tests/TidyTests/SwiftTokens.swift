/// One piece of a Swift file: enough of the language to judge its text, no more.
struct Token: Equatable {
    enum Kind { case word, number, symbol, string, comment, documentation, regex }

    let kind: Kind
    /// A string holds what stands between its quotes, interpolations left out; the rest stands as written.
    let text: String
    let line: Int
    /// Nothing but the token before it stands in front: no white space, no comment.
    let isGlued: Bool
    /// A string with at least one `\( )`; the code inside follows as tokens of its own.
    let isInterpolated: Bool
}

/// Cuts Swift source into tokens, so that comments and strings are never taken for code.
///
/// Never fails: what it cannot read (an unclosed string) ends at the line or the file.
struct SwiftTokens {
    private let bytes: [UInt8]
    private var at = 0
    private var line = 1
    private var lastEnd = -1
    private var tokens: [Token] = []

    static func read(_ text: String) -> [Token] {
        var reader = SwiftTokens(bytes: Array(text.utf8))
        reader.code(untilParenthesis: false)
        return reader.tokens
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private func peek(_ ahead: Int = 0) -> UInt8 { at + ahead < bytes.count ? bytes[at + ahead] : 0 }

    private func starts(_ text: StaticString, at offset: Int = 0) -> Bool {
        text.withUTF8Buffer { wanted in
            guard at + offset + wanted.count <= bytes.count else { return false }
            for index in 0..<wanted.count where bytes[at + offset + index] != wanted[index] { return false }
            return true
        }
    }

    private func slice(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private mutating func emit(_ kind: Token.Kind, _ text: String, start: Int, line: Int) {
        tokens.append(
            Token(kind: kind, text: text, line: line, isGlued: start == lastEnd, isInterpolated: false))
        lastEnd = at
    }

    private mutating func code(untilParenthesis: Bool) {
        var depth = 0
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\n") {
                line += 1
                at += 1
            } else if byte <= 0x20 {
                at += 1
            } else if starts("//") {
                lineComment()
            } else if starts("/*") {
                blockComment()
            } else if let hashes = stringStart() {
                string(hashes: hashes)
            } else if let end = regexEnd() {
                let start = at
                at = end
                emit(.regex, slice(start..<end), start: start, line: line)
            } else if byte == UInt8(ascii: "`") || Self.isWord(byte) {
                wordOrNumber()
            } else {
                if untilParenthesis && byte == UInt8(ascii: "(") { depth += 1 }
                if untilParenthesis && byte == UInt8(ascii: ")") {
                    if depth == 0 { return }
                    depth -= 1
                }
                let start = at
                at += 1
                emit(.symbol, slice(start..<at), start: start, line: line)
            }
        }
    }

    private mutating func lineComment() {
        let start = at
        while at < bytes.count && bytes[at] != UInt8(ascii: "\n") { at += 1 }
        let text = slice(start..<at)
        let documents = text.hasPrefix("///") && !text.hasPrefix("////")
        emit(documents ? .documentation : .comment, text, start: start, line: line)
        lastEnd = -1
    }

    private mutating func blockComment() {
        let start = at
        let first = line
        let documents = starts("/**") && !starts("/**/")
        var depth = 0
        while at < bytes.count {
            if starts("/*") {
                depth += 1
                at += 2
            } else if starts("*/") {
                depth -= 1
                at += 2
                if depth == 0 { break }
            } else {
                if bytes[at] == UInt8(ascii: "\n") { line += 1 }
                at += 1
            }
        }
        emit(documents ? .documentation : .comment, slice(start..<at), start: start, line: first)
        lastEnd = -1
    }

    private mutating func wordOrNumber() {
        let start = at
        if peek() == UInt8(ascii: "`") {
            at += 1
            while at < bytes.count && peek() != UInt8(ascii: "`") && peek() != UInt8(ascii: "\n") { at += 1 }
            at = min(at + 1, bytes.count)
            return emit(.word, slice(start..<at), start: start, line: line)
        }
        let isNumber = Self.isDigit(peek())
        while at < bytes.count {
            let continues = Self.isWord(peek())
            let isPoint = isNumber && peek() == UInt8(ascii: ".") && Self.isDigit(peek(1))
            guard continues || isPoint else { break }
            at += 1
        }
        emit(isNumber ? .number : .word, slice(start..<at), start: start, line: line)
    }

    /// How many `#` stand before the quote that begins here; nil when no string begins here.
    private func stringStart() -> Int? {
        var hashes = 0
        while peek(hashes) == UInt8(ascii: "#") { hashes += 1 }
        return peek(hashes) == UInt8(ascii: "\"") ? hashes : nil
    }

    private mutating func string(hashes: Int) {
        let start = at
        let first = line
        let place = tokens.count
        let glued = start == lastEnd
        at += hashes
        let isBlock = starts("\"\"\"")
        let quotes = isBlock ? 3 : 1
        at += quotes
        var content: [UInt8] = []
        var interpolated = false
        while at < bytes.count {
            let byte = bytes[at]
            if byte == UInt8(ascii: "\""), closes(quotes: quotes, hashes: hashes) {
                at += quotes + hashes
                break
            }
            if byte == UInt8(ascii: "\n") {
                if !isBlock { break }
                line += 1
            }
            if byte == UInt8(ascii: "\\"), (1..<(1 + hashes)).allSatisfy({ peek($0) == UInt8(ascii: "#") }) {
                if peek(1 + hashes) == UInt8(ascii: "(") {
                    interpolated = true
                    at += hashes + 2
                    code(untilParenthesis: true)
                    at = min(at + 1, bytes.count)
                    continue
                }
                if hashes == 0 && peek(1) != UInt8(ascii: "\n") {
                    content.append(byte)
                    at += 1
                }
            }
            if at < bytes.count { content.append(bytes[at]) }
            at += 1
        }
        let text = String(decoding: content, as: UTF8.self)
        tokens.insert(
            Token(kind: .string, text: text, line: first, isGlued: glued, isInterpolated: interpolated), at: place)
        lastEnd = at
    }

    private func closes(quotes: Int, hashes: Int) -> Bool {
        for index in 0..<quotes where peek(index) != UInt8(ascii: "\"") { return false }
        for index in quotes..<(quotes + hashes) where peek(index) != UInt8(ascii: "#") { return false }
        return true
    }

    /// Where the regular expression literal that begins here ends; nil when none does.
    private func regexEnd() -> Int? {
        var hashes = 0
        while peek(hashes) == UInt8(ascii: "#") { hashes += 1 }
        guard peek(hashes) == UInt8(ascii: "/") else { return nil }
        let next = peek(hashes + 1)
        if hashes == 0 {
            // A slash after a value divides; after one of these only a literal can begin.
            let before = tokens.last { $0.kind != .comment && $0.kind != .documentation }
            guard let before, ["=", "(", ",", ":", "[", "{", "return", "in"].contains(before.text),
                next > 0x20, next != UInt8(ascii: ")"), next != UInt8(ascii: ",")
            else { return nil }
        }
        var index = at + hashes + 1
        while index < bytes.count && (hashes > 0 || bytes[index] != UInt8(ascii: "\n")) {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 2
                continue
            }
            let tail = index + 1 + hashes
            if bytes[index] == UInt8(ascii: "/") && tail <= bytes.count
                && bytes[(index + 1)..<tail].allSatisfy({ $0 == UInt8(ascii: "#") })
            {
                return tail
            }
            index += 1
        }
        return nil
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

    private static func isWord(_ byte: UInt8) -> Bool {
        byte >= 0x80 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "$") || isDigit(byte)
            || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

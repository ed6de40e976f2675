/// Strings of a JSON text: found eight bytes at a time, made into a `String` once.
extension JSONScanner {
    /// The string whose opening quote is at the current byte; leaves the byte after the closing quote.
    mutating func string() throws(JSONError) -> String {
        let open = at
        at += 1
        let start = at
        skipPlain()
        guard at < bytes.count else { throw JSONError("the text ends within a string", offset: open) }
        if bytes[at] == UInt8(ascii: "\"") {
            let text = try text(UnsafeBufferPointer(rebasing: bytes[start..<at]), from: start)
            at += 1
            return text
        }
        return try escapedString(open: open, start: start)
    }

    /// The rest of a string that has escapes or a fault in it.
    private mutating func escapedString(open: Int, start: Int) throws(JSONError) -> String {
        var content: [UInt8] = []
        var plain = start
        while true {
            guard at < bytes.count else { throw JSONError("the text ends within a string", offset: open) }
            content.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[plain..<at]))
            switch bytes[at] {
            case UInt8(ascii: "\""):
                let result = try content.withUnsafeBufferPointer { buffer throws(JSONError) -> String in
                    try text(buffer, from: start)
                }
                at += 1
                return result
            case UInt8(ascii: "\\"):
                try escape(into: &content)
            default:
                throw fault("a control character within a string; escape it")
            }
            plain = at
            skipPlain()
        }
    }

    private func text(_ content: UnsafeBufferPointer<UInt8>, from start: Int) throws(JSONError) -> String {
        // Short plain strings are most of any resource; validating them costs more than looking at them here.
        if content.count < 256, Self.isASCII(content) { return String(decoding: content, as: UTF8.self) }
        guard let text = String(validating: content, as: UTF8.self) else {
            throw JSONError("a string is not valid UTF-8", offset: start)
        }
        return text
    }

    private static func isASCII(_ content: UnsafeBufferPointer<UInt8>) -> Bool {
        guard let base = content.baseAddress else { return true }
        let raw = UnsafeRawPointer(base)
        var seen: UInt64 = 0
        var at = 0
        while at + 8 <= content.count {
            seen |= raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            at += 8
        }
        while at < content.count {
            seen |= UInt64(content[at])
            at += 1
        }
        return seen & 0x8080_8080_8080_8080 == 0
    }

    /// Moves to the next quote, backslash or control character, or to the end.
    private mutating func skipPlain() {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        guard let base = bytes.baseAddress else { return }
        let raw = UnsafeRawPointer(base)
        while at + 8 <= bytes.count {
            let word = raw.loadUnaligned(fromByteOffset: at, as: UInt64.self)
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            // A byte of zero borrows into its top bit; bytes above 0x7F are masked out by ~x.
            let found = ((quote &- ones) & ~quote) | ((slash &- ones) & ~slash) | ((word &- ones &* 0x20) & ~word)
            if found & tops != 0 { break }
            at += 8
        }
        while at < bytes.count {
            let byte = bytes[at]
            if byte == 0x22 || byte == 0x5C || byte < 0x20 { return }
            at += 1
        }
    }

    private mutating func escape(into content: inout [UInt8]) throws(JSONError) {
        let start = at
        guard at + 1 < bytes.count else { throw fault("the text ends within an escape") }
        let letter = bytes[at + 1]
        at += 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): content.append(letter)
        case UInt8(ascii: "b"): content.append(0x08)
        case UInt8(ascii: "f"): content.append(0x0C)
        case UInt8(ascii: "n"): content.append(0x0A)
        case UInt8(ascii: "r"): content.append(0x0D)
        case UInt8(ascii: "t"): content.append(0x09)
        case UInt8(ascii: "u"):
            let unit = try hexadecimal()
            var scalar = UInt32(unit)
            if unit & 0xFC00 == 0xD800 {
                guard at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"), bytes[at + 1] == UInt8(ascii: "u") else {
                    throw JSONError("half a surrogate pair", offset: start)
                }
                at += 2
                let low = try hexadecimal()
                guard low & 0xFC00 == 0xDC00 else { throw JSONError("half a surrogate pair", offset: start) }
                scalar = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
            }
            guard let character = Unicode.Scalar(scalar) else {
                throw JSONError("half a surrogate pair", offset: start)
            }
            content.append(contentsOf: UTF8.encode(character).map(Array.init) ?? [])
        default: throw JSONError("an unknown escape", offset: start)
        }
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt16 {
        guard at + 4 <= bytes.count else { throw fault("the text ends within an escape") }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let byte = bytes[at]
            switch byte {
            case 0x30...0x39: unit = unit << 4 | UInt16(byte - 0x30)
            case 0x41...0x46: unit = unit << 4 | UInt16(byte - 0x41 + 10)
            case 0x61...0x66: unit = unit << 4 | UInt16(byte - 0x61 + 10)
            default: throw fault("expected four hexadecimal digits")
            }
            at += 1
        }
        return unit
    }
}

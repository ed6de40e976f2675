/// Reads JSON strictly as RFC 8259 has it: UTF-8, one value, unique names, numbers kept as they are written.
package enum JSONReader {
    /// The value of a whole text.
    ///
    /// Refuses duplicate names (compared as bytes after unescaping), trailing commas and content, lone surrogates,
    /// invalid UTF-8, UTF-16, NaN and anything beyond the limits. A UTF-8 byte order mark is skipped.
    package static func read(_ bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSONValue {
        try bytes.withUnsafeBufferPointer { buffer throws(JSONError) -> JSONValue in
            var scanner = JSONScanner(bytes: buffer, limits: limits)
            return try scanner.document()
        }
    }
}

/// One pass over the bytes; lives only while the buffer is borrowed.
struct JSONScanner {
    let bytes: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    var at = 0
    private var nodes = 0

    init(bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSONValue {
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { at = 3 }
        if bytes.count >= 2, bytes[0] == 0 || bytes[1] == 0 || bytes[0] >= 0xFE {
            throw JSONError("the text is not UTF-8; send JSON as UTF-8", offset: 0)
        }
        skipBlanks()
        let value = try value(depth: 0)
        skipBlanks()
        guard at == bytes.count else { throw fault("content after the end of the value") }
        return value
    }

    func fault(_ message: String) -> JSONError { JSONError(message, offset: at) }

    private mutating func skipBlanks() {
        while at < bytes.count {
            let byte = bytes[at]
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            at += 1
        }
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
        nodes += 1
        guard nodes <= limits.nodesMax else { throw fault("more than \(limits.nodesMax) values") }
        guard at < bytes.count else { throw fault("the text ends where a value should be") }
        switch bytes[at] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try array(depth: depth + 1))
        case UInt8(ascii: "-"), 0x30...0x39: return .number(try number())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw fault("not a JSON value")
        }
    }

    private mutating func word(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        let length = text.utf8CodeUnitCount
        guard at + length <= bytes.count else { throw fault("the text ends within a word") }
        for index in 0..<length where bytes[at + index] != text.utf8Start[index] { throw fault("not a JSON value") }
        at += length
        return value
    }

    private mutating func array(depth: Int) throws(JSONError) -> [JSONValue] {
        guard depth <= limits.depthMax else { throw fault("nested deeper than \(limits.depthMax) levels") }
        at += 1
        var items: [JSONValue] = []
        skipBlanks()
        if at < bytes.count, bytes[at] == UInt8(ascii: "]") {
            at += 1
            return items
        }
        while true {
            skipBlanks()
            items.append(try value(depth: depth))
            skipBlanks()
            guard at < bytes.count else { throw fault("the text ends within an array") }
            let byte = bytes[at]
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") else { throw fault("expected , or ]") }
            at += 1
            if byte == UInt8(ascii: "]") { return items }
        }
    }

    private mutating func object(depth: Int) throws(JSONError) -> JSONObject {
        guard depth <= limits.depthMax else { throw fault("nested deeper than \(limits.depthMax) levels") }
        at += 1
        var members: [JSONObject.Member] = []
        var names = JSONNames()
        skipBlanks()
        if at < bytes.count, bytes[at] == UInt8(ascii: "}") {
            at += 1
            return JSONObject(members)
        }
        while true {
            skipBlanks()
            guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw fault("expected a name in quotes") }
            let start = at
            let name = try string()
            guard names.isNew(name, among: members) else { throw JSONError("the name is there twice", offset: start) }
            skipBlanks()
            guard at < bytes.count, bytes[at] == UInt8(ascii: ":") else { throw fault("expected : after a name") }
            at += 1
            skipBlanks()
            members.append(JSONObject.Member(name, try value(depth: depth)))
            skipBlanks()
            guard at < bytes.count else { throw fault("the text ends within an object") }
            let byte = bytes[at]
            guard byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") else { throw fault("expected , or }") }
            at += 1
            if byte == UInt8(ascii: "}") { return JSONObject(members) }
        }
    }

    private mutating func number() throws(JSONError) -> String {
        let start = at
        if bytes[at] == UInt8(ascii: "-") { at += 1 }
        let lead = at
        try digits()
        if bytes[lead] == 0x30, at - lead > 1 { throw JSONError("a number begins with 0", offset: lead) }
        if at < bytes.count, bytes[at] == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if at < bytes.count, bytes[at] | 0x20 == UInt8(ascii: "e") {
            at += 1
            if at < bytes.count, bytes[at] == UInt8(ascii: "+") || bytes[at] == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
        guard at - start <= limits.numberBytesMax else {
            throw JSONError("a number longer than \(limits.numberBytesMax) bytes", offset: start)
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        let start = at
        while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
        guard at > start else { throw fault("expected a digit") }
    }
}

/// Which names an object has already: a short walk while few, a table of byte strings when many.
private struct JSONNames {
    private struct Name: Hashable {
        let text: String
        static func == (left: Name, right: Name) -> Bool { left.text.utf8.elementsEqual(right.text.utf8) }
        func hash(into hasher: inout Hasher) { for byte in text.utf8 { hasher.combine(byte) } }
    }

    private var many: Set<Name> = []

    mutating func isNew(_ name: String, among members: [JSONObject.Member]) -> Bool {
        if members.count < 24 {
            // Equal bytes are equal strings, so the cheap comparison can only be too eager.
            return !members.contains { $0.name == name && $0.name.utf8.elementsEqual(name.utf8) }
        }
        if many.isEmpty { for member in members { many.insert(Name(text: member.name)) } }
        return many.insert(Name(text: name)).inserted
    }
}

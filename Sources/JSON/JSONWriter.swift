/// Writes JSON without loss: members in their order, numbers in their own text.
package enum JSONWriter {
    /// The shortest form, without blanks.
    package static func bytes(_ value: JSONValue) -> [UInt8] {
        var output: [UInt8] = []
        append(value, to: &output)
        return output
    }

    /// Two blanks a level and a line feed at the end, for people.
    package static func pretty(_ value: JSONValue) -> [UInt8] {
        var output: [UInt8] = []
        append(value, to: &output, indent: 0)
        output.append(0x0A)
        return output
    }

    /// Appends the shortest form; fragments written this way join into one text.
    package static func append(_ value: JSONValue, to output: inout [UInt8]) {
        append(value, to: &output, indent: nil)
    }

    /// Appends a string in quotes, escaping quotes, backslashes and control characters only.
    package static func append(string text: String, to output: inout [UInt8]) {
        output.append(0x22)
        var text = text
        text.withUTF8 { bytes in
            var plain = 0
            for (index, byte) in bytes.enumerated() where byte < 0x20 || byte == 0x22 || byte == 0x5C {
                output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[plain..<index]))
                escape(byte, to: &output)
                plain = index + 1
            }
            output.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[plain...]))
        }
        output.append(0x22)
    }

    private static func append(_ value: JSONValue, to output: inout [UInt8], indent: Int?) {
        switch value {
        case .null: output.append(contentsOf: "null".utf8)
        case .bool(let truth): output.append(contentsOf: (truth ? "true" : "false").utf8)
        case .number(let text): output.append(contentsOf: text.utf8)
        case .string(let text): append(string: text, to: &output)
        case .array(let items):
            output.append(UInt8(ascii: "["))
            for (index, item) in items.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                breakLine(indent.map { $0 + 1 }, in: &output)
                append(item, to: &output, indent: indent.map { $0 + 1 })
            }
            if !items.isEmpty { breakLine(indent, in: &output) }
            output.append(UInt8(ascii: "]"))
        case .object(let object):
            output.append(UInt8(ascii: "{"))
            for (index, member) in object.members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                breakLine(indent.map { $0 + 1 }, in: &output)
                append(string: member.name, to: &output)
                output.append(UInt8(ascii: ":"))
                if indent != nil { output.append(0x20) }
                append(member.value, to: &output, indent: indent.map { $0 + 1 })
            }
            if !object.members.isEmpty { breakLine(indent, in: &output) }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func breakLine(_ indent: Int?, in output: inout [UInt8]) {
        guard let indent else { return }
        output.append(0x0A)
        output.append(contentsOf: repeatElement(0x20, count: indent * 2))
    }

    private static func escape(_ byte: UInt8, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: output.append(byte)
        case 0x08: output.append(UInt8(ascii: "b"))
        case 0x0C: output.append(UInt8(ascii: "f"))
        case 0x0A: output.append(UInt8(ascii: "n"))
        case 0x0D: output.append(UInt8(ascii: "r"))
        case 0x09: output.append(UInt8(ascii: "t"))
        default:
            let digits = Array("0123456789abcdef".utf8)
            output.append(contentsOf: "u00".utf8)
            output.append(digits[Int(byte >> 4)])
            output.append(digits[Int(byte & 15)])
        }
    }
}

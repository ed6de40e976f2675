import XML

/// Text and markup on their way into XML.
enum XMLText {
    /// Appends a text so that it reads back the same, in an attribute or between tags; what XML cannot hold becomes U+FFFD.
    static func append(_ text: String, to bytes: inout [UInt8]) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes += Array("&amp;".utf8)
            case UInt8(ascii: "<"): bytes += Array("&lt;".utf8)
            case UInt8(ascii: ">"): bytes += Array("&gt;".utf8)
            case UInt8(ascii: "\""): bytes += Array("&quot;".utf8)
            // An attribute's white space would be read as blanks.
            case 0x09, 0x0A, 0x0D: bytes += Array("&#\(byte);".utf8)
            case 0x00..<0x20: bytes += Array("\u{FFFD}".utf8)
            default: bytes.append(byte)
            }
        }
    }

    /// A narrative as FHIR's JSON has it: one element with what is below it, its namespace declared once.
    static func text(of element: XMLElement) -> String {
        var bytes: [UInt8] = []
        append(element, inside: nil, to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func append(_ element: XMLElement, inside namespace: String?, to bytes: inout [UInt8]) {
        bytes += Array("<\(element.name)".utf8)
        if element.namespace != namespace {
            bytes += Array(" xmlns=\"".utf8)
            append(element.namespace, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        for attribute in element.attributes where attribute.namespace.isEmpty {
            bytes += Array(" \(attribute.name)=\"".utf8)
            append(attribute.value, to: &bytes)
            bytes.append(UInt8(ascii: "\""))
        }
        guard !element.children.isEmpty else {
            bytes += Array("/>".utf8)
            return
        }
        bytes.append(UInt8(ascii: ">"))
        for child in element.children {
            switch child {
            case .element(let inner): append(inner, inside: element.namespace, to: &bytes)
            case .text(let text): append(text, to: &bytes)
            }
        }
        bytes += Array("</\(element.name)>".utf8)
    }

    /// A narrative that is an element of that namespace as it is; anything else as text in one.
    static func wellFormed(_ text: String, namespace: String) -> [UInt8] {
        if let element = try? XMLReader.read(Array(text.utf8)), element.namespace == namespace, element.name == "div" {
            return Array(Self.text(of: element).utf8)
        }
        var bytes = Array("<div xmlns=\"\(namespace)\">".utf8)
        append(text, to: &bytes)
        return bytes + Array("</div>".utf8)
    }
}

import ExchangeCore

/// A document within OBX segments: encapsulated (`ED`), or lines of text (`TX`, `FT`, `ST`). Printing one prints nothing.
package struct EncapsulatedDocument: Hashable, Sendable, CustomStringConvertible {
    /// Its bytes: decoded, or UTF-8 lines ended with LF.
    package let bytes: [UInt8]
    /// `application/xml`, `application/pdf`, `text/plain`, ...: from ED.2 and ED.3; nil when the sender says nothing.
    package let mediaType: String?
    /// OBX-3 of the segment it was in.
    package let code: CodedElement?

    package var description: String { "<redacted>" }

    /// The document in these OBX segments; nil when none has a value.
    ///
    /// One ED makes the document. Lines of text are put together in their order; both at once, or two ED, are refused:
    /// which of them is the document cannot be guessed.
    package static func read(
        _ observations: [HL7Segment], bytesMax: Int = 32 << 20,
    ) throws(HL7Error) -> EncapsulatedDocument? {
        var document: EncapsulatedDocument?
        var lines: [UInt8] = []
        var code: CodedElement?
        for segment in observations where segment.field(5).isValued {
            let value = segment.field(5)
            switch try segment.field(2).text() {
            case "ED":
                guard document == nil, lines.isEmpty else {
                    throw value.refusal(.dataType, "more than one document in the message")
                }
                document = try encapsulated(value, code: CodedElement(segment.field(3)), bytesMax: bytesMax)
            case "TX", "FT", "ST":
                guard document == nil else { throw value.refusal(.dataType, "more than one document in the message") }
                if code == nil { code = try CodedElement(segment.field(3)) }
                for repetition in value.repetitions {
                    lines += Array((try repetition.text() ?? "").utf8) + [0x0A]
                }
                guard lines.count <= bytesMax else { throw value.refusal(.dataType, "longer than \(bytesMax) bytes") }
            default: continue
            }
        }
        if document == nil, !lines.isEmpty {
            return EncapsulatedDocument(bytes: lines, mediaType: "text/plain", code: code)
        }
        return document
    }

    private static func encapsulated(
        _ value: HL7Element, code: CodedElement?, bytesMax: Int,
    ) throws(HL7Error) -> EncapsulatedDocument {
        let content = try value.component(5).requiredText("the encapsulated document")
        let kind = try value.component(2).text()
        let subtype = try value.component(3).text()
        let bytes: [UInt8]
        switch try value.component(4).text() {
        case "Base64", "BASE64", "base64":
            var packed = content
            if content.utf8.contains(where: { $0 <= 0x20 }) { packed = String(content.filter { !$0.isWhitespace }) }
            guard let decoded = Base64.decode(packed) else {
                throw value.component(5).refusal(.dataType, "not base64")
            }
            bytes = decoded
        case "A", nil: bytes = Array(content.utf8)
        case "Hex", "HEX":
            guard let decoded = Hexadecimal.decode(content) else {
                throw value.component(5).refusal(.dataType, "not hexadecimal")
            }
            bytes = decoded
        default: throw value.component(4).refusal(.tableValue, "the encoding is A, Hex or Base64")
        }
        guard bytes.count <= bytesMax else { throw value.refusal(.dataType, "longer than \(bytesMax) bytes") }
        return EncapsulatedDocument(bytes: bytes, mediaType: mediaType(kind, subtype), code: code)
    }

    /// ED.2 is a MIME type's first half (HL7 table 0191 or IANA), ED.3 its second (table 0291).
    private static func mediaType(_ kind: String?, _ subtype: String?) -> String? {
        guard let subtype else { return nil }
        let second = subtype.lowercased()
        switch second {
        case "xml", "x-hl7-cda-level-one", "hl7-cda-level-one": return "text/xml"
        case "pdf", "json", "rtf", "dicom": return "application/" + second
        case "octet-stream": return nil
        case "plain", "html", "sgml": return "text/" + second
        case "jpeg", "jpg", "png", "gif", "tiff": return "image/" + (second == "jpg" ? "jpeg" : second)
        default: break
        }
        let isToken = second.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        guard let first = kind?.lowercased(), ["application", "text", "image", "audio", "video"].contains(first), isToken
        else { return nil }
        return first + "/" + second
    }
}

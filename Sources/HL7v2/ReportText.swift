import ExchangeCore

/// A report of discrete results as text that people read: a line for each result, under what was asked for.
enum ReportText {
    /// The report of an ORU message; nil when no result has a value.
    static func document(_ message: HL7Message, bytesMax: Int) throws(HL7Error) -> EncapsulatedDocument? {
        var lines: [String] = []
        var code: CodedElement?
        var hasResult = false
        for segment in message.segments {
            switch segment.name {
            case "OBR":
                let request = try ObservationRequest(segment)
                if code == nil { code = request.service }
                if !lines.isEmpty { lines.append("") }
                lines.append(heading(request))
            case "OBX":
                let result = try ObservationResult(segment)
                guard result.values.isValued else { continue }
                hasResult = true
                lines.append(try line(result))
            case "NTE":
                for repetition in segment.field(3).repetitions {
                    if let text = try repetition.text() { lines.append("    " + text) }
                }
            default: continue
            }
            guard lines.count <= 100_000 else {
                throw HL7Error(.segmentSequence, "a report of more than 100,000 lines", at: segment.position())
            }
        }
        guard hasResult else { return nil }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        guard bytes.count <= bytesMax else {
            throw HL7Error(.dataType, "longer than \(bytesMax) bytes", at: HL7Position("OBX", field: 5))
        }
        return EncapsulatedDocument(bytes: bytes, mediaType: "text/plain", code: code)
    }

    private static func heading(_ request: ObservationRequest) -> String {
        var text = request.service.map(name) ?? "Results"
        if let time = request.observed { text += ", " + time.text }
        if let status = request.status { text += ", status " + status }
        return text
    }

    /// One result, under a heading.
    static func line(_ result: ObservationResult) throws(HL7Error) -> String {
        var values: [String] = []
        for repetition in result.values.repetitions { if let text = try value(repetition, result.valueType) { values.append(text) } }
        var text = "  " + (result.code.map(name) ?? "Result") + ": " + values.joined(separator: "; ")
        if let unit = result.units.flatMap({ $0.code ?? $0.text }) { text += " " + unit }
        if let range = result.referenceRange { text += " (reference " + range + ")" }
        if !result.interpretation.isEmpty { text += " [" + result.interpretation.joined(separator: ", ") + "]" }
        // Final results need no word; every other state does.
        if let status = result.status, status != "F" { text += " {status \(status)}" }
        return text
    }

    private static func name(_ code: CodedElement) -> String {
        code.text ?? code.alternateText ?? code.code ?? code.alternateCode ?? ""
    }

    /// A value as its type means it; components of other types are joined by blanks.
    private static func value(_ element: HL7Element, _ type: String?) throws(HL7Error) -> String? {
        switch type {
        case "CE", "CWE", "CNE":
            guard let code = try CodedElement(element) else { return nil }
            let text = name(code)
            return code.code.map { $0 == text ? text : "\(text) (\($0))" } ?? text
        case "TS", "DTM", "DT": return try DataTypes.time(element)?.text
        case "ED", "RP": return "(an attachment that is not shown here)"
        default:
            var parts: [String] = []
            for part in element.parts { if let text = try part.text() { parts.append(text) } }
            return parts.isEmpty ? nil : parts.joined(separator: type == "SN" ? "" : " ")
        }
    }
}

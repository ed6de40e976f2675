import ExchangeCore

/// Immunisations of a VXU message as text that people read: what was given, when, and what became of it (HL7 v2.8, 4A.7).
enum ImmunizationText {
    /// Lines for each RXA, with route, site, observations and notes below it.
    static func document(_ message: HL7Message, bytesMax: Int) throws(HL7Error) -> EncapsulatedDocument {
        var lines = ["Immunizations"]
        for segment in message.segments {
            switch segment.name {
            case "RXA": lines.append("  " + (try line(PharmacyAdministration(segment))))
            case "RXR":
                let route = try CodedElement(segment.field(1)).map(name)
                let site = try CodedElement(segment.field(2)).map(name)
                let words = [route.map { "route " + $0 }, site.map { "site " + $0 }].compactMap(\.self)
                if !words.isEmpty { lines.append("    " + words.joined(separator: ", ")) }
            case "OBX":
                let result = try ObservationResult(segment)
                guard result.values.isValued else { continue }
                lines.append("  " + (try ReportText.line(result)))
            case "NTE":
                for repetition in segment.field(3).repetitions {
                    if let text = try repetition.text() { lines.append("    " + text) }
                }
            default: continue
            }
            guard lines.count <= 100_000 else {
                throw HL7Error(.segmentSequence, "immunisations of more than 100,000 lines", at: segment.position())
            }
        }
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        guard bytes.count <= bytesMax else {
            throw HL7Error(.dataType, "longer than \(bytesMax) bytes", at: HL7Position("RXA", field: 5))
        }
        return EncapsulatedDocument(bytes: bytes, mediaType: "text/plain", code: nil)
    }

    private static func line(_ given: PharmacyAdministration) -> String {
        var text = given.started.map { $0.text + ": " } ?? ""
        text += given.administered.map(name) ?? "vaccine not named"
        if let code = given.administered?.code { text += " (\(code))" }
        if let amount = given.amount, amount != "999" {
            text += ", " + amount + (given.units.flatMap { $0.code ?? $0.text }.map { " " + $0 } ?? "")
        }
        if !given.lotNumbers.isEmpty { text += ", lot " + given.lotNumbers.joined(separator: ", ") }
        switch given.completionStatus {
        case nil, "CP": break
        case "RE": text += " {refused}"
        case "NA": text += " {not given}"
        case "PA": text += " {given in part}"
        case let other?: text += " {status \(other)}"
        }
        return text
    }

    private static func name(_ code: CodedElement) -> String {
        code.text ?? code.alternateText ?? code.code ?? code.alternateCode ?? ""
    }
}

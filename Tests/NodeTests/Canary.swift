import ExchangeCore
import Foundation

/// A patient whose data would be noticed anywhere: no log line of any test may hold a word of it.
enum Canary {
    static let family = "Zwetschgenbaum"
    static let given = "Quillfeather"
    static let street = "Xanthippe"
    static let city = "Ultramontane"
    static let number = "CANARY-4711"
    static let phone = "802-555-0147"
    /// Stands in every document that is published.
    static let words = "PAPAGENO"

    static let all = [family, given, street, city, number, phone, words, "1931-12-07", "19311207"]

    /// How they would look in base64, the three ways three bytes can begin.
    static let encoded: [String] = [words, family].flatMap { word in
        (0..<3).map { shift in
            let text = Base64.encode(Array(repeating: 0x20, count: shift) + Array(word.utf8))
            return String(text.dropFirst(shift == 0 ? 0 : 4).prefix(8))
        }
    }

    static let demographics = Demographics(
        names: [PersonName(family: family, given: [given, "Ann"])], birthDate: PartialDate("1931-12-07"), sex: .female,
        addresses: [PostalAddress(lines: ["48 \(street) Lane"], city: city, state: "VT", postalCode: "05999")],
        phones: [phone])

    /// The lines that hold a word of it.
    static func found(in lines: [String]) -> [String] {
        lines.filter { line in (all + encoded).contains { line.contains($0) } }
    }

    /// A document's text of that patient.
    static func document(_ number: Int) -> String { "discharge summary \(number) of \(words)" }
}

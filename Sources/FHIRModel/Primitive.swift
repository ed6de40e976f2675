import ExchangeCore
import JSON

/// FHIR's primitive types (R4, 2.24.0.1).
package enum Primitive: String, Sendable, CaseIterable {
    case id

    /// Whether a value is one of this type.
    package func accepts(_ value: JSONValue) -> Bool {
        guard let text = value.string?.utf8, (1...64).contains(text.count) else { return false }
        return text.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x2D
                || $0 == 0x2E
        }
    }
}

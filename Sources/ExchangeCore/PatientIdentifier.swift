/// An identifier a facility gave a patient: the assigning authority's URI and the value (FHIR `Identifier`, HL7 CX).
///
/// Both parts are printable ASCII without blanks, so equality is equality of bytes here and in SQL (RFC 20 range 0x21-0x7E).
package struct PatientIdentifier: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The assigning authority as a URI, such as `urn:oid:1.3.6.1.4.1.21367.13.20.1000`.
    package let system: String
    /// The value within that authority, such as a medical record number.
    package let value: String

    /// Nil when a part is empty, longer than 128 bytes, or not printable ASCII.
    package init?(system: String, value: String) {
        guard Self.isPlain(system), Self.isPlain(value) else { return nil }
        self.system = system
        self.value = value
    }

    /// Never the value: identifiers must not reach a log by interpolation.
    package var description: String { "<redacted>" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.system, left.value) < (right.system, right.value)
    }

    private static func isPlain(_ text: String) -> Bool {
        let bytes = text.utf8
        return (1...128).contains(bytes.count) && bytes.allSatisfy { (0x21...0x7E).contains($0) }
    }
}

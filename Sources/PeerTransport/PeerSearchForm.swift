import ExchangeCore
import XDSMetadata

/// A document query as the form of `POST DocumentReference/_search` (ITI-67): nothing about a patient in any URL.
enum PeerSearchForm {
    static func bytes(patient: String, query: DocumentQuery, page: String?) -> [UInt8] {
        var fields: [(String, String)] = [("patient", "Patient/\(patient)")]
        func add(_ name: String, _ values: [String]) {
            if !values.isEmpty { fields.append((name, values.joined(separator: ","))) }
        }
        func codes(_ filters: [DocumentQuery.CodeFilter]) -> [String] {
            filters.map { filter in
                filter.system.map { "\(escaped($0))|\(escaped(filter.code))" } ?? escaped(filter.code)
            }
        }
        for query in [query] + query.also {
            add("status", query.statuses.map(\.rawValue))
            add("category", codes(query.classCodes))
            add("type", codes(query.typeCodes))
            add("format", codes(query.formatCodes))
            add("facility", codes(query.facilityTypes))
            add("setting", codes(query.practiceSettings))
            add("event", codes(query.eventCodes))
            add("security-label", codes(query.securityLabels))
            add("identifier", query.identifiers.map { "urn:ietf:rfc:3986|\(escaped($0))" })
            for (name, filters) in [("author.family", query.authorFamily), ("author.given", query.authorGiven)] {
                let mode = filters.first?.mode ?? .start
                add(mode == .start ? name : "\(name):\(mode.rawValue)", filters.map { escaped($0.text) })
            }
            add("related", query.relatedTo.map { "DocumentReference/\($0)" })
            for (name, interval) in [("creation", query.creation), ("date", query.registered), ("period", query.service)] {
                if let from = interval?.from { fields.append((name, "ge\(from)")) }
                if let until = interval?.until { fields.append((name, "lt\(until)")) }
            }
        }
        if let page { fields.append(("_page", page)) }
        var bytes: [UInt8] = []
        for (name, value) in fields {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
            encode(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            encode(value, to: &bytes)
        }
        return bytes
    }

    /// FHIR's own escapes, so that a comma in a value does not become a second value (R4 search 3.1.1.5.4).
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            if ["\\", ",", "|", "$"].contains(character) { result.unicodeScalars.append("\\") }
            result.unicodeScalars.append(character)
        }
        return result
    }

    /// Percent-encodes everything but RFC 3986's unreserved characters; the value of a decoded `_page` comes back as it was.
    private static func encode(_ text: String, to bytes: inout [UInt8]) {
        let digits = Array("0123456789ABCDEF".utf8)
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
            default: bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
    }
}

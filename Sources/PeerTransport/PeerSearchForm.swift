import ExchangeCore
import XDSMetadata

/// Queries as the forms of `POST Type/_search`: nothing about a patient in any URL.
enum PeerSearchForm {
    /// A query for documents as the form of `POST DocumentReference/_search` (ITI-67).
    static func bytes(patient: String, query: DocumentQuery, page: String?) -> [UInt8] {
        var fields: [(String, String)] = [("patient", "Patient/\(patient)")]
        func add(_ name: String, _ values: [String]) {
            if !values.isEmpty { fields.append((name, values.joined(separator: ","))) }
        }
        func codes(_ filters: [DocumentQuery.CodeFilter]) -> [String] { filters.map(code) }
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
                add(named(name, filters), filters.map { escaped($0.text) })
            }
            add("related", query.relatedTo.map { "DocumentReference/\($0)" })
            for (name, dates) in [("creation", query.creation), ("date", query.registered), ("period", query.service)] {
                fields += dates.flatMap(values).map { (name, $0) }
            }
        }
        return form(fields, page)
    }

    /// A query for lists as the form of `POST List/_search` (ITI-66).
    static func bytes(patient: String, query: ListQuery, withDocuments: Bool, page: String?) -> [UInt8] {
        var fields: [(String, String)] = [("patient", "Patient/\(patient)"), ("status", query.wantsCurrent ? "current" : "retired")]
        func add(_ name: String, _ values: [String]) {
            if !values.isEmpty { fields.append((name, values.joined(separator: ","))) }
        }
        // No kind at all is a kind that no list has.
        if let kinds = query.kinds { add("code", kinds.isEmpty ? ["none"] : kinds.map(\.rawValue).sorted()) }
        add("_id", (query.ids ?? []).map(escaped))
        add("designationType", query.designations.map(code))
        add("identifier", query.identifiers.map { "urn:ietf:rfc:3986|\(escaped($0))" })
        add("sourceId", query.sourceIDs.map { "urn:ietf:rfc:3986|\(escaped($0))" })
        for (name, filters) in [("source.family", query.sourceFamily), ("source.given", query.sourceGiven)] {
            add(named(name, filters), filters.map { escaped($0.text) })
        }
        fields += query.date.flatMap(values).map { ("date", $0) }
        if withDocuments { fields.append(("_include", "List:item")) }
        return form(fields, page)
    }

    private static func code(_ filter: DocumentQuery.CodeFilter) -> String {
        filter.system.map { "\(escaped($0))|\(escaped(filter.code))" } ?? escaped(filter.code)
    }

    /// A parameter of names with the modifier that its filters share.
    private static func named(_ name: String, _ filters: [DocumentQuery.NameFilter]) -> String {
        let mode = filters.first?.mode ?? .start
        return mode == .start ? name : "\(name):\(mode.rawValue)"
    }

    private static func form(_ fields: [(String, String)], _ page: String?) -> [UInt8] {
        var bytes: [UInt8] = []
        for (name, value) in fields + (page.map { [("_page", $0)] } ?? []) {
            if !bytes.isEmpty { bytes.append(UInt8(ascii: "&")) }
            encode(name, to: &bytes)
            bytes.append(UInt8(ascii: "="))
            encode(value, to: &bytes)
        }
        return bytes
    }

    /// A date as instants where they say the same, so that no time zone and no clock of the peer's changes its meaning.
    private static func values(_ date: DateFilter) -> [String] {
        switch date.prefix {
        case .eq: [date.date.text]
        case .ne: ["ne" + date.date.text]
        case .ge: ["ge\(instant(date.start))"]
        case .gt: ["ge\(instant(date.end))"]
        case .le: ["lt\(instant(date.end))"]
        case .lt: ["lt\(instant(date.start))"]
        case .sa: ["sa\(instant(date.end - .milliseconds(1)))"]
        case .eb: ["eb\(instant(date.start))"]
        case .ap: ["ge\(instant(date.start))", "lt\(instant(date.end))"]
        }
    }

    /// A moment within the years that FHIR can write, 0001 to 9999.
    private static func instant(_ time: Timestamp) -> Timestamp {
        Timestamp(milliseconds: min(max(time.milliseconds, -62_135_596_800_000), 253_402_300_799_999))
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

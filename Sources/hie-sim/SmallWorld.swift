import ExchangeCore

/// The small code sets that everything random is made of: small, so that rules, documents and searches meet.
enum SmallWorld {
    static let communities = (0..<3).compactMap { CommunityID("1.3.6.1.4.1.21367.2026.3\($0)") }
    /// The community of a number, up to 99: more than three, for simulations of many.
    static func community(_ number: Int) -> CommunityID {
        guard let id = CommunityID("1.3.6.1.4.1.21367.2026.4\(number)") else { preconditionFailure("an OID by its form") }
        return id
    }

    static let users = ["dr.brattain", "nurse.okafor", "clerk.ilse"]
    static let roles = ["physician", "nurse", "him-professional"]
    static let purposes = ["TREAT", "HPAYMT", "HOPERAT", "HRESCH", "BTG", "TREAT"]
    static let organizations = communities.map(\.urn) + ["urn:oid:1.2.3.4.5", "Organization/ward7"]
    static let classes = ["11488-4", "18842-5", "34133-9"].map { CodedValue(code: $0, system: CodeSystems.loinc) }
    static let types = ["18842-5", "11504-8", "34117-2"].map { CodedValue(code: $0, system: CodeSystems.loinc) }
    static let formats = ["urn:ihe:pcc:xphr:2007", "urn:ihe:iti:xds:2017:mimeTypeSufficient"].map {
        CodedValue(code: $0, system: CodeSystems.documentFormat)
    }
    static let facilities = ["22232009", "35971002"].map { CodedValue(code: $0, system: CodeSystems.snomed) }
    static let settings = ["408443003", "394587001"].map { CodedValue(code: $0, system: CodeSystems.snomed) }
    static let events = ["44950", "F11"].map { CodedValue(code: $0, system: "http://www.ama-assn.org/go/cpt") }
    static let confidentialities = ["N", "N", "R", "V", "L"].map {
        CodedValue(code: $0, system: CodeSystems.confidentiality)
    }
    static let sensitivities = ["PSY", "ETH", "HIV"].map { CodedValue(code: $0, system: CodeSystems.actCode) }
    static let families = ["Brattain", "Okafor", "Strand"]
    static let days = ["2024-05", "2025-01-10", "2025-07-03T10:00:00Z", "2026-02-11", "2026-02-28", "2026-03-01"]
    static let media = ["text/plain", "text/xml", "application/pdf"]
}

import ExchangeCore
import RecordLocation
import XDSMetadata

/// One search parameter of DocumentReference: its name, FHIR type, canonical, and how it fills a search.
struct SearchParameter: Sendable {
    /// FHIR `SearchParamType`.
    enum Kind: String, Sendable { case token, date, string, reference, uri, number, special }

    let name: String
    let kind: Kind
    /// The canonical of FHIR's or IHE's SearchParameter; nil for those that are no search of their own.
    let definition: String?
    /// May be given more than once, all of which must hold.
    let isRepeatable: Bool
    let fill: @Sendable (inout DocumentSearch, SearchArgument) throws(ExchangeError) -> Void

    init(
        _ name: String, _ kind: Kind, _ definition: String? = nil, isRepeatable: Bool = false,
        fill: @escaping @Sendable (inout DocumentSearch, SearchArgument) throws(ExchangeError) -> Void,
    ) {
        self.name = name
        self.kind = kind
        self.definition = definition
        self.isRepeatable = isRepeatable
        self.fill = fill
    }
}

/// Every parameter of ITI-67 (MHD 4.2.4, Document Responder), in one table.
enum SearchParameters {
    private static let hl7 = "http://hl7.org/fhir/SearchParameter/"
    private static let mhd = "https://profiles.ihe.net/ITI/MHD/SearchParameter/"

    /// What is searched by, in the order of the CapabilityStatement.
    static let criteria: [SearchParameter] = [
        SearchParameter("_id", .token, hl7 + "Resource-id") { search, argument throws(ExchangeError) in
            for text in argument.texts() {
                guard let id = DocumentID(text) else { continue }
                search.query.identifiers.append("urn:uuid:\(id)")
            }
            if search.query.identifiers.isEmpty { search.query.identifiers = [DocumentSearch.nobody] }
        },
        dates("_lastUpdated", hl7 + "Resource-lastUpdated", \.registered),
        SearchParameter("author.family", .string) { search, argument throws(ExchangeError) in
            search.query.authorFamily = try argument.names()
        },
        SearchParameter("author.given", .string) { search, argument throws(ExchangeError) in
            search.query.authorGiven = try argument.names()
        },
        codes("category", hl7 + "DocumentReference-category", \.classCodes),
        dates("creation", mhd + "DocumentReference-Creation", \.creation),
        dates("date", hl7 + "DocumentReference-date", \.registered),
        codes("event", hl7 + "DocumentReference-event", \.eventCodes),
        codes("facility", hl7 + "DocumentReference-facility", \.facilityTypes),
        codes("format", hl7 + "DocumentReference-format", \.formatCodes),
        SearchParameter("identifier", .token, hl7 + "clinical-identifier") { search, argument throws(ExchangeError) in
            try identifiers(&search, argument)
        },
        SearchParameter("patient", .reference, hl7 + "clinical-patient") { search, argument throws(ExchangeError) in
            let ids = try argument.references("Patient", PatientSubject.self)
            guard let id = ids.first, ids.count == 1 else { throw argument.fault("takes one patient") }
            search.patient = .some(id ?? DocumentSearch.unknownPatient)
        },
        SearchParameter("patient.identifier", .token) { search, argument throws(ExchangeError) in
            search.patientIdentifier = .some(try argument.identifier())
        },
        dates("period", hl7 + "DocumentReference-period", \.service),
        SearchParameter("related", .reference, hl7 + "DocumentReference-related") {
            search, argument throws(ExchangeError) in
            search.query.relatedTo = try argument.references("DocumentReference", DocumentSubject.self).map {
                $0 ?? DocumentSearch.unknownDocument
            }
        },
        codes("security-label", hl7 + "DocumentReference-security-label", \.securityLabels),
        codes("setting", hl7 + "DocumentReference-setting", \.practiceSettings),
        SearchParameter("status", .token, hl7 + "DocumentReference-status") { search, argument throws(ExchangeError) in
            search.query.statuses = try statuses(argument)
        },
        codes("type", hl7 + "clinical-type", \.typeCodes),
        SearchParameter("targetCommunityIdList", .uri, mhd + "IHE-TargetCommunityIdList") {
            search, argument throws(ExchangeError) in
            var communities: Set<CommunityID> = []
            for text in argument.texts() {
                guard let community = CommunityID(text) else { throw argument.fault("takes urn:oid: identifiers") }
                communities.insert(community)
            }
            search.communities = communities
        },
    ]

    /// What shapes the answer.
    static let controls: [SearchParameter] = [
        SearchParameter("scope", .special) { search, argument throws(ExchangeError) in
            guard let scope = AskingScope(rawValue: try argument.single()) else {
                throw argument.fault("takes known, region or exhaustive")
            }
            search.scope = scope
        },
        SearchParameter("_count", .number) { search, argument throws(ExchangeError) in
            guard let count = Int(try argument.single()), count >= 0 else { throw argument.fault("takes 0 or more") }
            search.count = count
        },
        SearchParameter("_sort", .special) { search, argument throws(ExchangeError) in
            switch try argument.single() {
            case "-date", "-_lastUpdated": search.isAscending = false
            case "date", "_lastUpdated": search.isAscending = true
            default: throw argument.fault("sorts by date or -date")
            }
        },
        SearchParameter("_summary", .special) { search, argument throws(ExchangeError) in
            if try argument.single() == "count" { search.isCountOnly = true } else { search.subset = try argument.summary() }
        },
        SearchParameter("_elements", .special) { search, argument throws(ExchangeError) in
            search.subset = try argument.elements()
        },
        SearchParameter("_total", .special) { _, argument throws(ExchangeError) in
            guard ["none", "estimate", "accurate"].contains(try argument.single()) else {
                throw argument.fault("takes none, estimate or accurate")
            }
        },
        SearchParameter("_format", .special) { search, argument throws(ExchangeError) in
            search.format = SearchText.unescaped(try argument.single())
        },
        SearchParameter("_pretty", .special) { _, _ throws(ExchangeError) in },
        SearchParameter("_page", .special) { search, argument throws(ExchangeError) in
            guard let cursor = PageCursor(try argument.single()) else { throw argument.fault("is no page of ours") }
            search.cursor = cursor
        },
    ]

    private static let table: [String: SearchParameter] = {
        var table: [String: SearchParameter] = [:]
        for parameter in criteria + controls { table[parameter.name] = parameter }
        // MHD's own CapabilityStatement spells it so.
        table["_lastupdated"] = table["_lastUpdated"]
        return table
    }()

    /// The parameter of a name.
    static func named(_ name: String) -> SearchParameter? { table[name] }

    private static func codes(
        _ name: String, _ definition: String,
        _ path: any WritableKeyPath<DocumentQuery, [DocumentQuery.CodeFilter]> & Sendable,
    ) -> SearchParameter {
        SearchParameter(name, .token, definition) { search, argument throws(ExchangeError) in
            search.query[keyPath: path] = try argument.tokens()
        }
    }

    /// Of several of the same name all must hold.
    private static func dates(
        _ name: String, _ definition: String,
        _ path: any WritableKeyPath<DocumentQuery, [DateFilter]> & Sendable,
    ) -> SearchParameter {
        SearchParameter(name, .date, definition, isRepeatable: true) { search, argument throws(ExchangeError) in
            search.query[keyPath: path].append(try argument.date())
        }
    }

    private static func identifiers(_ search: inout DocumentSearch, _ argument: SearchArgument) throws(ExchangeError) {
        // Beside _id both must hold.
        if !search.query.identifiers.isEmpty {
            var before = DocumentQuery()
            before.identifiers = search.query.identifiers
            search.query.also.append(before)
            search.query.identifiers = []
        }
        for text in argument.alternatives {
            let (system, value) = SearchText.token(text)
            guard !value.isEmpty else { throw argument.fault("needs a value") }
            // Documents are identified by URIs; within another system nothing is found.
            let isURI = system == nil || system == "" || system == "urn:ietf:rfc:3986"
            search.query.identifiers.append(isURI ? value : DocumentSearch.nobody)
        }
    }

    private static func statuses(_ argument: SearchArgument) throws(ExchangeError) -> [AvailabilityStatus] {
        var statuses: [AvailabilityStatus] = []
        for filter in try argument.tokens() {
            guard let status = AvailabilityStatus(rawValue: filter.code),
                [nil, "", "http://hl7.org/fhir/document-reference-status"].contains(filter.system)
            else { throw argument.fault("is current or superseded") }
            statuses.append(status)
        }
        return statuses
    }
}

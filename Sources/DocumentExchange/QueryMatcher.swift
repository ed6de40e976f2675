import ExchangeCore
import XDSMetadata

/// Whether an entry answers a query: the reference that every projection is tested against.
package enum QueryMatcher {
    /// True when every filled part of the query matches.
    package static func matches(_ entry: DocumentEntry, _ query: DocumentQuery) -> Bool {
        (query.statuses.isEmpty || query.statuses.contains(entry.status))
            && any(query.classCodes, entry.classCode) && any(query.typeCodes, entry.typeCode)
            && any(query.formatCodes, entry.formatCode) && any(query.facilityTypes, entry.facilityType)
            && any(query.practiceSettings, entry.practiceSetting) && any(query.eventCodes, entry.eventCodes)
            && any(query.securityLabels, entry.securityCodes) && identifiers(query.identifiers, entry)
            && covers(query.creation, entry.creationTime, entry.creationTime)
            && query.registered.hold(at: entry.registered)
            && covers(query.service, entry.serviceStart, entry.serviceStop)
            && names(query.authorFamily, entry) { [$0.family] }
            && names(query.authorGiven, entry) { $0.given }
            && query.also.allSatisfy { matches(entry, $0) }
            && (query.relatedTo.isEmpty || entry.relations.contains { query.relatedTo.contains($0.target) })
    }

    private static func any(_ filters: [DocumentQuery.CodeFilter], _ code: CodedValue?) -> Bool {
        filters.isEmpty || code.map { code in filters.contains { matches($0, code) } } ?? false
    }

    static func any(_ filters: [DocumentQuery.CodeFilter], _ codes: [CodedValue]) -> Bool {
        filters.isEmpty || codes.contains { code in filters.contains { matches($0, code) } }
    }

    private static func matches(_ filter: DocumentQuery.CodeFilter, _ code: CodedValue) -> Bool {
        (filter.code.isEmpty || same(filter.code, code.code)) && (filter.system.map { same($0, code.system) } ?? true)
    }

    /// `uniqueId` as it is; entryUUID with or without `urn:uuid:`, in either case.
    private static func identifiers(_ wanted: [String], _ entry: DocumentEntry) -> Bool {
        wanted.isEmpty || wanted.contains { same($0, entry.uniqueID) || DocumentID($0) == entry.id }
    }

    /// Of what the two ends cover; an entry that says nothing does not match. One end alone leaves the other open (FHIR
    /// `Period`).
    private static func covers(_ filters: [DateFilter], _ start: PartialDate?, _ stop: PartialDate?) -> Bool {
        filters.isEmpty || (start != nil || stop != nil) && filters.hold(from: start?.start, until: stop?.end)
    }

    private static func names(
        _ wanted: [DocumentQuery.NameFilter], _ entry: DocumentEntry, _ parts: (PersonName) -> [String],
    ) -> Bool { names(wanted, entry.authors, parts) }

    static func names(
        _ wanted: [DocumentQuery.NameFilter], _ authors: [DocumentAuthor], _ parts: (PersonName) -> [String],
    ) -> Bool {
        wanted.isEmpty
            || authors.compactMap(\.person).flatMap(parts).contains { name in wanted.contains { $0.matches(name) } }
    }
}

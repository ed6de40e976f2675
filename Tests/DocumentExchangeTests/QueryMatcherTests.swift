import DocumentExchange
import ExchangeCore
import Testing
import XDSMetadata

struct QueryMatcherTests {
    private static let entry: DocumentEntry = {
        var entry = Entries.any(1)
        entry.status = .current
        entry.typeCode = CodedValue(code: "18842-5", system: CodeSystems.loinc)
        entry.eventCodes = [CodedValue(code: "A", system: "urn:x"), CodedValue(code: "B", system: "urn:y")]
        entry.securityCodes = [CodedValue(code: "R", system: CodeSystems.confidentiality)]
        entry.creationTime = PartialDate("2026-03")
        entry.serviceStart = PartialDate("2026-02-10")
        entry.serviceStop = PartialDate("2026-02-20")
        entry.authors = [DocumentAuthor(person: PersonName(family: "Müller-Adams", given: ["Ann"]))]
        entry.relations = [DocumentRelation(.replaces, Entries.any(9).id)]
        return entry
    }()

    private static func matches(_ fill: (inout DocumentQuery) -> Void) -> Bool {
        var query = DocumentQuery()
        fill(&query)
        return QueryMatcher.matches(entry, query)
    }

    private static func dates(_ texts: String...) -> [DateFilter] {
        texts.compactMap { DateFilter($0, asked: Timestamp(milliseconds: 0)) }
    }

    @Test func `an empty query matches everything`() {
        for seed in UInt64(0)..<50 { #expect(QueryMatcher.matches(Entries.any(seed), DocumentQuery())) }
    }

    @Test func `a code matches with its system, or with any`() {
        #expect(Self.matches { $0.typeCodes = [.init(code: "18842-5")] })
        #expect(Self.matches { $0.typeCodes = [.init(code: "x"), .init(code: "18842-5", system: CodeSystems.loinc)] })
        #expect(!Self.matches { $0.typeCodes = [.init(code: "18842-5", system: "urn:x")] })
        #expect(Self.matches { $0.eventCodes = [.init(code: "B", system: "urn:y")] })
        #expect(!Self.matches { $0.eventCodes = [.init(code: "B", system: "urn:x")] })
        #expect(!Self.matches { $0.securityLabels = [.init(code: "N")] })
    }

    @Test func `an identifier is the uniqueId or the entry's id, however written`() {
        #expect(Self.matches { $0.identifiers = [Self.entry.uniqueID] })
        #expect(Self.matches { $0.identifiers = ["urn:uuid:\(Self.entry.id)"] })
        #expect(Self.matches { $0.identifiers = [Self.entry.id.description.uppercased()] })
        #expect(!Self.matches { $0.identifiers = ["urn:oid:9"] })
    }

    @Test func `dates hold of what an entry covers, and of nothing where it says nothing`() {
        #expect(Self.matches { $0.creation = Self.dates("ge2026-03-31") })
        #expect(!Self.matches { $0.creation = Self.dates("ge2026-04-01") })
        #expect(!Self.matches { $0.creation = Self.dates("lt2026-03-01") })
        #expect(Self.matches { $0.service = Self.dates("ge2026-02-20", "lt2026-02-21") })
        #expect(!Self.matches { $0.service = Self.dates("gt2026-02-20") })
        #expect(!Self.matches { $0.service = Self.dates("lt2026-02-10") })
        #expect(Self.matches { $0.service = Self.dates("ne2026-02-12", "2026-02", "ap2026-02-12") })
        #expect(!Self.matches { $0.service = Self.dates("ne2026-02") })
        #expect(!Self.matches { $0.service = Self.dates("2026-02-12") })
        let registered = Self.entry.registered
        #expect(Self.matches { $0.registered = Self.dates("ge\(registered)") })
        #expect(!Self.matches { $0.registered = Self.dates("lt\(registered)") })
        var silent = Self.entry
        (silent.creationTime, silent.serviceStart, silent.serviceStop) = (nil, nil, nil)
        for path in [\DocumentQuery.creation, \.service] {
            var query = DocumentQuery()
            query[keyPath: path] = Self.dates("ne2020")
            #expect(QueryMatcher.matches(Self.entry, query))
            #expect(!QueryMatcher.matches(silent, query))
        }
    }

    @Test func `authors match from the start of a name, without case`() {
        #expect(Self.matches { $0.authorFamily = ["MÜLL"] })
        #expect(!Self.matches { $0.authorFamily = ["Adams"] })
        #expect(!Self.matches { ($0.authorFamily, $0.authorGiven) = (["Müller"], ["Bob"]) })
        #expect(Self.matches { $0.relatedTo = [Entries.any(9).id] })
        #expect(!Self.matches { $0.relatedTo = [Entries.any(8).id] })
        #expect(!Self.matches { $0.statuses = [.superseded] })
    }
}

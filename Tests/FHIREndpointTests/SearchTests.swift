import ExchangeCore
import Fixtures
import JSON
import PatientIndex
import Testing
import XDSMetadata

@testable import FHIREndpoint

@Suite struct SearchTests {
    static let patient = "Patient/0190aaaa-0000-4000-8000-000000000001"
    static let now = Timestamp(milliseconds: 1_772_445_600_000)

    private func search(_ query: String, isStrict: Bool = false) throws(ExchangeError) -> DocumentSearch {
        try DocumentSearch(try RequestTarget("/fhir/DocumentReference?" + query).fields, isStrict: isStrict, asked: Self.now)
    }

    private func query(_ query: String) throws(ExchangeError) -> DocumentQuery {
        try search("patient=\(Self.patient)&" + query).query
    }

    /// A value that a parameter takes.
    private static func sample(_ name: String, _ kind: String) -> String {
        switch name {
        case "patient": patient
        case "status": "current"
        case "related": "DocumentReference/0190aaaa-0000-7000-8000-000000000002"
        case "targetCommunityIdList": "urn:oid:1.3.6.1.4.1.21367.2026.10"
        default: kind == "date" ? "ge2026-03" : kind == "string" ? "Adams" : "http%3A%2F%2Floinc.org%7C18842-5"
        }
    }

    @Test func `every parameter of the table is taken`() throws {
        for parameter in SearchParameters.criteria {
            let value = Self.sample(parameter.name, parameter.kind.rawValue)
            let patient = parameter.name == "patient" ? "" : "patient=\(Self.patient)&"
            let search = try search("\(patient)\(parameter.name)=\(value)", isStrict: true)
            #expect(search.understood.last?.name == parameter.name)
        }
    }

    @Test(
        .enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"),
        arguments: ["DocumentResponder", "DocumentResponderTarget"])
    func `every search parameter of IHE's statement is taken`(_ actor: String) throws {
        let bytes = try SharedData.bytes("ihe/MHD/CapabilityStatement-IHE.MHD.\(actor).json")
        let resources = try JSONReader.read(bytes)["rest"]?[0]?["resource"]?.items ?? []
        let parameters = resources.first { $0["type"]?.string == "DocumentReference" }?["searchParam"]?.items ?? []
        #expect(parameters.count > 15)
        for parameter in parameters {
            let name = try #require(parameter["name"]?.string)
            let value = Self.sample(name, parameter["type"]?.string ?? "")
            let patient = name == "patient" ? "" : "patient=\(Self.patient)&"
            #expect(throws: Never.self, "\(name)") { try search("\(patient)\(name)=\(value)", isStrict: true) }
        }
    }

    @Test(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
    func `every search parameter of IHE's statement about lists is taken, and stated here`() throws {
        let bytes = try SharedData.bytes("ihe/MHD/CapabilityStatement-IHE.MHD.DocumentResponder.json")
        let resources = try JSONReader.read(bytes)["rest"]?[0]?["resource"]?.items ?? []
        let parameters = resources.first { $0["type"]?.string == "List" }?["searchParam"]?.items ?? []
        #expect(parameters.count == 12)
        let stated = Set(CapabilityStatement.criteria(of: "List").map { $0.name.lowercased() })
        for parameter in parameters {
            let name = try #require(parameter["name"]?.string)
            #expect(stated.contains(name.lowercased()), "\(name)")
            let value = name == "patient.identifier" ? "urn:oid:1.2%7Cx" : Self.sample(name, parameter["type"]?.string ?? "")
            let patient = name == "patient" ? "" : "patient=\(Self.patient)&"
            let fields = try RequestTarget("/fhir/List?\(patient)\(name)=\(value)").fields
            #expect(throws: Never.self, "\(name)") { try ListSearch(fields, isStrict: true, asked: Self.now) }
        }
    }

    @Test func `parameters fill the query they are named for`() throws {
        let found = try query(
            "status=current,superseded&type=http%3A%2F%2Floinc.org%7C18842-5,x&category=%7Cy&format=f&facility=a&setting=b"
                + "&event=c&security-label=R&author.family=Ad%5C,ams&author.given=Ann&identifier=urn:oid:1.2.3")
        #expect(found.statuses == [.current, .superseded])
        #expect(found.typeCodes == [.init(code: "18842-5", system: "http://loinc.org"), .init(code: "x")])
        #expect(found.classCodes == [.init(code: "y", system: "")])
        #expect(found.formatCodes == [.init(code: "f")])
        #expect(found.facilityTypes == [.init(code: "a")])
        #expect(found.practiceSettings == [.init(code: "b")])
        #expect(found.eventCodes == [.init(code: "c")])
        #expect(found.securityLabels == [.init(code: "R")])
        #expect(found.authorFamily == ["Ad,ams"])
        #expect(found.authorGiven == ["Ann"])
        #expect(found.identifiers == ["urn:oid:1.2.3"])
    }

    @Test func `identifiers are URIs, with or without their system`() throws {
        #expect(try query("identifier=urn:ietf:rfc:3986%7Curn:oid:1.2.3").identifiers == ["urn:oid:1.2.3"])
        #expect(try query("identifier=urn:oid:1.9%7C77").identifiers == [DocumentSearch.nobody])
        let id = "0190aaaa-0000-7000-8000-000000000002"
        #expect(try query("_id=\(id)").identifiers == ["urn:uuid:\(id)"])
        #expect(try query("_id=41").identifiers == [DocumentSearch.nobody])
    }

    @Test(arguments: DateFilter.Prefix.allCases)
    func `a date is read with each prefix, by every parameter of dates`(_ prefix: DateFilter.Prefix) throws {
        let date = try #require(PartialDate("2026-03"))
        for name in ["date", "creation", "period", "_lastUpdated", "_lastupdated"] {
            let found = try query("\(name)=\(prefix)2026-03")
            #expect(found.registered + found.creation + found.service == [DateFilter(prefix, date, asked: Self.now)])
        }
        #expect(try query("date=2026-03").registered == [DateFilter(.eq, date, asked: Self.now)])
        let lists = try RequestTarget("/fhir/List?patient=\(Self.patient)&date=\(prefix)2026-03&_lastUpdated=2026").fields
        #expect(try ListSearch(lists, isStrict: true, asked: Self.now).query.date.map(\.prefix) == [prefix, .eq])
        let people = try RequestTarget("/fhir/Patient?birthdate=\(prefix)1957,ne2026-03").fields
        let search = try PatientSearch(people, isStrict: true, isOwn: true, asked: Self.now)
        guard case .criteria(let criteria) = search.subject, case .born(let dates) = criteria.conditions.first else {
            Issue.record("no birth date")
            return
        }
        #expect(dates.map(\.prefix) == [prefix, .ne])
    }

    @Test func `what is given again must hold as well`() throws {
        let found = try query("event=a,b&event=c&author.family:exact=Adams&_id=41&identifier=urn:oid:1.2&type=urn:x%7C")
        #expect(found.eventCodes == [.init(code: "a"), .init(code: "b")])
        #expect(found.also.map(\.eventCodes).contains([.init(code: "c")]))
        #expect(found.also.map(\.identifiers).contains([DocumentSearch.nobody]))
        #expect(found.identifiers == ["urn:oid:1.2"])
        #expect(found.authorFamily == [.init("Adams", .exact)])
        #expect(found.typeCodes == [.init(code: "", system: "urn:x")])
    }

    @Test func `of several dates of one name all must hold`() throws {
        let dates = try query("date=ge2026-01&date=lt2026-03&_lastUpdated=ge2025").registered
        #expect(dates.map { "\($0.prefix)\($0.date)" } == ["ge2026-01", "lt2026-03", "ge2025"])
    }

    @Test(arguments: [
        "date=ea2026", "date=ne", "date=yesterday", "date=2026-02-30", "date=2026,2027", "type=", "type=a,,b",
        "type=%7C", "author.family:text=x", "_elements=a.b", "status=entered-in-error", "status=x%7Ccurrent", "type:not=x", "type:text=x",
        "patient:Group=1", "_count=-1", "_count=x", "_count=99999999999999999999", "_sort=title", "_summary=x",
        "_total=x", "_page=x", "_page=AAAA", "author.family=%20", "related=Observation/1",
        "related=a/b/c", "identifier=x%7C", "_count=1&_count=2", "targetCommunityIdList=here",
        "patient=Patient/1", "patient.identifier=x", "patient.identifier=%7Cx",
    ])
    func `what is wrong is refused with the parameter's name`(_ text: String) {
        #expect(throws: ExchangeError(.badRequest, "")) { try query(text) }
    }

    @Test func `a search that names no patient is refused`() {
        #expect(throws: ExchangeError(.badRequest, "")) { try search("status=current") }
        #expect(throws: ExchangeError(.badRequest, "")) { try search("") }
        #expect(throws: ExchangeError(.badRequest, "")) { try search("patient=Patient/1,Patient/2") }
    }

    @Test func `a patient of another form is asked for like an unknown one`() throws {
        for text in ["Patient/994", "994", "https://mpi.example.org/fhir/Patient/994"] {
            #expect(try search("patient=\(text)").patient == DocumentSearch.unknownPatient)
        }
        let id = "0190aaaa-0000-4000-8000-000000000001"
        for text in [id, "Patient/\(id)", "https://a.example.org/fhir/Patient/\(id)"] {
            #expect(try search("patient=\(text)").patient?.description == id)
        }
        #expect(try search("patient:Patient=\(id)").patient?.description == id)
        #expect(try search("patient.identifier=urn:oid:1.2%7Ca%20b").patientIdentifier == .some(.none))
    }

    @Test func `an unknown parameter is left out, or refused when strict`() throws {
        let lenient = try search("patient=\(Self.patient)&_include=x&subject.name=y")
        #expect(lenient.ignored == ["_include", "subject.name"])
        #expect(!lenient.link(base: "https://a/fhir").contains("_include"))
        #expect(throws: ExchangeError(.badRequest, "")) {
            try search("patient=\(Self.patient)&_include=x", isStrict: true)
        }
    }

    @Test func `the self link asks the same again`() throws {
        let first = try search("patient=\(Self.patient)&type=http%3A%2F%2Floinc.org%7Ca%5C,b&date=ge2026-01-01T00:00:00%2B01:00")
        let target = try RequestTarget(first.link(base: "https://a.example.org/fhir"))
        let second = try DocumentSearch(try target.fields, isStrict: true, asked: Self.now)
        #expect(second.query == first.query)
        #expect(second.patient == first.patient)
        #expect(target.segments == ["fhir", "DocumentReference"])
    }

    @Test func `another community finds patients by one identifier or id alone, the facility's own by demographics too`()
        throws
    {
        func search(_ query: String, isStrict: Bool = false, isOwn: Bool) throws(ExchangeError) -> PatientSearch {
            try PatientSearch(try RequestTarget("/fhir/Patient?" + query).fields, isStrict: isStrict, isOwn: isOwn, asked: Self.now)
        }
        for isOwn in [true, false] {
            guard case .identifier(let identifier) = try search("identifier=urn:oid:1.2%7CA1", isOwn: isOwn).subject else {
                return #expect(Bool(false), "an identifier was asked for")
            }
            #expect(identifier.value == "A1")
            #expect(try search("identifier=urn:oid:1.2%7CA1&x=y", isOwn: isOwn).ignored == ["x"])
            for text in ["identifier=A1", "_count=-1&_id=1", "", "family=", "_count=3"] {
                #expect(throws: ExchangeError(.badRequest, "")) { try search(text, isOwn: isOwn) }
            }
            #expect(throws: ExchangeError(.badRequest, "")) { try search("_id=1&x=y", isStrict: true, isOwn: isOwn) }
        }
        for text in ["family=x", "identifier=a%7Cb,c%7Cd", "_id=1&identifier=a%7Cb", "identifier=a%7Cb&family=x"] {
            #expect(throws: ExchangeError(.badRequest, "")) { try search(text, isOwn: false) }
            guard case .criteria = try search(text, isOwn: true).subject else {
                return #expect(Bool(false), "demographics were asked for")
            }
        }
    }
}

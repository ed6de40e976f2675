import DocumentExchange
import ExchangeCore
import XDSMetadata

/// Random but valid entries, and a fixed cast.
enum Entries {
    static let now = Timestamp(milliseconds: 1_780_000_000_123)
    static let home: CommunityID = {
        guard let home = CommunityID("1.3.6.1.4.1.21367.2026.10") else { preconditionFailure("not an OID") }
        return home
    }()

    static func patient(_ seed: UInt64 = 1) -> PatientID {
        var random = Seeded(seed: seed)
        return .random(using: &random)
    }

    static func any(_ seed: UInt64, patient: PatientID = patient()) -> DocumentEntry {
        var random = Seeded(seed: seed)
        let bytes = (0..<Int(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let digest = ContentDigest(bytes)
        var entry = DocumentEntry(
            id: .ordered(at: now, using: &random), uniqueID: "urn:oid:1.2.3.\(seed)^a|b", patient: patient, home: home,
            mimeType: ["text/xml", "application/pdf", "text/plain; charset=utf-8"][random.next(below: 3)],
            sha1: digest.sha1, sha256: digest.sha256, size: bytes.count,
            registered: Timestamp(milliseconds: now.milliseconds - Int64(random.next() % 1_000_000_000)))
        func maybe<Value>(_ value: Value) -> Value? { random.next() % 3 == 0 ? nil : value }
        func code() -> CodedValue {
            [
                CodedValue(code: "18842-5", system: CodeSystems.loinc, display: "Discharge summary"),
                CodedValue(code: "34133-9", system: CodeSystems.loinc),
                CodedValue(code: "22232009", system: CodeSystems.snomed),
            ][random.next(below: 3)]
        }
        func date() -> PartialDate? {
            PartialDate(
                ["2026", "2026-02", "2026-02-11", "2026-02-11T08:00:00+01:00", "2025-12-31T23:59:59.5Z"][
                    random.next(below: 5)])
        }
        entry.status = AvailabilityStatus.allCases[random.next(below: 2)]
        entry.title = maybe("Entlassbrief \"Müller\"")
        entry.language = maybe("de-AT")
        entry.creationTime = maybe(date()) ?? nil
        entry.serviceStart = maybe(date()) ?? nil
        entry.serviceStop = maybe(date()) ?? nil
        entry.classCode = maybe(code())
        entry.typeCode = maybe(code())
        entry.formatCode = maybe(code())
        entry.facilityType = maybe(code())
        entry.practiceSetting = maybe(code())
        entry.eventCodes = (0..<random.next(below: 3)).map { _ in code() }
        entry.securityCodes = (0..<random.next(below: 3)).map { number in
            CodedValue(code: ["N", "R", "V"][number], system: CodeSystems.confidentiality)
        }
        entry.authors = (0..<random.next(below: 4)).map { _ in
            DocumentAuthor(
                person: maybe(PersonName(family: "Adams", given: ["Ann", "B."], suffix: maybe("MD"))),
                personIdentifier: maybe(PatientIdentifier(system: "http://hl7.org/fhir/sid/us-npi", value: "1")) ?? nil,
                institution: maybe("Eastside Hospital"), institutionIdentifier: maybe("urn:oid:1.2.3"),
                role: maybe("Attending physician"))
        }
        entry.sourcePatient = maybe(PatientIdentifier(system: "urn:oid:1.3.6", value: "IHERED-994")) ?? nil
        entry.relations = (0..<random.next(below: 3)).map { _ in
            DocumentRelation(RelationKind.allCases[random.next(below: 4)], .ordered(at: now, using: &random))
        }
        return entry
    }
}

extension Seeded {
    /// A number from 0 up to a bound, exclusive.
    mutating func next(below bound: Int) -> Int { Int(next() % UInt64(bound)) }
}

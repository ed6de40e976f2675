import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// A document entry as `DocumentReference` (MHD 4.2) and back, without loss.
///
/// What is written is complete: the journal stores it, the projection reads the entry from it, and a search joins it
/// into its answer as it stands. `masterIdentifier` carries both `use` and `type`, since MHD changed its mind (ihe.md
/// 1).
package enum DocumentReferenceMapping {
    /// The DocumentReference of an entry; `base` (no slash at its end) makes the attachment's URL absolute.
    package static func json(_ entry: DocumentEntry, base: String) -> JSONObject {
        var reference: JSONObject = ["resourceType": "DocumentReference"]
        reference["id"] = .string(entry.id.description)
        reference["meta"] = ["versionId": .string(String(entry.version))]
        var contained: [JSONValue] = []
        var authors: [JSONValue] = []
        for (index, author) in entry.authors.enumerated() {
            let (parts, link) = AuthorMapping.json(author, number: index + 1)
            contained += parts
            authors.append(link)
        }
        if let source = entry.sourcePatient {
            contained.append(
                ["resourceType": "Patient", "id": "source", "identifier": .array([source.identifierJSON])])
        }
        if !contained.isEmpty { reference["contained"] = .array(contained) }
        reference["extension"] = .array([
            ["url": .string(MHDNames.homeCommunity), "valueOid": .string(entry.home.urn)]
        ])
        reference["masterIdentifier"] = identifier(entry.uniqueID, "usual", MHDNames.uniqueIDType)
        reference["identifier"] = .array([identifier("urn:uuid:\(entry.id)", "official", MHDNames.entryUUIDType)])
        reference["status"] = .string(entry.status.rawValue)
        if let code = entry.typeCode { reference["type"] = code.concept }
        if let code = entry.classCode { reference["category"] = .array([code.concept]) }
        reference["subject"] = ["reference": .string("Patient/\(entry.patient)")]
        reference["date"] = .string(entry.registered.description)
        if !authors.isEmpty { reference["author"] = .array(authors) }
        if !entry.relations.isEmpty {
            reference["relatesTo"] = .array(
                entry.relations.map {
                    [
                        "code": .string($0.kind.rawValue),
                        "target": ["reference": .string("DocumentReference/\($0.target)")],
                    ]
                })
        }
        if !entry.securityCodes.isEmpty { reference["securityLabel"] = .array(entry.securityCodes.map(\.concept)) }
        var content: JSONObject = ["attachment": .object(attachment(entry, base: base))]
        if let code = entry.formatCode { content["format"] = code.coding }
        reference["content"] = .array([.object(content)])
        let context = context(entry)
        if !context.members.isEmpty { reference["context"] = .object(context) }
        return reference
    }

    static func identifier(_ value: String, _ use: String, _ type: CodedValue) -> JSONValue {
        [
            "use": .string(use), "type": type.concept, "system": .string(MHDNames.uri), "value": .string(value),
        ]
    }

    private static func attachment(_ entry: DocumentEntry, base: String) -> JSONObject {
        var attachment: JSONObject = [:]
        // What another community left out is left out again.
        if !entry.sha256.isEmpty {
            attachment["extension"] = .array([
                ["url": .string(MHDNames.sha256), "valueBase64Binary": .string(Base64.encode(entry.sha256))]
            ])
        }
        attachment["contentType"] = .string(entry.mimeType)
        if let language = entry.language { attachment["language"] = .string(language) }
        attachment["url"] = .string("\(base)/Binary/\(entry.id)")
        if entry.size >= 0 { attachment["size"] = .number(String(entry.size)) }
        if !entry.sha1.isEmpty { attachment["hash"] = .string(Base64.encode(entry.sha1)) }
        if let title = entry.title { attachment["title"] = .string(title) }
        if let time = entry.creationTime { attachment["creation"] = .string(time.text) }
        return attachment
    }

    private static func context(_ entry: DocumentEntry) -> JSONObject {
        var context: JSONObject = [:]
        if !entry.eventCodes.isEmpty { context["event"] = .array(entry.eventCodes.map(\.concept)) }
        if entry.serviceStart != nil || entry.serviceStop != nil {
            context["period"] = FHIRPeriod(start: entry.serviceStart, end: entry.serviceStop).json
        }
        if let code = entry.facilityType { context["facilityType"] = code.concept }
        if let code = entry.practiceSetting { context["practiceSetting"] = code.concept }
        let encounters = entry.related.filter(isEncounter)
        let others = entry.related.filter { !isEncounter($0) }
        if !encounters.isEmpty { context["encounter"] = .array(encounters.map { FHIRReference(name: $0).json }) }
        if !others.isEmpty { context["related"] = .array(others.map { FHIRReference(name: $0).json }) }
        if entry.sourcePatient != nil { context["sourcePatientInfo"] = ["reference": "#source"] }
        return context
    }

    /// Whether FHIR R4 lets `context.encounter` point there.
    private static func isEncounter(_ name: String) -> Bool {
        switch FHIRReference(name: name).target {
        case .relative(let type, _), .absolute(_, let type, _): type == "Encounter" || type == "EpisodeOfCare"
        case .contained, .urn, .other, nil: false
        }
    }

    /// The entry of a DocumentReference that `json` made, here or at a peer that runs Concordat.
    ///
    /// - Throws: `.badRequest` naming the element that is missing or wrong.
    package static func entry(_ reference: JSONObject) throws(ExchangeError) -> DocumentEntry {
        func wrong(_ element: String) -> ExchangeError {
            ExchangeError(
                .badRequest, "missing, or not as a Concordat node writes it", at: "DocumentReference." + element)
        }
        let reading = DraftReading(path: "DocumentReference", lookup: ResourceLookup(container: reference))
        let (draft, _) = try reading.draft(reference)
        guard let id = reference["id"]?.string.flatMap({ DocumentID($0) }) else { throw wrong("id") }
        guard let uniqueID = draft.uniqueID else { throw wrong("masterIdentifier") }
        guard let patient = subject(reference) else { throw wrong("subject") }
        guard
            let home = (reference["extension"]?.items ?? []).first(where: {
                $0["url"]?.string == MHDNames.homeCommunity
            })?["valueOid"]?.string.flatMap({ CommunityID($0) })
        else { throw wrong("extension") }
        guard let registered = reference["date"]?.string.flatMap({ PartialDate($0) }), registered.precision == .time
        else {
            throw wrong("date")
        }
        guard let status = reference["status"]?.string.flatMap(AvailabilityStatus.init(rawValue:)) else {
            throw wrong("status")
        }
        guard let sha1 = draft.sha1 else { throw wrong("content[0].attachment.hash") }
        guard let size = draft.size else { throw wrong("content[0].attachment.size") }
        guard let sha256 = sha256(reference) else { throw wrong("content[0].attachment.extension") }
        var entry = DocumentEntry(
            id: id, uniqueID: uniqueID, patient: patient, home: home, mimeType: draft.mimeType, sha1: sha1,
            sha256: sha256, size: size, registered: registered.start)
        draft.describe(&entry)
        entry.status = status
        return entry
    }

    /// The SHA-256 that a Concordat node puts beside `hash`; nil when there is none of 32 bytes.
    static func sha256(_ reference: JSONObject) -> [UInt8]? {
        let text = (reference["content"]?[0]?["attachment"]?["extension"]?.items ?? [])
            .first { $0["url"]?.string == MHDNames.sha256 }?["valueBase64Binary"]?.string
        return text.flatMap { Base64.decode($0) }.flatMap { $0.count == 32 ? $0 : nil }
    }

    private static func subject(_ reference: JSONObject) -> PatientID? {
        switch FHIRReference(json: reference["subject"])?.target {
        case .relative("Patient", let id), .absolute(_, "Patient", let id): PatientID(id)
        default: nil
        }
    }
}

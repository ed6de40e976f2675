import ExchangeCore
import XML

/// HL7 v3 data types as they stand in a document's elements; nil where `nullFlavor` or nothing stands.
enum ElementReading {
    /// The text with white space collapsed; nil when nothing is left.
    static func filled(_ text: String) -> String? {
        var afterBlank = true
        var isPlain = true
        for byte in text.utf8 {
            let blank = byte <= 0x20
            if (blank && (afterBlank || byte != 0x20)) || byte == 0xC2 { isPlain = false }
            afterBlank = blank
        }
        if isPlain, !afterBlank { return text }
        let blanks: [Unicode.Scalar] = [" ", "\n", "\t", "\r", "\u{A0}"]
        let words = text.unicodeScalars.split { blanks.contains($0) }
        return words.isEmpty ? nil : words.map { String($0) }.joined(separator: " ")
    }

    static func text(_ element: XMLElement) -> String? { filled(element.text) }

    static func identifier(_ element: XMLElement) -> InstanceIdentifier? {
        guard let root = element.attribute("root").flatMap(filled) else { return nil }
        return InstanceIdentifier(root: root, extension: element.attribute("extension").flatMap(filled))
    }

    static func identifiers(_ element: XMLElement) -> [InstanceIdentifier] {
        element.all("id").compactMap(identifier)
    }

    static func code(_ element: XMLElement) -> CodedValue? {
        guard let code = element.attribute("code").flatMap(filled) else { return nil }
        let system = element.attribute("codeSystem").flatMap(filled)
        return CodedValue(
            code: code, system: system.map(CodeSystemOIDs.uri) ?? "",
            display: element.attribute("displayName").flatMap(filled))
    }

    /// The code system may be left out: there is only one (CDA R2, 4.2.1.6).
    static func confidentiality(_ element: XMLElement) -> CodedValue? {
        guard let value = code(element) else { return nil }
        guard value.system.isEmpty else { return value }
        return CodedValue(code: value.code, system: CodeSystems.confidentiality, display: value.display)
    }

    static func time(_ element: XMLElement) -> PartialDate? {
        element.attribute("value").flatMap(filled).flatMap(HL7Time.read)
    }

    /// `IVL_TS`: its ends, or one moment for both.
    static func interval(_ element: XMLElement?) -> (start: PartialDate?, end: PartialDate?) {
        guard let element else { return (nil, nil) }
        if let moment = time(element) { return (moment, moment) }
        return (element.first("low").flatMap(time), element.first("high").flatMap(time))
    }

    static func relatedDocument(_ element: XMLElement) -> RelatedDocument {
        let parent = element.first("parentDocument")
        return RelatedDocument(
            kind: element.attribute("typeCode") ?? "", identifiers: parent.map(identifiers) ?? [],
            setID: parent?.first("setId").flatMap(identifier),
            versionNumber: parent?.first("versionNumber")?.attribute("value").flatMap { Int($0) })
    }

    static func organization(_ element: XMLElement) -> Organization {
        Organization(identifiers: identifiers(element), name: element.first("name").flatMap(text))
    }

    static func participant(_ element: XMLElement, role: String, person: String) -> Participant? {
        guard let assigned = element.first(role) else { return nil }
        let device = assigned.first("assignedAuthoringDevice")
        return Participant(
            time: element.first("time").flatMap(time), identifiers: identifiers(assigned),
            person: assigned.path(person, "name").flatMap(PersonReading.name),
            device: (device?.first("softwareName") ?? device?.first("manufacturerModelName")).flatMap(text),
            organization: assigned.first("representedOrganization").map(organization),
            role: assigned.first("code").flatMap(code))
    }

    static func encounter(_ element: XMLElement) -> Encounter {
        let (start, end) = interval(element.first("effectiveTime"))
        let facility = element.path("location", "healthCareFacility")
        return Encounter(
            identifiers: identifiers(element), code: element.first("code").flatMap(code), start: start, end: end,
            facilityType: facility?.first("code").flatMap(code),
            facilityName: facility?.path("location", "name").flatMap(text),
            provider: facility?.first("serviceProviderOrganization").map(organization),
            disposition: element.first("dischargeDispositionCode").flatMap(code))
    }

    static func serviceEvent(_ element: XMLElement) -> ServiceEvent {
        let (start, end) = interval(element.first("effectiveTime"))
        return ServiceEvent(code: element.first("code").flatMap(code), start: start, end: end)
    }

    static func recordTarget(_ element: XMLElement) -> RecordTarget {
        RecordTarget(
            identifiers: identifiers(element).compactMap(\.patientIdentifier),
            demographics: PersonReading.demographics(element),
            provider: element.first("providerOrganization").map(organization))
    }
}

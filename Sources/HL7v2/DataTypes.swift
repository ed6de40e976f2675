import ExchangeCore

/// `HD`: an authority, application or facility, by local name, universal id or both (HL7 v2.8, 2.A.36).
package struct HierarchicDesignator: Hashable, Sendable {
    /// A name that means something to the sender.
    package let namespace: String?
    /// An id that means the same everywhere.
    package let universalID: String?
    /// What kind of id it is: `ISO`, `UUID`, `DNS`, ...
    package let universalIDType: String?

    /// A designator from its parts.
    package init(namespace: String?, universalID: String? = nil, universalIDType: String? = nil) {
        self.namespace = namespace
        self.universalID = universalID
        self.universalIDType = universalIDType
    }

    /// Reads a field (by components) or a component (by subcomponents).
    init(_ element: HL7Element) throws(HL7Error) {
        let parts = element.level < .component ? { element.component($0) } : { element.subcomponent($0) }
        namespace = try parts(1).text()
        universalID = try parts(2).text()
        universalIDType = try parts(3).text()
    }

    /// The universal id as a URI, where it is an OID or a UUID.
    package var uri: String? {
        guard let universalID else { return nil }
        if let oid = OID(universalID), universalIDType == nil || universalIDType == "ISO" { return oid.urn }
        if let uuid = LocalID<Void>(universalID) { return "urn:uuid:\(uuid)" }
        return nil
    }

    /// Whether it says nothing.
    package var isEmpty: Bool { namespace == nil && universalID == nil }
}

/// `CX`: an identifier with who gave it (HL7 v2.8, 2.A.14). Printing one prints nothing.
package struct ExtendedIdentifier: Hashable, Sendable, CustomStringConvertible {
    /// CX.1.
    package let value: String
    /// CX.4: the assigning authority.
    package let authority: HierarchicDesignator
    /// CX.5: `MR`, `SS`, `PI`, ... (HL7 table 0203).
    package let typeCode: String?
    /// Where it stands.
    package let position: HL7Position

    /// Reads a repetition; nil when it has no value.
    init?(_ element: HL7Element) throws(HL7Error) {
        guard let value = try element.component(1).text() else { return nil }
        self.value = value
        authority = try HierarchicDesignator(element.component(4))
        typeCode = try element.component(5).text()
        position = element.position
    }

    package var description: String { "<redacted>" }
}

/// `CE`, `CWE`: a code with its text and an alternate (HL7 v2.8, 2.A.13).
package struct CodedElement: Hashable, Sendable {
    /// The code.
    package let code: String?
    /// What people read.
    package let text: String?
    /// The coding system as the sender names it: `LN`, `I10`, `SCT`, `CVX`, `L`, ... (HL7 table 0396).
    package let system: String?
    /// The same in another coding system.
    package let alternateCode: String?
    /// What people read of the alternate.
    package let alternateText: String?
    /// The alternate's coding system.
    package let alternateSystem: String?

    /// Reads a field or repetition; nil when it says nothing.
    init?(_ element: HL7Element) throws(HL7Error) {
        guard element.isValued else { return nil }
        code = try element.component(1).text()
        text = try element.component(2).text()
        system = try element.component(3).text()
        alternateCode = try element.component(4).text()
        alternateText = try element.component(5).text()
        alternateSystem = try element.component(6).text()
        if code == nil, text == nil, alternateCode == nil, alternateText == nil { return nil }
    }

    /// Its codes whose systems have a URI we know, the first first.
    package var codedValues: [CodedValue] {
        [(code, text, system), (alternateCode, alternateText, alternateSystem)].compactMap { code, text, system in
            guard let code, let system, let uri = Self.systems[system] else { return nil }
            return CodedValue(code: code, system: uri, display: text)
        }
    }

    /// Coding systems of HL7 table 0396 with their URIs.
    private static let systems: [String: String] = [
        "LN": CodeSystems.loinc, "SCT": CodeSystems.snomed, "SNM3": CodeSystems.snomed,
        "I10": "http://hl7.org/fhir/sid/icd-10-cm", "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
        "I10P": "http://www.cms.gov/Medicare/Coding/ICD10", "I9": "http://hl7.org/fhir/sid/icd-9-cm",
        "I9C": "http://hl7.org/fhir/sid/icd-9-cm", "I9CDX": "http://hl7.org/fhir/sid/icd-9-cm",
        "C4": "http://www.ama-assn.org/go/cpt", "HCPCS": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "HPC": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "CVX": "http://hl7.org/fhir/sid/cvx", "NDC": "http://hl7.org/fhir/sid/ndc",
        "RXNORM": "http://www.nlm.nih.gov/research/umls/rxnorm", "UCUM": "http://unitsofmeasure.org",
    ]
}

/// `EI`: an identifier of an order, a document, an observation (HL7 v2.8, 2.A.28).
package struct EntityIdentifier: Hashable, Sendable {
    /// EI.1.
    package let value: String
    /// EI.2 to EI.4: who gave it.
    package let authority: HierarchicDesignator

    /// Reads a field or repetition; nil when it has no value.
    init?(_ element: HL7Element) throws(HL7Error) {
        guard let value = try element.component(1).text() else { return nil }
        self.value = value
        authority = HierarchicDesignator(
            namespace: try element.component(2).text(), universalID: try element.component(3).text(),
            universalIDType: try element.component(4).text())
    }
}

/// `XCN`: a person with a number, such as the attending doctor (HL7 v2.8, 2.A.88).
package struct NumberedPerson: Hashable, Sendable {
    /// XCN.1.
    package let identifier: String?
    /// XCN.2 to XCN.5.
    package let name: PersonName?
    /// XCN.9: who gave the number.
    package let authority: HierarchicDesignator

    /// Reads a field or repetition; nil when it says nothing.
    init?(_ element: HL7Element) throws(HL7Error) {
        guard element.isValued else { return nil }
        identifier = try element.component(1).text()
        name = try DataTypes.name(
            family: element.component(2), given: element.component(3), further: element.component(4),
            suffix: element.component(5))
        authority = try HierarchicDesignator(element.component(9))
        if identifier == nil, name == nil { return nil }
    }
}

/// Data types that become values of the exchange.
enum DataTypes {
    /// `TS`, `DTM`, `DT`: nil when empty; what is no date is refused.
    static func time(_ field: HL7Element) throws(HL7Error) -> PartialDate? {
        guard let text = try field.text() else { return nil }
        guard let time = HL7Time.read(text) else {
            throw field.refusal(.dataType, "not a date or time, or of a day that does not exist; write YYYYMMDD[HHMM[SS]]")
        }
        return time
    }

    /// A date alone: hours are dropped, since a zone would move the day.
    static func date(_ field: HL7Element) throws(HL7Error) -> PartialDate? {
        guard let time = try time(field), time.precision == .time else { return try time(field) }
        return PartialDate(String(time.text.prefix(10)))
    }

    /// `XPN`; nil when it says nothing.
    static func personName(_ element: HL7Element) throws(HL7Error) -> PersonName? {
        try name(
            family: element.component(1), given: element.component(2), further: element.component(3),
            suffix: element.component(4))
    }

    static func name(
        family: HL7Element, given: HL7Element, further: HL7Element, suffix: HL7Element,
    ) throws(HL7Error) -> PersonName? {
        let familyText = try family.text()
        var givenTexts: [String] = []
        if let first = try given.text() { givenTexts.append(first) }
        if let middle = try further.text() { givenTexts += middle.split(separator: " ").map(String.init) }
        guard familyText != nil || !givenTexts.isEmpty else { return nil }
        return PersonName(family: familyText ?? "", given: givenTexts, suffix: try suffix.text())
    }

    /// `XAD`; nil when it says nothing.
    static func address(_ element: HL7Element) throws(HL7Error) -> PostalAddress? {
        guard element.isValued else { return nil }
        var lines: [String] = []
        for component in [1, 2] {
            if let line = try element.component(component).text() { lines.append(line) }
        }
        let address = PostalAddress(
            lines: lines, city: try element.component(3).text(), state: try element.component(4).text(),
            postalCode: try element.component(5).text(), country: try element.component(6).text())
        let isEmpty =
            lines.isEmpty && address.city == nil && address.state == nil && address.postalCode == nil
            && address.country == nil
        return isEmpty ? nil : address
    }

    /// `XTN`: a telephone number or a mail address; nil when it says neither.
    static func telecom(_ element: HL7Element) throws(HL7Error) -> (phone: String?, email: String?) {
        if let email = try element.component(4).text() { return (nil, email) }
        if let whole = try element.component(1).text() {
            return whole.utf8.contains(UInt8(ascii: "@")) ? (nil, whole) : (whole, nil)
        }
        if let unformatted = try element.component(12).text() { return (unformatted, nil) }
        var parts: [String] = []
        for component in [5, 6, 7] {
            if let part = try element.component(component).text() { parts.append(part) }
        }
        // An area code alone reaches nobody.
        guard element.component(7).isValued else { return (nil, nil) }
        return (parts.joined(separator: " "), nil)
    }

    /// Administrative sex (HL7 table 0001).
    static func sex(_ field: HL7Element) throws(HL7Error) -> AdministrativeSex? {
        switch try field.text() {
        case nil: nil
        case "M": .male
        case "F": .female
        case "O", "A", "X": .other
        case "U", "N": .unknown
        default: throw field.refusal(.tableValue, "the sex is one of M, F, O, A, X, U, N")
        }
    }

    /// Every repetition that says something.
    static func all<Value>(
        _ field: HL7Element, _ read: (HL7Element) throws(HL7Error) -> Value?,
    ) throws(HL7Error) -> [Value] {
        var values: [Value] = []
        for repetition in field.repetitions {
            if let value = try read(repetition) { values.append(value) }
        }
        return values
    }
}

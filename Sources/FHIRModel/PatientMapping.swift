import ExchangeCore
import JSON

/// `Patient` <-> identifiers and demographics.
package enum PatientMapping {
    /// The `Patient` of a record; its FHIR id is the record's own id.
    package static func resource(_ record: PatientRecord) -> JSONObject {
        resource(
            id: record.id.description, identifiers: record.identifiers, demographics: record.demographics,
            isActive: record.isActive)
    }

    /// A `Patient` from its parts; without `active` unless it is known.
    package static func resource(
        id: String? = nil, identifiers: [PatientIdentifier], demographics: Demographics, isActive: Bool? = nil,
    ) -> JSONObject {
        var patient: JSONObject = ["resourceType": "Patient"]
        if let id { patient["id"] = .string(id) }
        if let maiden = demographics.mothersMaidenName {
            patient["extension"] = [["url": .string(mothersMaidenName), "valueString": .string(maiden)]]
        }
        if !identifiers.isEmpty { patient["identifier"] = .array(identifiers.map(\.identifierJSON)) }
        if let isActive { patient["active"] = .bool(isActive) }
        let names = demographics.names.map(\.humanName).filter(isFilled)
        if !names.isEmpty { patient["name"] = .array(names) }
        let telecom =
            demographics.phones.map { contactPoint("phone", $0) }
            + demographics.emails.map { contactPoint("email", $0) }
        if !telecom.isEmpty { patient["telecom"] = .array(telecom) }
        if let sex = demographics.sex { patient["gender"] = .string(sex.rawValue) }
        if let birthDate = demographics.birthDate { patient["birthDate"] = .string(date(birthDate)) }
        let addresses = demographics.addresses.map(\.addressJSON).filter(isFilled)
        if !addresses.isEmpty { patient["address"] = .array(addresses) }
        return patient
    }

    /// The identifiers of a `Patient` that have system and value, in order.
    package static func identifiers(_ patient: JSONObject) -> [PatientIdentifier] {
        (patient["identifier"]?.items ?? []).compactMap { PatientIdentifier(identifier: $0) }
    }

    /// The demographics of a `Patient`; names and addresses in their order, old ones last.
    package static func demographics(_ patient: JSONObject) -> Demographics {
        let telecom = patient["telecom"]?.items ?? []
        return Demographics(
            names: currentFirst(patient["name"]).compactMap { PersonName(humanName: $0) },
            birthDate: patient["birthDate"]?.string.flatMap { PartialDate($0) },
            sex: patient["gender"]?.string.flatMap(AdministrativeSex.init(rawValue:)),
            addresses: currentFirst(patient["address"]).compactMap { PostalAddress(address: $0) },
            phones: telecom.filter { $0["system"]?.string == "phone" }.compactMap { $0["value"]?.string },
            emails: telecom.filter { $0["system"]?.string == "email" }.compactMap { $0["value"]?.string },
            mothersMaidenName: patient["extension"]?.items.first { $0["url"]?.string == mothersMaidenName }?["valueString"]?
                .string)
    }

    /// FHIR's extension for the family name the mother was born with.
    package static let mothersMaidenName = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"

    /// How a record stands to another one (FHIR `link-type`).
    package enum LinkType: String, Sendable {
        /// The other one is in use instead of this one.
        case replacedBy = "replaced-by"
        /// This one is in use instead of the other one.
        case replaces
        /// The other one is the same person's.
        case seeAlso = "seealso"
    }

    /// The `Patient` of a record with the record that took its place, and others of the same person.
    package static func linked(_ record: PatientRecord, to others: [(type: LinkType, other: PatientID)] = [])
        -> JSONObject
    {
        var links: [JSONValue] = []
        func add(_ type: LinkType, _ other: PatientID) {
            links.append(["other": ["reference": .string("Patient/\(other)")], "type": .string(type.rawValue)])
        }
        if let survivor = record.survivor { add(.replacedBy, survivor) }
        for link in others { add(link.type, link.other) }
        var patient = resource(record)
        if !links.isEmpty { patient["link"] = .array(links) }
        return patient
    }

    /// Whether a `Patient` is in use; true when it does not say.
    package static func isActive(_ patient: JSONObject) -> Bool { patient["active"]?.bool ?? true }

    /// `birthDate` is a FHIR `date`: never with a time of day.
    private static func date(_ date: PartialDate) -> String { String(date.text.prefix(10)) }

    private static func isFilled(_ value: JSONValue) -> Bool { value.object.map { !$0.members.isEmpty } ?? false }

    private static func contactPoint(_ system: String, _ value: String) -> JSONValue {
        ["system": .string(system), "value": .string(value)]
    }

    private static func currentFirst(_ list: JSONValue?) -> [JSONValue] {
        let items = list?.items ?? []
        return items.filter { $0["use"]?.string != "old" } + items.filter { $0["use"]?.string == "old" }
    }
}

import ExchangeCore

/// Code systems as CDA names them (OID) and as FHIR does (URI) (FHIR R4, 4.3.0; terminology.hl7.org).
package enum CodeSystemOIDs {
    /// The URI of a code system's OID; `urn:oid:` and the OID when we know no other.
    package static func uri(_ oid: String) -> String { uris[oid] ?? "urn:oid:" + oid }

    /// The OID of a code system's URI; nil when we know none.
    package static func oid(_ uri: String) -> String? {
        uri.utf8.starts(with: "urn:oid:".utf8) ? String(uri.dropFirst(8)) : oids[uri]
    }

    private static let oids = Dictionary(uris.map { ($0.value, $0.key) }, uniquingKeysWith: { min($0, $1) })

    private static let uris: [String: String] = [
        "2.16.840.1.113883.6.1": CodeSystems.loinc,
        "2.16.840.1.113883.6.96": CodeSystems.snomed,
        "2.16.840.1.113883.6.88": "http://www.nlm.nih.gov/research/umls/rxnorm",
        "2.16.840.1.113883.6.90": "http://hl7.org/fhir/sid/icd-10-cm",
        "2.16.840.1.113883.6.3": "http://hl7.org/fhir/sid/icd-10",
        "2.16.840.1.113883.6.103": "http://hl7.org/fhir/sid/icd-9-cm",
        "2.16.840.1.113883.6.104": "http://hl7.org/fhir/sid/icd-9-cm",
        "2.16.840.1.113883.6.4": "http://www.cms.gov/Medicare/Coding/ICD10",
        "2.16.840.1.113883.6.12": "http://www.ama-assn.org/go/cpt",
        "2.16.840.1.113883.6.285": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets",
        "2.16.840.1.113883.6.69": "http://hl7.org/fhir/sid/ndc",
        "2.16.840.1.113883.6.8": "http://unitsofmeasure.org",
        "2.16.840.1.113883.6.24": "urn:iso:std:iso:11073:10101",
        "2.16.840.1.113883.6.101": "http://nucc.org/provider-taxonomy",
        "2.16.840.1.113883.6.238": "urn:oid:2.16.840.1.113883.6.238",
        "2.16.840.1.113883.6.259": "https://www.cdc.gov/nhsn/cdaportal/terminology/codesystem/hsloc.html",
        "2.16.840.1.113883.6.121": "urn:ietf:bcp:47",
        "2.16.840.1.113883.4.9": "http://fdasis.nlm.nih.gov",
        "2.16.840.1.113883.12.292": "http://hl7.org/fhir/sid/cvx",
        "2.16.840.1.113883.12.1": "http://terminology.hl7.org/CodeSystem/v2-0001",
        "2.16.840.1.113883.12.2": "http://terminology.hl7.org/CodeSystem/v2-0002",
        "2.16.840.1.113883.12.112": "http://terminology.hl7.org/CodeSystem/discharge-disposition",
        "2.16.840.1.113883.3.26.1.1": "http://ncicb.nci.nih.gov/xml/owl/EVS/Thesaurus.owl",
        "2.16.840.1.113883.5.1": "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender",
        "2.16.840.1.113883.5.2": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",
        "2.16.840.1.113883.5.4": CodeSystems.actCode,
        "2.16.840.1.113883.5.6": "http://terminology.hl7.org/CodeSystem/v3-ActClass",
        "2.16.840.1.113883.5.7": "http://terminology.hl7.org/CodeSystem/v3-ActPriority",
        "2.16.840.1.113883.5.8": CodeSystems.actReason,
        "2.16.840.1.113883.5.14": "http://terminology.hl7.org/CodeSystem/v3-ActStatus",
        "2.16.840.1.113883.5.25": CodeSystems.confidentiality,
        "2.16.840.1.113883.5.83": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
        "2.16.840.1.113883.5.88": "http://terminology.hl7.org/CodeSystem/v3-ParticipationFunction",
        "2.16.840.1.113883.5.90": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType",
        "2.16.840.1.113883.5.110": "http://terminology.hl7.org/CodeSystem/v3-RoleClass",
        "2.16.840.1.113883.5.111": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
        "2.16.840.1.113883.5.112": "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration",
        "2.16.840.1.113883.5.1008": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor",
        "2.16.840.1.113883.5.1063": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "2.16.840.1.113883.5.1076": "http://terminology.hl7.org/CodeSystem/v3-ReligiousAffiliation",
        "1.3.6.1.4.1.19376.1.2.3": "http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode",
        "2.16.840.1.113883.6.344": CodeSystems.documentFormat,
        "1.2.840.10008.2.16.4": "http://dicom.nema.org/resources/ontology/DCM",
    ]
}

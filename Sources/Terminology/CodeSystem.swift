import ExchangeCore

/// A code system whose codes we know how to look at.
package enum CodeSystem: String, Sendable, CaseIterable {
    case icd10cm = "icd-10-cm"
    case icd10pcs = "icd-10-pcs"
    case hcpcs
    case cpt
    case loinc
    case snomed = "snomed-ct"
    case rxnorm
    case cvx
    case ucum

    /// Its URI (FHIR R4, 4.3.0).
    package var uri: String {
        switch self {
        case .icd10cm: "http://hl7.org/fhir/sid/icd-10-cm"
        case .icd10pcs: "http://www.cms.gov/Medicare/Coding/ICD10"
        case .hcpcs: "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
        case .cpt: "http://www.ama-assn.org/go/cpt"
        case .loinc: CodeSystems.loinc
        case .snomed: CodeSystems.snomed
        case .rxnorm: "http://www.nlm.nih.gov/research/umls/rxnorm"
        case .cvx: "http://hl7.org/fhir/sid/cvx"
        case .ucum: "http://unitsofmeasure.org"
        }
    }

    /// As people call it.
    package var title: String {
        switch self {
        case .icd10cm: "ICD-10-CM"
        case .icd10pcs: "ICD-10-PCS"
        case .hcpcs: "HCPCS"
        case .cpt: "CPT"
        case .loinc: "LOINC"
        case .snomed: "SNOMED CT"
        case .rxnorm: "RxNorm"
        case .cvx: "CVX"
        case .ucum: "UCUM"
        }
    }

    /// The system of a URI; nil for one we do not know.
    package init?(uri: String) {
        guard let found = Self.allCases.first(where: { $0.uri.utf8.count == uri.utf8.count && $0.uri == uri }) else { return nil }
        self = found
    }

    /// Whether its texts may be stored and shown by whoever has the release file. CPT's are licensed by the American
    /// Medical Association: only the form of its codes is looked at.
    package var isImportable: Bool { self != .cpt && self != .ucum }

    /// How a code is looked up: publishers and documents spell some of them differently.
    package static func key(_ code: String, system: String) -> String {
        switch CodeSystem(uri: system) {
        case .icd10cm, .icd10pcs: String(code.filter { $0 != "." })
        case .cvx: code.utf8.allSatisfy { (0x30...0x39).contains($0) } ? String(code.drop { $0 == "0" }) : code
        case .hcpcs, .cpt, .loinc, .snomed, .rxnorm, .ucum, nil: code
        }
    }
}

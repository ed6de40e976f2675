import ExchangeCore
import XML

/// What a document registry needs of a header (C-CDA R2.1, US Realm Header; IHE PCC TF-2 4.1).
enum HeaderRules {
    static func problems(of document: ClinicalDocument, root: XMLElement) -> [Problem] {
        var problems: [Problem] = []
        func note(_ severity: Problem.Severity, _ path: String, _ message: String) {
            problems.append(Problem(severity: severity, path: "ClinicalDocument/" + path, message: message))
        }
        if let id = document.id {
            if OID(id.root) == nil, LocalID<Void>(id.root) == nil {
                note(.error, "id", "the root is neither an OID nor a UUID")
            }
        } else {
            note(.error, "id", "the document has no id; give it a root that is unique")
        }
        if document.effectiveTime == nil {
            note(.warning, "effectiveTime", "no time, or not one; write YYYYMMDDhhmmss+ZZzz")
        }
        if document.code == nil { note(.warning, "code", "the document has no code; say what kind it is") }
        patient(document, note)
        if document.title == nil { note(.warning, "title", "the document has no title") }
        if document.confidentiality == nil {
            note(.warning, "confidentialityCode", "no confidentiality; the document counts as restricted")
        } else if document.confidentiality.flatMap({ Confidentiality(rawValue: $0.code) }) == nil {
            note(.warning, "confidentialityCode", "an unknown confidentiality; the document counts as restricted")
        }
        if document.language == nil { note(.warning, "languageCode", "the document does not say its language") }
        if document.authors.isEmpty { note(.warning, "author", "the document has no author") }
        if document.custodian == nil { note(.warning, "custodian", "nobody is named who keeps the original") }
        if case .missing = document.body { note(.warning, "component", "the document has no body") }
        if !document.templates.contains(where: { $0.root == "2.16.840.1.113883.10.20.22.1.1" }) {
            note(.warning, "templateId", "does not claim the C-CDA header 2.16.840.1.113883.10.20.22.1.1")
        }
        if document.hasMoreCodedEntries {
            note(
                .warning, "component",
                "more than \(ClinicalDocument.codedEntriesMax) codes; the document counts as restricted")
        }
        return problems
    }

    private static func patient(
        _ document: ClinicalDocument, _ note: (Problem.Severity, String, String) -> Void,
    ) {
        guard let target = document.recordTargets.first else {
            return note(.error, "recordTarget", "the document names no patient")
        }
        let role = "recordTarget/patientRole"
        if target.identifiers.isEmpty {
            note(.error, role + "/id", "the patient has no identifier with root and extension")
        }
        if document.recordTargets.count > 1 {
            note(.error, "recordTarget", "the document names more than one patient; publish one for each")
        }
        if target.demographics.names.isEmpty { note(.warning, role + "/patient/name", "the patient has no name") }
        if target.demographics.birthDate == nil {
            note(.warning, role + "/patient/birthTime", "the patient has no birth date, or not one")
        }
        if target.demographics.sex == nil {
            note(.warning, role + "/patient/administrativeGenderCode", "the patient's sex is not said")
        }
    }
}

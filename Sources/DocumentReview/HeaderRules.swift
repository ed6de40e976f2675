import CDA
import ExchangeCore

/// Is the header complete? What a registry needs, then what whoever receives a summary needs (C-CDA R2.1, US Realm Header).
enum HeaderRules {
    static func findings(_ subject: ReviewSubject) -> [ReviewFinding] {
        let header = subject.header
        var findings = header.problems.map { problem in
            ReviewFinding(
                problem.severity == .error ? .error : .warning, .header, problem.path, problem.message,
                basis: problem.severity == .error ? "IHE ITI TF-3 4.2.5" : nil)
        }
        func note(_ grade: ReviewFinding.Grade, _ path: String, _ message: String, basis: String? = nil) {
            findings.append(ReviewFinding(grade, .header, "ClinicalDocument/" + path, message, basis: basis))
        }
        for (number, related) in header.relatedDocuments.enumerated() where related.identifiers.isEmpty {
            note(
                .error, "relatedDocument" + (number == 0 ? "" : "[\(number)]"),
                "it replaces or adds to a document without saying which; give the earlier document's id")
        }
        if header.setID != nil, header.versionNumber == nil {
            note(.warning, "versionNumber", "a setId without a versionNumber; number the versions from 1")
        }
        if header.relatedDocuments.contains(where: { $0.kind == "RPLC" }), header.versionNumber == 1 {
            note(.warning, "versionNumber", "it replaces an earlier version, but is itself number 1")
        }
        for (number, author) in header.authors.enumerated() {
            let path = "author" + (number == 0 ? "" : "[\(number)]")
            if author.time == nil { note(.warning, path + "/time", "the author's time is missing") }
            if author.person != nil, !author.identifiers.contains(where: { $0.root == "2.16.840.1.113883.4.6" }) {
                note(.advice, path + "/assignedAuthor/id", "the author has no NPI; readers cannot tell who that is elsewhere")
            }
            if author.organization?.name == nil {
                note(.advice, path + "/assignedAuthor", "the author's organisation has no name")
            }
        }
        if let patient = header.recordTargets.first {
            let role = "recordTarget/patientRole"
            let isAddressed = !patient.demographics.addresses.isEmpty
            if !isAddressed, patient.demographics.phones.isEmpty, patient.demographics.emails.isEmpty {
                note(.warning, role, "neither address nor telephone: the patient cannot be told from a namesake, nor reached")
            }
        }
        if subject.isDischargeSummary { discharge(subject, note) }
        return findings
    }

    private static func discharge(
        _ subject: ReviewSubject, _ note: (ReviewFinding.Grade, String, String, String?) -> Void,
    ) {
        let place = "componentOf/encompassingEncounter"
        guard let encounter = subject.header.encounter else {
            return note(
                .error, place, "a discharge summary must say which stay it is about", "C-CDA R2.1, Discharge Summary (V3)")
        }
        if encounter.start == nil { note(.warning, place + "/effectiveTime/low", "the day of admission is missing", nil) }
        if encounter.end == nil { note(.warning, place + "/effectiveTime/high", "the day of discharge is missing", nil) }
        if encounter.facilityName == nil, encounter.provider?.name == nil {
            note(.advice, place + "/location", "the hospital is not named", nil)
        }
        if subject.header.legalAuthenticator == nil {
            note(
                .warning, "legalAuthenticator", "nobody has signed it; name who answers for the summary",
                "42 CFR 482.24(c)(1): entries must be authenticated by the person responsible")
        }
    }
}

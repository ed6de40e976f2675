import CDA
import ExchangeCore

/// What a discharge summary must tell, with the rule that says so.
enum DischargeSectionRules {
    private static let conditions =
        "42 CFR 482.24(c)(4)(vii): discharge summary with outcome of hospitalization, disposition of case, and provisions for follow-up care"
    private static let diagnosis = "42 CFR 482.24(c)(4)(viii): final diagnosis with completion of medical records within 30 days"
    private static let commission = "The Joint Commission, RC.02.04.01"
    private static let template = "C-CDA R2.1, Discharge Summary (V3)"

    static func findings(_ subject: ReviewSubject) -> [ReviewFinding] {
        guard subject.isDischargeSummary else { return [] }
        guard subject.isStructured else {
            return [
                ReviewFinding(
                    .advice, .dischargeSections, "ClinicalDocument/component",
                    "the body is not structured: whether it tells the outcome, the diagnosis and the follow-up nobody can check for you",
                    basis: conditions)
            ]
        }
        var findings: [ReviewFinding] = []
        func require(
            _ grade: ReviewFinding.Grade, _ found: [ClinicalSection], _ what: String, _ code: String, basis: String,
        ) {
            let path = found.first.map { "ClinicalDocument/\($0.path)" } ?? "ClinicalDocument/component/structuredBody"
            if found.isEmpty {
                findings.append(
                    ReviewFinding(grade, .dischargeSections, path, "\(what) is missing (LOINC \(code))", basis: basis))
            } else if found.allSatisfy({ $0.narrativeLength == 0 && $0.statements.isEmpty }) {
                findings.append(ReviewFinding(grade, .dischargeSections, path, "\(what) is empty", basis: basis))
            }
        }
        require(.error, subject.sections(.hospitalCourse), "the hospital course, with the outcome,", "8648-8", basis: conditions)
        require(.error, subject.sections(.dischargeDiagnosis), "the discharge diagnosis", "11535-2", basis: diagnosis)
        require(
            .error, subject.sections(.planOfTreatment, .dischargeInstructions), "the plan for follow-up care", "18776-5",
            basis: conditions)
        if subject.header.encounter?.disposition == nil {
            findings.append(
                ReviewFinding(
                    .warning, .dischargeSections,
                    "ClinicalDocument/componentOf/encompassingEncounter/dischargeDispositionCode",
                    "where the patient went is not said in the header", basis: conditions))
        }
        require(.warning, subject.sections(.dischargeMedications, .medications), "what the patient is to take", "10183-2", basis: commission)
        require(.warning, subject.sections(.allergies), "what the patient does not tolerate", "48765-2", basis: template)
        require(
            .advice, subject.sections(.dischargeInstructions), "what patient and family were told", "8653-8", basis: commission)
        require(.advice, subject.sections(.procedures), "what was done", "47519-4", basis: commission)
        require(
            .advice, subject.sections(.reasonForVisit, .admissionDiagnosis), "why the patient came", "46241-6",
            basis: commission)
        return findings
    }
}

import CDA
import ExchangeCore

/// People read the narrative, programs the entries: the two must both be there.
enum NarrativeRules {
    /// Sections that C-CDA has entries for.
    private static let coded: Set<SectionKind> = [
        .problems, .dischargeDiagnosis, .admissionDiagnosis, .procedures, .medications, .dischargeMedications, .allergies,
        .results, .immunizations, .encounters, .vitalSigns, .socialHistory,
    ]

    static func findings(_ subject: ReviewSubject) -> [ReviewFinding] {
        var findings: [ReviewFinding] = []
        func note(_ grade: ReviewFinding.Grade, _ section: ClinicalSection, _ message: String, _ basis: String? = nil) {
            findings.append(
                ReviewFinding(grade, .narrative, "ClinicalDocument/\(section.path)", message, basis: basis))
        }
        // A section within another lies two steps below it.
        let holders = Set(subject.sections.compactMap { $0.path.parent?.parent })
        for section in subject.sections {
            let hasEntries = !section.statements.isEmpty
            let hasText = section.narrativeLength > 0
            // A section that only holds others says nothing of its own.
            let holdsOthers = holders.contains(section.path)
            if hasEntries, !hasText {
                note(
                    .error, section, "it has entries but no text: whoever reads the document sees nothing",
                    "CDA R2, 1.2.3: the narrative holds all that is attested")
            } else if hasText, !hasEntries, !section.saysNothing, section.kind.map(coded.contains) == true {
                note(
                    section.kind == .socialHistory ? .advice : .warning, section,
                    "it has text but no entries: people can read it, programs cannot")
            } else if !hasText, !hasEntries, !section.saysNothing, !holdsOthers {
                note(.warning, section, "it is empty; say that there is nothing, or why it is not known (nullFlavor)")
            }
            if section.code == nil, section.kind == nil { note(.warning, section, "the section has no code; nobody can find it by kind") }
            if section.title == nil { note(.advice, section, "the section has no title") }
        }
        if subject.hasMoreStatements {
            findings.append(
                ReviewFinding(
                    .warning, .narrative, "ClinicalDocument/component/structuredBody",
                    "more than \(SectionReading.statementsMax) statements; the rest was not looked at"))
        }
        return findings
    }
}

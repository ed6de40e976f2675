import CDA
import ExchangeCore
import Terminology
import XML

/// What the rules look at.
struct ReviewSubject: Sendable {
    let header: ClinicalDocument
    let sections: [ClinicalSection]
    let hasMoreStatements: Bool
    let now: Timestamp
    let releases: TerminologyReleases

    /// Whether it is a discharge summary: by its code, or by C-CDA's template.
    var isDischargeSummary: Bool {
        header.code?.code == "18842-5" || header.codeTranslations.contains { $0.code == "18842-5" }
            || header.templates.contains { $0.root == "2.16.840.1.113883.10.20.22.1.8" }
    }

    var isStructured: Bool { if case .structured = header.body { true } else { false } }

    func sections(_ kinds: SectionKind...) -> [ClinicalSection] {
        sections.filter { $0.kind.map(kinds.contains) == true }
    }
}

/// Reviews a document before it leaves the building: every rule, worst findings first.
package enum DocumentReviewer {
    /// Findings of one document at most.
    package static let findingsMax = 500

    /// What is wrong with a document, or could be better; `header` is the same document, read.
    ///
    /// `now` decides which dates lie in the future. Without a release of a code system only the form of its codes is
    /// looked at. Throws `corrupted` when a code table is damaged.
    package static func review(
        _ root: XMLElement, header: ClinicalDocument, now: Timestamp, releases: TerminologyReleases = TerminologyReleases(),
    ) throws(ExchangeError) -> [ReviewFinding] {
        let (sections, isFull) = SectionReading.sections(root)
        let subject = ReviewSubject(
            header: header, sections: sections, hasMoreStatements: isFull, now: now, releases: releases)
        var findings =
            HeaderRules.findings(subject) + DateRules.findings(subject) + DischargeSectionRules.findings(subject)
            + NarrativeRules.findings(subject)
        findings += try CodeRules.findings(subject)
        findings += try SpecificityRules.findings(subject)
        return ordered(findings)
    }

    /// A stable order: what matters most, then as the rules found it; at most `findingsMax`.
    package static func ordered(_ findings: [ReviewFinding]) -> [ReviewFinding] {
        let order = findings.enumerated().sorted { ($0.element.grade, $0.offset) < ($1.element.grade, $1.offset) }
        return order.prefix(findingsMax).map(\.element)
    }
}

import CDA
import DocumentReview
import ExchangeCore
import Fixtures
import Terminology
import Testing
import XML

/// The publish doctor over every C-CDA of `data/ccda`: what it must find in whose documents, and what it must not.
@Suite(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
struct DocumentReviewCorpusTests {
    /// 30 November 2026: a document of the corpus is in nobody's future.
    private static let now = Timestamp(seconds: 1_796_000_000)

    private static func review(_ path: String) throws -> [ReviewFinding] {
        let root = try ClinicalDocument.root(SharedData.bytes(path))
        return try DocumentReviewer.review(root, header: ClinicalDocument.read(root), now: now)
    }

    @Test(arguments: ["ccda/hl7-cc0", "ccda/fhir-converter"])
    func `every document is reviewed, and no finding tells who the patient is`(_ folder: String) throws {
        var read = 0
        for path in SharedData.files(folder) where path.lowercased().hasSuffix(".xml") {
            let root = try ClinicalDocument.root(SharedData.bytes(path))
            let header = try ClinicalDocument.read(root)
            let findings = try DocumentReviewer.review(root, header: header, now: Self.now)
            let names = header.recordTargets.flatMap(\.demographics.names).map(\.family).filter { $0.count > 3 }
            for finding in findings {
                #expect(!names.contains { finding.message.contains($0) || finding.path.contains($0) }, "\(path): \(finding)")
                #expect(finding.path.hasPrefix("ClinicalDocument/"), "\(path)")
                #expect(!finding.message.isEmpty && !finding.message.hasSuffix("."), "\(path): \(finding.message)")
            }
            read += 1
        }
        #expect(read >= 14)
    }

    @Test(arguments: ["ccda/hl7-cc0", "ccda/fhir-converter"])
    func `coded sections are read in every structured document`(_ folder: String) throws {
        var kinds: Set<SectionKind> = []
        for path in SharedData.files(folder) where path.lowercased().hasSuffix(".xml") {
            let root = try ClinicalDocument.root(SharedData.bytes(path))
            guard case .structured(let listed) = try ClinicalDocument.read(root).body else { continue }
            let (sections, isFull) = SectionReading.sections(root)
            #expect(sections.count == listed.count && !isFull, "\(path)")
            kinds.formUnion(sections.filter { !$0.statements.isEmpty }.compactMap(\.kind))
        }
        let wanted: Set<SectionKind> = [
            .problems, .procedures, .medications, .allergies, .results, .immunizations, .encounters, .socialHistory,
            .vitalSigns, .dischargeDiagnosis, .dischargeMedications,
        ]
        #expect(kinds.isSuperset(of: wanted), "\(wanted.subtracting(kinds))")
    }

    @Test func `HL7's own discharge summary tells outcome, diagnosis and follow-up`() throws {
        let findings = try Self.review("ccda/hl7-cc0/Documents__Discharge_Summary__Discharge_Summary.xml")
        #expect(!findings.contains { $0.rule == .dischargeSections && $0.grade == .error }, "\(findings)")
        #expect(!findings.contains { $0.rule == .header && $0.grade == .error }, "\(findings)")
    }

    @Test func `scans are told that nobody can look into them only when they are discharge summaries`() throws {
        let findings = try Self.review("ccda/fhir-converter/Unstructured_Document_embed.xml")
        #expect(!findings.contains { $0.rule == .narrative || $0.rule == .dischargeSections })
    }
}

import CDA
import DocumentReview
import ExchangeCore
import Terminology
import XML

/// A discharge summary with nothing to find, and what tests replace in it.
struct ReviewedText {
    var header = #"""
        <templateId root="2.16.840.1.113883.10.20.22.1.1" extension="2015-08-01"/>
        <templateId root="2.16.840.1.113883.10.20.22.1.8" extension="2015-08-01"/>
        <id root="1.2.3" extension="D1"/>
        <code code="18842-5" codeSystem="2.16.840.1.113883.6.1" displayName="Discharge summary"/>
        <title>Discharge summary</title>
        <effectiveTime value="20260809143000-0400"/>
        <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
        <languageCode code="en-US"/>
        <recordTarget><patientRole><id root="1.2.3.1" extension="P1"/><telecom value="tel:1"/>
        <patient><name><given>Marisol</given><family>Quintero</family></name>
        <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19570314"/></patient>
        </patientRole></recordTarget>
        <author><time value="20260809143000-0400"/><assignedAuthor><id root="2.16.840.1.113883.4.6" extension="1234567893"/>
        <assignedPerson><name><given>Ada</given><family>Lindgren</family></name></assignedPerson>
        <representedOrganization><name>Alderbrook</name></representedOrganization></assignedAuthor></author>
        <custodian><assignedCustodian><representedCustodianOrganization><name>Alderbrook</name>
        </representedCustodianOrganization></assignedCustodian></custodian>
        <legalAuthenticator><time value="20260809"/><assignedEntity><id root="1.2"/></assignedEntity></legalAuthenticator>
        <componentOf><encompassingEncounter><effectiveTime><low value="20260805"/><high value="20260809"/></effectiveTime>
        <dischargeDispositionCode code="01" codeSystem="2.16.840.1.113883.12.112"/>
        <location><healthCareFacility><location><name>Alderbrook</name></location></healthCareFacility></location>
        </encompassingEncounter></componentOf>
        """#
    var sections: [String] = [
        Self.section("8648-8", "Hospital course", text: "Better."),
        Self.section("11535-2", "Discharge diagnosis", text: "Heart failure", entry: Self.diagnosis),
        Self.section("10183-2", "Discharge medications", text: "Furosemide", entry: Self.medication),
        Self.section("48765-2", "Allergies", text: "No known allergies"),
        Self.section("18776-5", "Plan", text: "See your doctor."),
        Self.section("8653-8", "Instructions", text: "Weigh yourself."),
        Self.section("47519-4", "Procedures", text: "None"), Self.section("46241-6", "Admission diagnosis", text: "Unknown"),
    ]

    static let diagnosis = #"""
        <act classCode="ACT" moodCode="EVN"><code code="11535-2" codeSystem="2.16.840.1.113883.6.1"/>
        <entryRelationship><observation classCode="OBS" moodCode="EVN">
        <effectiveTime><low value="20260805"/></effectiveTime>
        <value code="42343007" codeSystem="2.16.840.1.113883.6.96" displayName="Congestive heart failure">
        <translation code="I50.22" codeSystem="2.16.840.1.113883.6.90" displayName="Chronic systolic heart failure"/></value>
        </observation></entryRelationship></act>
        """#
    static let medication = #"""
        <substanceAdministration classCode="SBADM" moodCode="EVN"><doseQuantity value="20" unit="mg"/>
        <consumable><manufacturedProduct><manufacturedMaterial>
        <code code="310429" codeSystem="2.16.840.1.113883.6.88" displayName="Furosemide 20 MG Oral Tablet"/>
        </manufacturedMaterial></manufacturedProduct></consumable></substanceAdministration>
        """#

    static func section(_ code: String, _ title: String, text: String, entry: String? = nil) -> String {
        #"<section><code code="\#(code)" codeSystem="2.16.840.1.113883.6.1"/><title>\#(title)</title>"#
            + (text.isEmpty ? "" : "<text>\(text)</text>") + (entry.map { "<entry>\($0)</entry>" } ?? "") + "</section>"
    }

    var body: String?

    var text: String {
        let whole =
            body ?? "<component><structuredBody>" + sections.map { "<component>\($0)</component>" }.joined()
            + "</structuredBody></component>"
        return #"<ClinicalDocument xmlns="urn:hl7-org:v3">"# + header + whole + "</ClinicalDocument>"
    }

    /// The findings on 30 November 2026.
    func findings(_ releases: TerminologyReleases = TerminologyReleases()) throws -> [ReviewFinding] {
        let root = try XMLReader.read(Array(text.utf8))
        return try DocumentReviewer.review(
            root, header: ClinicalDocument.read(root), now: Timestamp(seconds: 1_796_000_000), releases: releases)
    }

    /// With a text of the header replaced.
    func replacing(_ old: String, _ new: String) -> ReviewedText {
        var changed = self
        precondition(header.contains(old), "the header has no \(old)")
        changed.header = header.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
        return changed
    }

    /// With a section replaced, or left out.
    func section(_ number: Int, _ new: String?) -> ReviewedText {
        var changed = self
        if let new { changed.sections[number] = new } else { changed.sections.remove(at: number) }
        return changed
    }
}

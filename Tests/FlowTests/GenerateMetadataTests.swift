import DocumentExchange
import DocumentReview
import ExchangeCore
import Journal
import PatientIndex
import Testing
import Transactions
import XDSMetadata

/// ITI-106: what a publisher learns of a document before anything is stored.
@Suite struct GenerateMetadataTests {
    private static func document(
        number: String = "A", given: String = "Alice", family: String = "Mohr", born: String = "19580130",
        sex: String = "F", id: String = "D1", text: String = "Better.",
    ) -> [UInt8] {
        Array(
            #"""
            <ClinicalDocument xmlns="urn:hl7-org:v3"><templateId root="2.16.840.1.113883.10.20.22.1.8" extension="2015-08-01"/>
            <id root="1.3.6.1.4.1.21367.2026.10.8" extension="\#(id)"/>
            <code code="18842-5" codeSystem="2.16.840.1.113883.6.1" displayName="Discharge summary"/><title>Discharge summary</title>
            <effectiveTime value="20260209143000-0400"/><confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
            <languageCode code="en-US"/><recordTarget><patientRole><id root="1.3.6.1.4.1.21367.2026.10.1" extension="\#(number)"/>
            <addr><streetAddressLine>1 Main St</streetAddressLine><city>Town</city><postalCode>05999</postalCode></addr>
            <telecom value="tel:802-555-0100"/><patient><name><given>\#(given)</given><family>\#(family)</family></name>
            <administrativeGenderCode code="\#(sex)" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="\#(born)"/></patient>
            </patientRole></recordTarget><author><time value="20260209"/><assignedAuthor><id root="1.2"/>
            <assignedPerson><name><given>Ada</given><family>Lindgren</family></name></assignedPerson></assignedAuthor></author>
            <custodian><assignedCustodian><representedCustodianOrganization><id root="1.2.3"/><name>Hospital</name>
            </representedCustodianOrganization></assignedCustodian></custodian><component><structuredBody><component><section>
            <code code="8648-8" codeSystem="2.16.840.1.113883.6.1"/><title>Hospital course</title><text>\#(text)</text></section>
            </component></structuredBody></component></ClinicalDocument>
            """#.utf8)
    }

    private static func generated(_ node: OneNode, _ bytes: [UInt8]) async throws -> GeneratedMetadata {
        let generated = try await node.exchange.generateMetadata(bytes, for: node.context())
        generated.ticket.end()
        return generated
    }

    private static func wrongPatient(_ generated: GeneratedMetadata) -> [ReviewFinding] {
        generated.findings.filter { $0.rule == .patient && $0.grade == .error }
    }

    @Test func `the right patient has no finding, another birth date or first name is an error`() throws {
        try OneNode.run { node in
            _ = try await node.register("A")
            let right = try await Self.generated(node, Self.document())
            #expect(!right.findings.contains { $0.rule == .patient }, "\(right.findings)")
            #expect(right.findings.contains { $0.rule == .dischargeSections }, "the document itself is reviewed, too")
            let sibling = try await Self.generated(node, Self.document(given: "Ruth"))
            #expect(Self.wrongPatient(sibling).map(\.path) == ["ClinicalDocument/recordTarget/patientRole/patient/name/given"])
            #expect(sibling.findings.first?.rule == .patient, "the gravest comes first")
            #expect(try await Self.wrongPatient(Self.generated(node, Self.document(born: "19310802"))).count == 1)
            let said = sibling.findings.map(\.message).joined() + sibling.findings.map(\.path).joined()
            for word in ["Alice", "Ruth", "Mohr", "1958"] { #expect(!said.contains(word), "nothing of the patient is repeated") }
        }
    }

    @Test func `who is certainly another registered patient is said to be`() throws {
        try OneNode.run { node in
            _ = try await node.register("A")
            let other = try await node.register("B", family: "Okonkwo", given: ["Ngozi"]).id
            let before = try await node.exchange.projection.accesses(to: other, limit: 10).count
            let swapped = try await Self.generated(node, Self.document(number: "A", given: "Ngozi", family: "Okonkwo"))
            #expect(Self.wrongPatient(swapped).contains { $0.message.contains("another registered patient") })
            let after = try await node.exchange.projection.accesses(to: other, limit: 10)
            #expect(after.count == before + 1, "promise 2: who was recognised finds it in their access log")
            #expect(after.contains { $0.record.transaction == "ITI-106" })
            #expect(try await Self.wrongPatient(Self.generated(node, Self.document(number: "B", given: "Ngozi", family: "Okonkwo"))).isEmpty)
        }
    }

    @Test func `readers follow the consent in force, and asking is written down`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A")
            let before = try await Self.generated(node, Self.document()).readers
            #expect(before.readers.map(\.role) == ["physician", "nurse"])
            #expect(before.readers.allSatisfy { $0.isPermitted && $0.community == OneNode.community })
            #expect(before.labels == ["N"])
            try await node.refuse(patient.id)
            let size = node.exchange.journal.size
            let after = try await Self.generated(node, Self.document()).readers
            #expect(after.readers.allSatisfy { !$0.isPermitted })
            #expect(node.exchange.journal.size == size + 1)
        }
    }

    @Test func `what the registry would refuse or holds already is said`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A").id
            func store(_ uniqueID: String, _ bytes: [UInt8]) async throws -> DocumentID? {
                var request = ProvideRequest(patient: SubmittedPatient(record: patient))
                var draft = Self.draft
                draft.uniqueID = uniqueID
                request.documents = [(draft, bytes)]
                return try await node.exchange.provideAndRegister(request, for: node.context()).documents.first?.entry.id
            }
            let known = try await store("urn:oid:1.3.6.1.4.1.21367.2026.10.8^D1", Self.document())
            _ = try await store("urn:oid:1.3.6.1.4.1.21367.2026.10.8^D2", Array("other".utf8))
            let same = try await Self.generated(node, Self.document())
            #expect(same.registered == known && known != nil)
            #expect(same.findings.contains { $0.rule == .registry && $0.grade == .advice })
            let conflict = try await Self.generated(node, Self.document(id: "D2"))
            #expect(conflict.findings.first { $0.rule == .registry }?.grade == .error, "\(conflict.findings)")
            #expect(conflict.registered == nil)
            #expect(try await Self.generated(node, Self.document(id: "D3")).registered == nil)
            #expect(try await node.find(patient).count == 2, "nothing was stored")
        }
    }

    @Test func `a submission whose patient data speak for somebody else is stored with a warning`() throws {
        try OneNode.run { node in
            let patient = try await node.register("A")
            var request = ProvideRequest(patient: SubmittedPatient(identifiers: patient.identifiers))
            request.patient.demographics = patient.demographics
            request.documents = [(Self.draft, Array("one".utf8))]
            #expect(try await node.exchange.provideAndRegister(request, for: node.context()).warnings.isEmpty)
            request.patient.demographics?.birthDate = PartialDate("1931-08-02")
            request.documents = [(Self.draft, Array("two".utf8))]
            let warned = try await node.exchange.provideAndRegister(request, for: node.context())
            #expect(warned.warnings.count == 1)
            #expect(warned.warnings.first?.hasPrefix("PatientDemographicsDiffer: birth date") == true)
        }
    }

    private static var draft: DocumentDraft {
        var draft = DocumentDraft(mimeType: "text/plain")
        draft.typeCode = CodedValue(code: "18842-5", system: CodeSystems.loinc)
        draft.securityCodes = [CodedValue(code: "N", system: CodeSystems.confidentiality)]
        return draft
    }
}

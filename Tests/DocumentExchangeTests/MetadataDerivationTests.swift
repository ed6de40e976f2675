import DocumentExchange
import ExchangeCore
import Fixtures
import Testing
import XDSMetadata

@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not here"))
struct MetadataDerivationTests {
    @Test func `a discharge summary tells its own entry`() throws {
        let bytes = try SharedData.bytes("ccda/fhir-converter/Discharge_Summary.xml")
        let derived = try MetadataDerivation.derive(bytes)
        #expect(derived.isPublishable)
        #expect(derived.draft.typeCode == CodedValue(code: "18842-5", system: CodeSystems.loinc))
        #expect(derived.draft.classCode?.code == "18842-5")
        #expect(derived.draft.formatCode?.code == "urn:hl7-org:sdwg:ccda-structuredBody:2.1")
        #expect(derived.draft.mimeType == "text/xml")
        #expect(derived.draft.size == bytes.count)
        #expect(derived.draft.securityCodes.map(\.code) == ["N"])
        #expect(derived.draft.uniqueID?.hasPrefix("urn:") ?? false)
        #expect(!derived.patient.identifiers.isEmpty)
        #expect(derived.patient.demographics?.names.isEmpty == false)
    }

    @Test func `an unstructured document has the other format`() throws {
        let bytes = try SharedData.bytes("ccda/fhir-converter/Unstructured_Document_embed.xml")
        let derived = try MetadataDerivation.derive(bytes)
        #expect(derived.draft.formatCode?.code.hasPrefix("urn:hl7-org:sdwg:ccda-nonXMLBody:") ?? false)
    }

    @Test func `every real document gives metadata that survives as FHIR, or is refused with a reason`() throws {
        var published = 0
        for path in SharedData.files("ccda/fhir-converter") + SharedData.files("ccda/hl7-cc0")
        where path.hasSuffix(".xml") {
            let bytes = try SharedData.bytes(path)
            let derived: DerivedMetadata
            do {
                derived = try MetadataDerivation.derive(bytes)
            } catch {
                #expect(!error.message.isEmpty, "\(path)")
                continue
            }
            guard derived.isPublishable else {
                #expect(derived.findings.contains { $0.isError && !$0.message.isEmpty }, "\(path)")
                continue
            }
            published += 1
            let entry = derived.draft.entry(
                id: Entries.any(1).id, uniqueID: derived.draft.uniqueID ?? "urn:uuid:x", patient: Entries.patient(),
                home: Entries.home, bytes: bytes, registered: Entries.now)
            #expect(entry.sha256 == ContentDigest(bytes).sha256)
            let json = DocumentReferenceMapping.json(entry, base: "https://a.example.org/fhir")
            #expect(try DocumentReferenceMapping.entry(json) == entry, "\(path)")
        }
        print("metadata derived from \(published) documents")
        #expect(published >= 15)
    }

    @Test func `what is no clinical document is refused`() throws {
        #expect(throws: ExchangeError.self) { try MetadataDerivation.derive(Array("<a/>".utf8)) }
        #expect(throws: ExchangeError.self) { try MetadataDerivation.derive([]) }
        let derived = try MetadataDerivation.derive(SharedData.bytes("hostile/xml/no-recordtarget.xml"))
        #expect(!derived.isPublishable)
    }
}

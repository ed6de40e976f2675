import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Testing
import XDSMetadata

struct DocumentReferenceMappingTests {
    @Test(arguments: UInt64(0)..<200) func `an entry comes back from its DocumentReference as it was`(seed: UInt64)
        throws
    {
        let entry = Entries.any(seed)
        let json = DocumentReferenceMapping.json(entry, base: "https://a.example.org/fhir")
        let back = try DocumentReferenceMapping.entry(json)
        #expect(back == entry)
        // The display is no part of equality, but it is kept.
        #expect(back.typeCode?.display == entry.typeCode?.display)
        let bytes = JSONWriter.bytes(.object(json))
        let read = try FHIRResource.read(bytes)
        #expect(try DocumentReferenceMapping.entry(read.json) == entry)
        #expect(read.bytes == bytes)
    }

    @Test func `the DocumentReference says what MHD wants of one`() throws {
        let json = JSONValue.object(
            DocumentReferenceMapping.json(Entries.any(3), base: "https://a.example.org/fhir"))
        let entry = Entries.any(3)
        #expect(json["masterIdentifier"]?["use"]?.string == "usual")
        #expect(json["masterIdentifier"]?["type"]?["coding"]?[0]?["code"]?.string == "uniqueId")
        #expect(json["identifier"]?[0]?["value"]?.string == "urn:uuid:\(entry.id)")
        #expect(json["extension"]?[0]?["valueOid"]?.string == Entries.home.urn)
        let attachment = json["content"]?[0]?["attachment"]
        #expect(attachment?["url"]?.string == "https://a.example.org/fhir/Binary/\(entry.id)")
        #expect(attachment?["hash"]?.string == Base64.encode(entry.sha1))
    }

    @Test func `a DocumentReference that lacks what an entry has is refused with its element`() throws {
        let whole = DocumentReferenceMapping.json(Entries.any(3), base: "https://a.example.org/fhir")
        for element in ["id", "masterIdentifier", "subject", "extension", "date", "status"] {
            var json = whole
            json[element] = nil
            let error = #expect(throws: ExchangeError.self) { try DocumentReferenceMapping.entry(json) }
            #expect(error?.location == "DocumentReference.\(element)")
        }
    }

    @Test func `the digests are SHA-1 and SHA-256`() {
        let digest = ContentDigest(Array(#"<ClinicalDocument xmlns="urn:hl7-org:v3"/>"#.utf8))
        #expect(Base64.encode(digest.sha1) == "+03OI5Tgkn2CmXCv1bOyrQ+cGJk=")
        #expect(
            Hexadecimal.encode(ContentDigest([]).sha256)
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }
}

import ExchangeCore
import FHIRModel
import Fixtures
import JSON
import Testing
import XML

/// FHIR XML with damage: read as a valid resource or refused with a place, never a crash, never half, never a name told (FuzzRun
/// says how many).
struct FHIRXMLFuzzTests {
    private static let words = [
        "<!DOCTYPE a [<!ENTITY x \"y\">]>", "&x;", "&#0;", "&#xD800;", "&#65;", "<![CDATA[x]]>", "<!-- c -->", "<?pi x?>",
        "<status value=\"final\"/>", "<status value=\"\"/>", "<id value=\"a b\"/>", "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script/></div>",
        "<extension url=\"http://e\"><valueString value=\"x\"/></extension>", "<extension/>", "<contained><Patient/></contained>",
        " xmlns=\"http://example.org\"", " xmlns:f=\"http://hl7.org/fhir\"", " value=\"x\"", " value=\"1\" value=\"2\"", " id=\"i\"",
        "<modifierExtension url=\"u\"/>", "text", "\u{0}", "\u{FEFF}", "é", "]]>", "</a>", "<a>", "/>", "xi:include", "--", "true", "1.50",
        "2026-02-30", "#x", "Bundle", "entry", "resource", "value", "<entry><resource><Patient/></resource></entry>",
    ]

    @Test func `damaged resources are read whole or refused`() {
        let corpus = FHIRJSONFuzzTests.corpus.compactMap { FHIRXML.bytes($0) }
        let mutator = StructureMutator(corpus, words: Self.words, pieces: XMLPieces.pieces)
        let faults = FuzzRun("fhir-xml").faults { random, meter in
            let bytes = mutator.text(&random)
            do throws(ExchangeError) {
                let resource = try meter.decode(bytes) { bytes throws(ExchangeError) in try FHIRXML.read(bytes) }
                // What was read is valid as JSON, and the same once more through both forms.
                if (try? FHIRResource.read(resource.bytes)) != resource { return "not the same as JSON" }
                guard let xml = FHIRXML.bytes(resource.json) else { return nil }
                return (try? FHIRXML.read(xml))?.json == resource.json ? nil : "not the same as XML"
            } catch { return FHIRJSONFuzzTests.fault(error) }
        }
        #expect(faults == [])
    }
}

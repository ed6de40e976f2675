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

    /// Case 4151772: what XML let pass could not be read again from the journal, where it stands as JSON.
    @Test(arguments: ["part", "extension", "sibling", "resource"])
    func `XML is nested as deep as JSON may be, and no deeper`(way: String) throws {
        var verdicts: Set<Bool> = []
        for levels in 1...40 {
            let resource = Self.nested(levels, way)
            let asJSON = try? FHIRResource.read(JSONWriter.bytes(.object(resource)))
            let asXML = try? FHIRXML.read(#require(FHIRXML.bytes(resource)))
            #expect((asJSON == nil) == (asXML == nil), "\(levels)")
            verdicts.insert(asXML == nil)
        }
        #expect(verdicts == [true, false])
    }

    private static func nested(_ levels: Int, _ way: String) -> JSONObject {
        func extended(_ levels: Int) -> JSONObject {
            levels == 0
                ? ["url": "http://e.example/v", "valueCode": "c"]
                : ["url": "http://e.example/x", "extension": .array([.object(extended(levels - 1))])]
        }
        switch way {
        case "part":
            let innermost: JSONObject = ["name": "p", "valueCode": "c"]
            let parts = (0..<levels).reduce(innermost) { part, _ in ["name": "p", "part": .array([.object(part)])] }
            return ["resourceType": "Parameters", "parameter": .array([.object(parts)])]
        case "extension": return ["resourceType": "Patient", "extension": .array([.object(extended(levels))])]
        case "sibling":
            return ["resourceType": "Patient", "birthDate": "1931-12-07", "_birthDate": ["extension": .array([.object(extended(levels))])]]
        default:
            return ["resourceType": "Bundle", "type": "collection", "entry": [["resource": .object(nested(levels, "part"))]]]
        }
    }
}

import ExchangeCore
import FHIRModel
import Fixtures
import JSON
import Testing

/// FHIR JSON with damage: read as a valid resource or refused with its place, never a crash, never half, never a name told
/// (FuzzRun says how many).
struct FHIRJSONFuzzTests {
    /// A name that must be in no error.
    static let canary = "Zwetschgenbaum"

    /// A resource with most of what FHIR's JSON has: `_` siblings, decimals, extensions, narrative, contained resources.
    static let patient: JSONObject = [
        "resourceType": "Patient", "id": "p1", "identifier": [["system": "urn:oid:1.2.3", "value": "4711"]],
        "meta": ["lastUpdated": "2026-01-01T00:00:00.5Z", "security": [["system": "http://e.example/s", "code": "N"]]],
        "name": [["family": "Zwetschgenbaum", "given": ["Ida", "Änne"]]], "gender": "female", "birthDate": "1931-12-07",
        "_birthDate": ["extension": [["url": "http://example.org/t", "valueDateTime": "1931-12-07T01:02:03Z"]]],
        "text": ["status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &amp; b</p></div>"],
        "extension": [["url": "http://example.org/e", "valueQuantity": ["value": .number("1.50"), "unit": "mg"]]],
        "contained": [["resourceType": "Organization", "id": "o", "name": "Zweig"]], "managingOrganization": ["reference": "#o"],
        "contact": [["name": ["family": "Zweig"], "telecom": [["system": "phone", "value": "802-555-0142"]]]],
        "multipleBirthInteger": .number("2"), "active": true,
    ]

    /// The patient, and what is small among the examples that lie beside the checkout.
    static let corpus: [JSONObject] = {
        let shared = SharedData.isPresent ? ["fhir/r4-examples", "ihe/MHD", "ihe/PCF", "ihe/PDQm"].flatMap(SharedData.files) : []
        let resources = shared.filter { $0.hasSuffix(".json") }.compactMap { try? FHIRResource.read(SharedData.bytes($0)) }
        return [patient] + resources.filter { $0.bytes.count < 1500 }.map(\.json)
    }()

    private static let words = [
        "null", "true", "0", "-1", "1.50", "1e400", "-0.0", "01", "NaN", "\"\"", "\" \"", "\"x\"", "[]", "{}", "[null]", "{\"a\":1}", ",", ":", "[", "]",
        "{", "}", "\"", "\\", "\"\\u0000\"", "\"\\ud800\"", "\"\\ud83d\\ude00\"", "\"é\"", "\u{FEFF}", "\u{0}", "[[[[[[[[", "{\"a\":{\"a\":{\"a\":",
        "\"resourceType\":\"Bundle\"", "\"resourceType\":\"Parameters\",\"parameter\":[]", ",\"id\":\"a b\"", ",\"extension\":[{\"url\":\"u\"}]",
        ",\"_id\":{\"extension\":[{\"url\":\"u\",\"valueCode\":\"c\"}]}", ",\"contained\":[{\"resourceType\":\"Patient\"}]", "\"2026-02-30\"",
        "\"2026-01-01T00:00:00Z\"", "\"<div xmlns='http://www.w3.org/1999/xhtml'><script/></div>\"", ",\"modifierExtension\":[{\"url\":\"u\"}]",
        "\"#x\"", "\"javascript:x\"", "123456789012345678901234567890123456789012345678901234567890123456789", ",\"text\":null",
    ]

    @Test func `damaged resources are read whole or refused`() {
        let mutator = StructureMutator(
            Self.corpus.map { JSONWriter.bytes(.object($0)) }, words: Self.words, pieces: JSONPieces.pieces)
        let faults = FuzzRun("fhir-json").faults { random, meter in
            let bytes = mutator.text(&random)
            do throws(ExchangeError) {
                let resource = try meter.decode(bytes) { bytes throws(ExchangeError) in try FHIRResource.read(bytes) }
                if (try? FHIRResource.read(resource.bytes)) != resource { return "not the same once more" }
                Self.look(resource)
                return nil
            } catch { return Self.fault(error) }
        }
        #expect(faults == [])
    }

    /// The typed views that the node takes of what others send.
    private static func look(_ resource: FHIRResource) {
        switch resource.type {
        case "Patient": _ = (PatientMapping.demographics(resource.json), PatientMapping.identifiers(resource.json))
        case "Bundle": _ = Bundle.entries(resource.json)
        case "Parameters": _ = Parameters(json: resource.json)
        default: _ = resource.profiles
        }
    }

    /// What is wrong with a refusal.
    static func fault(_ error: ExchangeError) -> String? {
        if error.code != .badRequest && error.code != .tooLarge { return "\(error.code)" }
        if error.location == nil, !error.message.hasPrefix("resourceType is ") { return "a refusal without its place: \(error.message)" }
        // Names of elements, types and extensions are told, which helps; here some are what was a value.
        if error.message.hasPrefix("unknown ") { return nil }
        return "\(error.message) \(error.location ?? "")".contains(canary) ? "a name is told" : nil
    }
}

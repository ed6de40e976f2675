import ExchangeCore
import FHIRModel
import Fixtures
import Foundation
import JSON
import Testing
import XML

/// FHIR XML with damage, drawn by seed: read as a valid resource or refused with a place, never a crash, never half.
///
/// The damage knows markup: elements that move, double or change their name, values that are none, namespaces, entities.
/// `HIE_FUZZ_CASES` says how many cases in all (10,000,000 by hand).
struct XMLFuzzTests {
    static let seeds = 8
    static let casesPerSeed =
        (ProcessInfo.processInfo.environment["HIE_FUZZ_CASES"].flatMap { Int($0) } ?? 1600) / seeds

    /// A name that must be in no error.
    private static let canary = "Zwetschgenbaum"

    private static let patient: JSONObject = [
        "resourceType": "Patient", "id": "p1", "identifier": [["system": "urn:oid:1.2.3", "value": "4711"]],
        "name": [["family": "Zwetschgenbaum", "given": ["Ida", "Änne"]]], "gender": "female", "birthDate": "1931-12-07",
        "text": ["status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &amp; b</p></div>"],
        "extension": [["url": "http://example.org/e", "valueQuantity": ["value": .number("1.50"), "unit": "mg"]]],
        "contact": [["name": ["family": "Zweig"], "telecom": [["system": "phone", "value": "802-555-0142"]]]],
    ]

    private static let corpus: [[UInt8]] = {
        let shared = SharedData.isPresent ? ["fhir/r4-examples", "ihe/MHD", "ihe/PCF", "ihe/PDQm"].flatMap(SharedData.files) : []
        let resources = shared.filter { $0.hasSuffix(".json") }.compactMap { try? FHIRResource.read(SharedData.bytes($0)).json }
        return ([patient] + resources).compactMap { FHIRXML.bytes($0) }.filter { $0.count < 8000 }
    }()

    @Test(arguments: 0..<seeds) func `damaged resources are read whole or refused`(_ seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let limits = XMLLimits(bytesMax: 64 << 10, depthMax: 40)
        for number in 0..<Self.casesPerSeed {
            let bytes = Self.damaged(&random)
            let label = "seed \(seed), case \(number)"
            do {
                let resource = try FHIRXML.read(bytes, limits: limits)
                // What was read is valid as JSON, and the same once more through both forms.
                if (try? FHIRResource.read(resource.bytes)) != resource { Issue.record("\(label): not the same as JSON") }
                guard let xml = FHIRXML.bytes(resource.json) else { continue }
                if (try? FHIRXML.read(xml))?.json != resource.json { Issue.record("\(label): not the same as XML") }
            } catch {
                if error.code != .badRequest && error.code != .tooLarge { Issue.record("\(label): \(error.code)") }
                if "\(error.message) \(error.location ?? "")".contains(Self.canary) { Issue.record("\(label): a name is told") }
            }
        }
    }

    private static func damaged(_ random: inout SplitMix64) -> [UInt8] {
        var bytes = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        for _ in 0..<Int.random(in: 1...4, using: &random) { damage(&bytes, &random) }
        return bytes
    }

    private static let pieces = [
        "<!DOCTYPE a [<!ENTITY x \"y\">]>", "&x;", "&#0;", "&#xD800;", "&#65;", "<![CDATA[x]]>", "<!-- c -->", "<?pi x?>",
        "<status value=\"final\"/>", "<status value=\"\"/>", "<id value=\"a b\"/>", "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script/></div>",
        "<extension url=\"http://e\"><valueString value=\"x\"/></extension>", "<extension/>", "<contained><Patient/></contained>",
        " xmlns=\"http://example.org\"", " xmlns:f=\"http://hl7.org/fhir\"", " value=\"x\"", " value=\"1\" value=\"2\"", " id=\"i\"",
        "<modifierExtension url=\"u\"/>", "text", "\u{0}", "\u{FEFF}", "é", "]]>", "</a>", "<a>", "/>", "xi:include", "--",
    ].map { Array($0.utf8) }

    private static let signs = Array("<>/=\"'& :;#xv0\n\u{0}".utf8)

    private static func damage(_ bytes: inout [UInt8], _ random: inout SplitMix64) {
        guard bytes.count > 16 else { return bytes += pieces[Int.random(in: 0..<pieces.count, using: &random)] }
        let at = Int.random(in: 0..<bytes.count, using: &random)
        func tag(from start: Int) -> Range<Int>? {
            guard let open = bytes[start...].firstIndex(of: UInt8(ascii: "<")), let end = bytes[open...].firstIndex(of: UInt8(ascii: ">"))
            else { return nil }
            return open..<end + 1
        }
        switch Int.random(in: 0..<10, using: &random) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[at] = signs[Int.random(in: 0..<signs.count, using: &random)]
        case 2: bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)], at: at)
        case 3:
            // Behind a tag: an element where another one may stand.
            guard let found = tag(from: at) else { return }
            bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)], at: found.upperBound)
        case 4:
            // Within a tag: another attribute.
            guard let found = tag(from: at) else { return }
            bytes.insert(contentsOf: pieces[Int.random(in: 0..<pieces.count, using: &random)], at: found.upperBound - 1)
        case 5:
            guard let found = tag(from: at) else { return }
            bytes.insert(contentsOf: bytes[found], at: found.lowerBound)
        case 6:
            guard let found = tag(from: at) else { return }
            bytes.removeSubrange(found)
        case 7:
            // A name that is another's.
            guard let one = tag(from: at), let other = tag(from: Int.random(in: 0..<bytes.count, using: &random)),
                one.count > 2, other.count > 2
            else { return }
            let name = bytes[(other.lowerBound + 1)...].prefix { ![0x20, 0x2F, 0x3E].contains($0) }
            let old = bytes[(one.lowerBound + 1)...].prefix { ![0x20, 0x2F, 0x3E].contains($0) }
            bytes.replaceSubrange(old.startIndex..<old.endIndex, with: Array(name))
        case 8: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 1...30, using: &random)))
        default:
            let other = corpus[Int.random(in: 0..<corpus.count, using: &random)]
            bytes = Array(bytes[..<at]) + other.suffix(Int.random(in: 0...other.count, using: &random))
        }
    }
}

import CDA
import ExchangeCore
import FHIRModel
import Fixtures
import JSON
import Testing
import XML

/// Every file of `data/hostile/json` and `data/hostile/xml` with the verdict its INDEX.tsv asks of the codecs.
@Suite(.enabled(if: SharedData.isPresent, "shared/data is not beside this checkout"))
struct HostileTests {
    /// What the codecs do with a file; what only the endpoint can refuse is accepted here.
    enum Verdict: Sendable {
        case accepted
        /// The reader of bytes refuses.
        case refusedByReader
        /// It is JSON, and refused as a resource; the message says this.
        case refusedAsResource(String)
        /// It is a ClinicalDocument with a problem at this path.
        case problem(String)
        /// It is XML, and refused as a document.
        case refusedAsDocument(String)
    }

    static let json: [(String, Verdict)] = [
        ("iti65-ok", .accepted), ("iti65-bad-hash", .accepted), ("iti65-bad-size", .accepted),
        ("iti65-no-submissionset", .accepted), ("iti65-missing-binary", .accepted),
        ("iti65-no-masteridentifier", .accepted),
        ("iti65-unknown-modifier-extension", .refusedAsResource("modifierExtension")),
        ("iti65-batch-not-transaction", .accepted), ("iti65-script-narrative", .accepted),
        ("iti65-long-id", .refusedAsResource("not a valid id")), ("iti65-contenttype-path", .accepted),
        ("dup-keys", .refusedByReader), ("trailing-comma", .refusedByReader), ("truncated", .refusedByReader),
        ("bom", .accepted), ("utf16", .refusedByReader), ("nan", .refusedByReader),
        ("lone-surrogate", .refusedByReader), ("deep-array", .refusedByReader),
        ("deep-extension", .refusedByReader), ("huge-number", .refusedByReader),
        ("decimal-precision", .refusedAsResource("Observation is not supported")),
        ("null-in-array", .refusedAsResource("null")), ("primitive-extension", .accepted),
        ("empty-object", .refusedAsResource("resourceType is missing")),
        ("unknown-type", .refusedAsResource("Sandwich")), ("unknown-element", .refusedAsResource("nmae")),
    ]

    static let xml: [(String, Verdict)] = [
        ("xxe-file.xml", .refusedByReader), ("xxe-http.xml", .refusedByReader), ("xxe-param.xml", .refusedByReader),
        ("dtd-external-subset.xml", .refusedByReader), ("billion-laughs.xml", .refusedByReader),
        ("quadratic-blowup.xml", .refusedByReader), ("benign-internal-entity.xml", .refusedByReader),
        ("xinclude.xml", .accepted), ("deep-nesting.xml.gz", .refusedByReader), ("truncated.xml", .refusedByReader),
        ("trailing-garbage.xml", .refusedByReader), ("dup-attribute.xml", .refusedByReader),
        ("unbound-prefix.xml", .refusedByReader), ("bad-utf8.xml", .refusedByReader),
        ("nul-byte.xml", .refusedByReader), ("utf16le-bom.xml", .accepted), ("latin1.xml", .accepted),
        ("utf8-bom.xml", .accepted), ("wrong-root.xml", .refusedAsDocument("not a ClinicalDocument")),
        ("no-recordtarget.xml", .problem("ClinicalDocument/recordTarget")),
        ("cda-embedded-12MB-pdf.xml.gz", .accepted),
    ]

    @Test func `the tables name every hostile file there is`() {
        let names = SharedData.files("hostile/json").map { String($0.dropFirst("hostile/json/".count).dropLast(5)) }
        #expect(Set(names) == Set(Self.json.map(\.0)))
        let others = SharedData.files("hostile/xml").map { String($0.dropFirst("hostile/xml/".count)) }
        #expect(Set(others) == Set(Self.xml.map(\.0)))
    }

    @Test(arguments: json) func `a hostile JSON file gets its verdict`(_ row: (name: String, verdict: Verdict)) throws {
        let bytes = try SharedData.bytes("hostile/json/\(row.name).json")
        let json = Result { try JSONReader.read(bytes) }
        switch row.verdict {
        case .refusedByReader: #expect(throws: JSONError.self) { try json.get() }
        case .refusedAsResource(let words):
            _ = try json.get()
            let error = #expect(throws: ExchangeError.self) { try FHIRResource.read(bytes) }
            #expect(error?.code == .badRequest)
            #expect(error?.message.contains(words) == true, "\(String(describing: error))")
        default:
            let resource = try FHIRResource.read(bytes)
            #expect(try JSONReader.read(resource.bytes) == json.get())
        }
    }

    @Test(arguments: xml) func `T107 T108 a hostile XML file gets its verdict`(
        _ row: (name: String, verdict: Verdict)
    ) throws {
        let bytes = try SharedData.inflated("hostile/xml/\(row.name)")
        let tree = Result { try XMLReader.read(bytes) }
        switch row.verdict {
        case .refusedByReader:
            let error = #expect(throws: XMLError.self) { try tree.get() }
            #expect(error.map { $0.offset >= 0 && $0.offset <= bytes.count } == true)
        case .refusedAsDocument(let words):
            _ = try tree.get()
            let error = #expect(throws: ExchangeError.self) { try ClinicalDocument.read(bytes) }
            #expect(error?.message.contains(words) == true)
        case .problem(let path):
            let document = try ClinicalDocument.read(bytes)
            #expect(document.problems.contains { $0.severity == .error && $0.path == path })
        default:
            let document = try ClinicalDocument.read(bytes)
            #expect(document.problems.allSatisfy { $0.severity == .warning }, "\(document.problems)")
        }
    }

    @Test func `decimals keep their digits`() throws {
        let bytes = try SharedData.bytes("hostile/json/decimal-precision.json")
        let value = try JSONReader.read(bytes)
        #expect(value["valueQuantity"]?["value"] == .number("1.00"))
        #expect(String(decoding: JSONWriter.bytes(value), as: UTF8.self).contains("1.00"))
    }

    @Test func `Latin-1 and UTF-16 say the same as UTF-8`() throws {
        let latin = try ClinicalDocument.read(SharedData.bytes("hostile/xml/latin1.xml"))
        #expect(latin.title?.hasPrefix("Über Café") == true)
        let marked = try ClinicalDocument.read(SharedData.bytes("hostile/xml/utf8-bom.xml"))
        let wide = try ClinicalDocument.read(SharedData.bytes("hostile/xml/utf16le-bom.xml"))
        #expect(wide == marked)
    }
}

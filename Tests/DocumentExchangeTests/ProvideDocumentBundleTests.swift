import DocumentExchange
import ExchangeCore
import FHIRModel
import Fixtures
import JSON
import Testing
import XDSMetadata

@Suite(.enabled(if: SharedData.isPresent, "../shared/data is not here"))
struct ProvideDocumentBundleTests {
    private static func read(_ path: String, _ change: (inout JSONObject) -> Void = { _ in }) throws -> ProvideRequest {
        var bundle = try #require(try JSONReader.read(SharedData.bytes(path)).object)
        change(&bundle)
        return try ProvideDocumentBundle.read(bundle)
    }

    private static func submission(_ request: ProvideRequest) throws -> Submission {
        var random = Seeded(seed: 1)
        return try request.submission(
            patient: Entries.patient(), home: Entries.home, now: Entries.now, using: &random)
    }

    @Test(arguments: [
        ("iti65-ok", nil), ("iti65-script-narrative", nil), ("iti65-long-id", nil), ("iti65-contenttype-path", nil),
        ("iti65-bad-hash", "XDSRepositoryMetadataError"), ("iti65-bad-size", "XDSRepositoryMetadataError"),
        ("iti65-no-submissionset", "XDSRegistryMetadataError"), ("iti65-missing-binary", "XDSMissingDocument"),
        ("iti65-no-masteridentifier", "XDSRegistryMetadataError"),
        ("iti65-unknown-modifier-extension", "extension that changes the meaning"),
        ("iti65-batch-not-transaction", "type transaction"),
    ]) func `hostile Bundles get the verdict of INDEX.tsv`(name: String, word: String?) throws {
        guard let word else {
            #expect(try Self.read("hostile/json/\(name).json").documents.count == 1)
            return
        }
        let error = #expect(throws: ExchangeError.self) { try Self.read("hostile/json/\(name).json") }
        #expect(error?.code == .badRequest)
        #expect(error?.message.contains(word) ?? false, "\(error?.message ?? "")")
        #expect(error?.location != nil)
    }

    @Test(arguments: [
        "comprehensiveProvideDocumentBundleSimple", "minimalProvideDocumentBundleSimple",
        "minimalProvideDocumentBundleSimpleContained", "unContainedComprehensiveProvideDocumentBundleComplete",
        "ProvideDocumentBundle-addToFolder",
    ]) func `IHE's own Bundles are accepted`(name: String) throws {
        let request = try Self.read("ihe/MHD/Bundle-ex-\(name).json")
        #expect(request.documents.count == 1)
        #expect(request.setUniqueID?.hasPrefix("urn:oid:") ?? false)
        #expect(request.sourceID == "urn:oid:1.2.3.4")
        #expect(request.warnings.isEmpty != name.contains("Folder"))
    }

    @Test func `the official Replace example is refused for its wrong size, and accepted with the right one`() throws {
        let path = "ihe/MHD/Bundle-ex-comprehensiveProvideDocumentBundleReplace.json"
        let error = #expect(throws: ExchangeError.self) { try Self.read(path) }
        #expect(error?.message.hasPrefix("XDSRepositoryMetadataError: size") ?? false)
        let request = try Self.read(path) { bundle in
            bundle = Self.replacing(.object(bundle), "size", .number("23")).object ?? bundle
        }
        #expect(request.superseded == ["DocumentReference/ex-documentreference"])
        #expect(request.documents[0].draft.relations.map(\.kind) == [.replaces])
        let unresolved = #expect(throws: ExchangeError.self) { try Self.submission(request) }
        #expect(unresolved?.code == .notFound)
    }

    private static func replacing(_ value: JSONValue, _ name: String, _ new: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            .object(
                JSONObject(
                    object.members.map { .init($0.name, $0.name == name ? new : replacing($0.value, name, new)) }))
        case .array(let items): .array(items.map { replacing($0, name, new) })
        case .null, .bool, .number, .string: value
        }
    }

    @Test
    func `a submission has the documents' bytes, hashes and metadata, and the answer follows the request's order`()
        throws
    {
        let request = try Self.read("ihe/MHD/Bundle-ex-comprehensiveProvideDocumentBundleSimple.json")
        let submission = try Self.submission(request)
        let document = try #require(submission.documents.first)
        #expect(document.bytes == Array("Hello World".utf8))
        #expect(document.entry.sha1 == ContentDigest(document.bytes).sha1)
        #expect(document.entry.typeCode?.code == "60591-5")
        #expect(document.entry.title == "Hello World")
        #expect(submission.set.documents == [document.entry.id])
        #expect(submission.set.contentType?.code == "225728007")
        let answer = JSONValue.object(ProvideDocumentBundle.answer(request, submission))
        #expect(answer["type"]?.string == "transaction-response")
        let locations = answer["entry"]?.items.map { $0["response"]?["location"]?.string ?? "" }
        #expect(
            locations == [
                "List/\(submission.set.id)/_history/1", "DocumentReference/\(document.entry.id)/_history/1",
                "Binary/\(document.entry.id)/_history/1",
            ])
        _ = try FHIRResource(validating: try #require(answer.object))
    }

    @Test func `whom a submission is about is found wherever it is said`() throws {
        let bundled = try Self.read("hostile/json/iti65-ok.json").patient
        #expect(bundled.demographics?.names.first?.family == "Schmidt")
        let contained = try Self.read("ihe/MHD/Bundle-ex-minimalProvideDocumentBundleSimpleContained.json").patient
        #expect(contained.demographics?.names.first?.family == "Schmidt")
        let referred = try Self.read("ihe/MHD/Bundle-ex-ProvideDocumentBundle-addToFolder.json").patient
        #expect(referred.reference == "Patient/ex-patient")
        #expect(referred.identifiers.map(\.value) == ["mrn-1234"])
    }

    @Test func `base64 broken into lines is the same document`() throws {
        let request = try Self.read("hostile/json/iti65-ok.json") { bundle in
            bundle = Self.replacing(.object(bundle), "data", "SGVsbG8g\nV29ybGQ=\n").object ?? bundle
        }
        #expect(request.documents.first?.bytes == Array("Hello World".utf8))
    }

    @Test func `Bundles that are wrong in other ways are refused with the rule's word`() throws {
        let ok = "hostile/json/iti65-ok.json"
        func entries(_ bundle: JSONObject) -> [JSONValue] { bundle["entry"]?.items ?? [] }
        let table: [(String, (inout JSONObject) -> Void)] = [
            ("same fullUrl", { $0["entry"] = .array(entries($0) + [entries($0)[2]]) }),
            (
                "exactly one submission set",
                { bundle in
                    let set = Self.replacing(entries(bundle)[0], "fullUrl", "urn:uuid:other")
                    bundle["entry"] = .array(entries(bundle) + [set])
                }
            ),
            ("XDSMissingDocument:", { bundle in bundle["entry"] = .array([entries(bundle)[0], entries(bundle)[3]]) }),
            (
                "XDSMissingDocumentMetadata",
                { bundle in
                    let extra = Self.replacing(entries(bundle)[2], "fullUrl", "urn:uuid:other")
                    bundle["entry"] = .array(entries(bundle) + [extra])
                }
            ),
            ("method", { $0["entry"] = .array(entries($0).map { Self.replacing($0, "method", "DELETE") }) }),
            ("method and url", { $0["entry"] = .array(entries($0).map { Self.replacing($0, "request", .null) }) }),
            (
                "XDSPatientIdDoesNotMatch",
                { bundle in
                    var items = entries(bundle)
                    items[1] = Self.replacing(items[1], "subject", ["reference": "Patient/another"])
                    bundle["entry"] = .array(items)
                }
            ),
            ("media type", { $0 = Self.replacing(.object($0), "contentType", "text/html\r\nX: y").object ?? $0 }),
            ("base64", { $0 = Self.replacing(.object($0), "data", "no base64!").object ?? $0 }),
            ("changes the meaning", { $0["implicitRules"] = "http://example.org/rules" }),
        ]
        for (word, change) in table {
            let error = #expect(throws: ExchangeError.self) { try Self.read(ok, change) }
            #expect(error?.message.contains(word) ?? false, "\(word): \(error?.message ?? "")")
        }
    }

    @Test(arguments: UInt64(0)..<150) func `a Bundle with anything struck out or swapped never crashes`(seed: UInt64)
        throws
    {
        var random = Seeded(seed: seed)
        let path = ["iti65-ok", "iti65-long-id"][random.next(below: 2)]
        let bundle = try #require(try JSONReader.read(SharedData.bytes("hostile/json/\(path).json")).object)
        guard let broken = Self.damaged(.object(bundle), &random).object else { return }
        do {
            _ = try Self.submission(ProvideDocumentBundle.read(broken))
        } catch let error as ExchangeError {
            #expect(error.code == .badRequest || error.code == .notFound)
        }
    }

    private static func damaged(_ value: JSONValue, _ random: inout Seeded) -> JSONValue {
        if random.next(below: 40) == 0 {
            return [.null, "", .number("-1"), .array([]), .object([:]), true][random.next(below: 6)]
        }
        switch value {
        case .object(let object):
            var members: [JSONObject.Member] = []
            for member in object.members where random.next(below: 60) != 0 {
                members.append(.init(member.name, damaged(member.value, &random)))
            }
            return .object(JSONObject(members))
        case .array(let items): return .array(items.map { damaged($0, &random) })
        case .null, .bool, .number, .string: return value
        }
    }

    @Test func `a document published simply is a submission of its own`() throws {
        let json = try JSONReader.read(
            SharedData.bytes("ihe/MHD/DocumentReference-ex-DocumentReferenceSimplifiedPublish.json"))
        let request = try SimplifiedPublish.read(try #require(json.object))
        let submission = try Self.submission(request)
        #expect(submission.documents.first?.bytes == Array("Hello World".utf8))
        #expect(submission.set.uniqueID == "urn:uuid:\(submission.set.id)")
        var withoutBytes = try #require(json.object)
        withoutBytes["content"] = [["attachment": ["contentType": "text/plain"]]]
        let error = #expect(throws: ExchangeError.self) { try SimplifiedPublish.read(withoutBytes) }
        #expect(error?.message.hasPrefix("XDSMissingDocument") ?? false)
    }
}

import ExchangeCore
import Foundation
import JSON
import Testing

@testable import hie

/// Documents taken out of files of any size.
@Suite struct BundleFileTests {
    private static let patient: JSONObject = [
        "resourceType": "Patient", "id": "p", "identifier": [["system": "urn:oid:1.2.3", "value": "A"]], "birthDate": "1958-01-30",
        "text": ["status": "generated", "div": "not told"],
    ]

    private static func reference(_ attachment: JSONObject, subject: String = "urn:uuid:p") -> JSONObject {
        [
            "resourceType": "DocumentReference", "id": "theirs", "status": "current", "subject": ["reference": .string(subject)],
            "content": [["attachment": .object(attachment)]],
        ]
    }

    private static func entry(_ resource: JSONObject, _ name: String) -> JSONValue {
        ["fullUrl": .string(name), "resource": .object(resource)]
    }

    private static func bundle(_ entries: [JSONValue]) -> String {
        String(decoding: JSONWriter.bytes(["resourceType": "Bundle", "type": "collection", "entry": .array(entries)] as JSONValue), as: UTF8.self)
    }

    private static func open(_ text: String, _ body: (BundleFile) throws -> Void) throws {
        let folder = try Folder()
        defer { folder.remove() }
        try body(BundleFile(try folder.file("bundle.json", text: text)))
    }

    @Test func `bytes and patient come from the file, wherever they stand in it, and a name is made that is the same again`() throws {
        let data = Base64.encode(Array("one".utf8))
        let text = Self.bundle([
            Self.entry(Self.reference(["contentType": "text/plain", "url": "urn:uuid:b"]), "urn:uuid:d1"),
            Self.entry(["resourceType": "Encounter"], "urn:uuid:e"),
            Self.entry(["resourceType": "Binary", "contentType": "text/plain", "data": .string(data)], "urn:uuid:b"),
            Self.entry(Self.patient, "urn:uuid:p"),
            Self.entry(Self.reference(["contentType": "text/plain", "data": .string(data)], subject: "Patient/p"), "urn:uuid:d2"),
            Self.entry(Self.reference(["contentType": "text/plain", "url": "urn:uuid:nowhere"]), "urn:uuid:d3"),
        ])
        try Self.open(text) { file in
            #expect(file.documents.map(\.number) == [1, 5, 6])
            #expect(file.others == ["Encounter": 1, "Binary": 1, "Patient": 1])
            let (one, two) = (try file.document(file.documents[0]), try file.document(file.documents[1]))
            for document in [one, two] {
                let attachment = document["content"]?.items.first?["attachment"]
                #expect(attachment?["data"]?.string == data && attachment?["url"] == nil)
                #expect(document["subject"]?["reference"]?.string == "#subject" && document["id"] == nil)
                let stated = document["contained"]?.items.first
                #expect(stated?["identifier"] == Self.patient["identifier"] && stated?["text"] == nil)
            }
            #expect(one["masterIdentifier"] == two["masterIdentifier"], "one patient's same document")
            #expect(one["masterIdentifier"]?["value"]?.string?.hasPrefix("urn:uuid:") == true)
            #expect(try file.document(file.documents[0]) == one)
            #expect(throws: CommandFailure.self) { try file.document(file.documents[2]) }
        }
    }

    @Test func `resources one behind the other are a file, too; what is none is named and the rest goes on`() throws {
        let own = String(decoding: JSONWriter.bytes(.object(Self.reference(["data": "eA=="], subject: "Patient/theirs"))), as: UTF8.self)
        try Self.open(own + "\n{\"resourceType\": }\n" + own + "\n{\"id\":\"x\"}\n") { file in
            #expect(file.documents.map(\.number) == [1, 3])
            #expect(file.unreadable.map(\.number) == [2])
            #expect(file.others == ["nothing": 1])
            let first = try file.document(file.documents[0])
            #expect(first["subject"]?["reference"]?.string == "Patient/theirs")
        }
    }

    @Test(arguments: ["<ClinicalDocument/>", "{\"resourceType\":\"Bundle\",\"entry\":[{}"]) func `what is cut off or no JSON is refused whole`(text: String) throws {
        #expect(throws: CommandFailure.self) { try Self.open(text) { _ in } }
    }
}

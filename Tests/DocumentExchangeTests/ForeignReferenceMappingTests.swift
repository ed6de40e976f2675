import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Testing
import XDSMetadata

@Suite struct ForeignReferenceMappingTests {
    private static let east = CommunityID("1.3.6.1.4.1.21367.2026.10")!
    private static let west = CommunityID("1.3.6.1.4.1.21367.2026.11")!
    private static let home = "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-HomeCommunityId"

    /// What another vendor's server would write: the least that MHD lets it.
    private func foreign(_ change: (inout JSONObject) -> Void = { _ in }) -> JSONObject {
        var reference: JSONObject = [
            "status": "current", "subject": ["reference": "https://b.example.org/r4/Patient/994"],
            "date": "2026-01-31T09:30:00+01:00", "content": [
                ["attachment": ["url": "files/73.xml", "contentType": "text/xml; charset=utf-8"]],
            ], "id": "doc.73", "resourceType": "DocumentReference",
        ]
        change(&reference)
        return reference
    }

    @Test func `what another maker's server leaves out is left out, and its ids get names of ours`() throws {
        let found = try #require(try ForeignReferenceMapping.entry(foreign(), of: "994", at: Self.east))
        #expect(found.url == "files/73.xml" && found.id == "doc.73")
        let entry = found.entry
        #expect(entry.home == Self.east)
        #expect(entry.sha1.isEmpty && entry.sha256.isEmpty && entry.size == -1)
        #expect(entry.uniqueID == "urn:uuid:\(entry.id)")
        let shown = DocumentReferenceMapping.json(entry, base: "https://x/fhir")
        let attachment = try #require(shown["content"]?[0]?["attachment"])
        #expect(attachment["hash"] == nil && attachment["size"] == nil && attachment["extension"] == nil)
        let again = try #require(try ForeignReferenceMapping.entry(foreign(), of: "994", at: Self.east))
        #expect(again.entry == entry, "the same each time")
        let elsewhere = try #require(try ForeignReferenceMapping.entry(foreign(), of: "994", at: Self.west))
        #expect(elsewhere.entry.id != entry.id, "another community's doc.73 is another document")
        let other = try #require(
            try ForeignReferenceMapping.entry(foreign { $0["id"] = "doc.74" }, of: "994", at: Self.east))
        #expect(other.entry.id != entry.id)
    }

    @Test(arguments: 1...20) func `what a Concordat node writes is read as it was`(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        var entry = DocumentEntry(
            id: .random(using: &random), uniqueID: "urn:oid:1.2.\(seed)", patient: .random(using: &random), home: Self.east,
            mimeType: "text/xml", sha1: [UInt8](repeating: 1, count: 20), sha256: [UInt8](repeating: 2, count: 32),
            size: Int(seed), registered: Timestamp(seconds: 1_772_445_600))
        entry.title = "Summary"
        entry.status = seed.isMultiple(of: 2) ? .current : .superseded
        let json = DocumentReferenceMapping.json(entry, base: "https://x/fhir")
        let found = try #require(try ForeignReferenceMapping.entry(json, of: "\(entry.patient)", at: Self.east))
        #expect(found.entry == entry)
        #expect(found.url == "https://x/fhir/Binary/\(entry.id)")
    }

    @Test func `T9 T10 another home or another patient voids the entry`() throws {
        let wrong: [(inout JSONObject) -> Void] = [
            { $0["extension"] = [["url": .string(Self.home), "valueOid": .string(Self.west.urn)]] },
            { $0["extension"] = [["url": .string(Self.home), "valueString": .string(Self.east.urn)]] },
            { $0["extension"] = [["url": .string(Self.home)]] },
            {
                $0["extension"] = [
                    ["url": .string(Self.home), "valueOid": .string(Self.east.urn)],
                    ["url": .string(Self.home), "valueOid": .string(Self.west.urn)],
                ]
            },
            { $0["subject"] = ["reference": "Patient/995"] }, { $0["subject"] = ["reference": "Group/994"] },
            { $0["subject"] = ["display": "994"] }, { $0["subject"] = nil },
        ]
        for change in wrong {
            #expect(throws: ExchangeError(.badRequest, "")) {
                try ForeignReferenceMapping.entry(foreign(change), of: "994", at: Self.east)
            }
        }
        let named = foreign { $0["extension"] = [["url": .string(Self.home), "valueOid": .string(Self.east.urn)]] }
        #expect(try ForeignReferenceMapping.entry(named, of: "994", at: Self.east)?.entry.home == Self.east)
    }

    @Test func `what cannot be shown honestly is refused, and what was entered in error is no document`() throws {
        let wrong: [(inout JSONObject) -> Void] = [
            { $0["id"] = nil }, { $0["id"] = "a b" }, { $0["status"] = nil }, { $0["status"] = "draft" },
            { $0["date"] = nil }, { $0["content"] = nil },
            { $0["content"] = [["attachment": ["url": "files/73.xml"]]] },
            { $0["content"] = [["attachment": ["contentType": "text/xml"]]] },
            { $0["content"] = [["attachment": ["contentType": "text/xml", "data": "QQ=="]]] },
            { $0["content"] = [["attachment": ["contentType": "text/xml", "url": "x", "hash": "QQ=="]]] },
        ]
        for (number, change) in wrong.enumerated() {
            #expect(throws: ExchangeError(.badRequest, ""), "\(number)") {
                try ForeignReferenceMapping.entry(foreign(change), of: "994", at: Self.east)
            }
        }
        let error = foreign { $0["status"] = "entered-in-error" }
        #expect(try ForeignReferenceMapping.entry(error, of: "994", at: Self.east) == nil)
    }
}

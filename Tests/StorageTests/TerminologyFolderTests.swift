import ExchangeCore
import Foundation
import Storage
import Terminology
import Testing

/// Releases in a folder: side by side, replaced as a whole, damage named.
@Suite struct TerminologyFolderTests {
    private static func label(_ version: String, system: String = CodeSystem.icd10cm.uri, digest: String = "00") throws -> ReleaseLabel {
        try #require(ReleaseLabel(system: system, version: version, source: "codes.txt", digest: digest))
    }

    private static let concepts = [
        Concept(code: "I509", displays: ["Heart failure, unspecified"]),
        Concept(code: "I50", displays: ["Heart failure"], isSelectable: false),
    ]

    @Test func `a release is found again, beside the others, by who opens the folder next`() throws {
        let place = try JournalFolder()
        let folder = TerminologyFolder(place.path + "/terminology")
        #expect(try folder.releases().tables.isEmpty, "a folder that is not there has no release")
        try folder.add(Self.concepts, label: Self.label("2025"))
        try folder.add(Self.concepts, label: Self.label("2026"))
        try folder.add(Self.concepts, label: Self.label("1", system: "urn:oid:1.2.3"))
        let releases = try TerminologyFolder(folder.path).releases()
        #expect(releases.tables.count == 3)
        let table = try #require(releases.release(of: CodeSystem.icd10cm.uri, on: nil))
        #expect(table.label.version == "2026")
        #expect(try table.find("I50.9")?.display == "Heart failure, unspecified")
        #expect(try table.find("I51") == nil)
    }

    @Test func `the same file twice is fine, another under the same name is refused unless it is to be replaced`() throws {
        let place = try JournalFolder()
        let folder = TerminologyFolder(place.path + "/terminology")
        try folder.add(Self.concepts, label: Self.label("2026"))
        try folder.add(Self.concepts, label: Self.label("2026"))
        let open = try folder.releases()
        let other = [Concept(code: "I10", displays: ["Hypertension"])]
        let refusal = #expect(throws: ExchangeError.self) { try folder.add(other, label: Self.label("2026", digest: "11")) }
        #expect(refusal?.code == .conflict)
        #expect(try folder.releases().tables.first?.count == 2, "nothing changed")
        try folder.add(other, label: Self.label("2026", digest: "11"), replacing: true)
        #expect(try folder.releases().tables.first?.count == 1)
        #expect(try open.tables.first?.find("I509") != nil, "who had the old one open goes on with it")
    }

    @Test func `damage names its file, and a name cannot leave the folder`() throws {
        let place = try JournalFolder()
        let folder = TerminologyFolder(place.path + "/terminology")
        try folder.add(Self.concepts, label: Self.label("2026"))
        let name = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path).first)
        let url = URL(fileURLWithPath: folder.path + "/" + name)
        var bytes = try [UInt8](Data(contentsOf: url))
        bytes[bytes.count / 2] ^= 1
        try Data(bytes).write(to: url)
        let damage = #expect(throws: ExchangeError.self) { try folder.releases() }
        #expect(damage?.code == .corrupted && damage?.location?.hasSuffix(name) == true)
        try Data().write(to: url)
        #expect(throws: ExchangeError.self) { try folder.releases() }
        for version in ["../x", "a/b", "a b", "\u{E9}"] {
            #expect(throws: ExchangeError.self, "\(version)") { try folder.add(Self.concepts, label: Self.label(version)) }
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == ["terminology"])
    }
}

import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Testing
import XDSMetadata

/// Lists of other communities: what we write is read back as it was; what is not a list of theirs, about whom was asked, is refused.
@Suite struct ForeignListMappingTests {
    private static let home = CommunityID("1.3.6.1.4.1.21367.2026.11")!
    private static let patient = PatientID("0190aaaa-0000-4000-8000-000000000001")!
    private static let documents = ["1", "2"].map { DocumentID("0190aaaa-0000-7000-8000-00000000000\($0)")! }
    private static let added = Timestamp(milliseconds: 1_772_445_600_000)

    private static var folder: RegisteredList {
        RegisteredList(
            .folder(
                Folder(
                    id: FolderID("0190aaaa-0000-4000-8000-000000000007")!, uniqueID: "urn:oid:1.2.7.1", patient: patient, title: "Heart",
                    codes: [CodedValue(code: "18842-5", system: CodeSystems.loinc, display: "Summary")], comments: "all of it")),
            members: documents.enumerated().map { .init($1, added: Timestamp(milliseconds: added.milliseconds + Int64($0))) })
    }

    private static var set: RegisteredList {
        var set = SubmissionSet(
            id: SubmissionID("0190aaaa-0000-7000-8000-000000000009")!, uniqueID: "urn:oid:1.2.9.1", patient: patient,
            sourceID: "urn:oid:1.2.3.4", submissionTime: PartialDate(added), contentType: CodedValue(code: "1", system: "urn:x"),
            documents: documents)
        set.folders = [FolderID("0190aaaa-0000-4000-8000-000000000007")!]
        set.author = DocumentAuthor(person: PersonName(family: "Adams", given: ["Ann"]))
        set.title = "From the ward"
        set.comments = "for the family doctor"
        set.recipients = ["urn:oid:1.9.9", "Practitioner/7"]
        return RegisteredList(.submissionSet(set), members: documents.map { .init($0, added: added) })
    }

    private static func json(_ list: RegisteredList) -> JSONObject {
        var folders: Set<FolderID> = []
        if case .submissionSet(let set) = list.content { folders = Set(set.folders) }
        return DocumentListMapping.json(list, showing: Set(documents), folders: folders, home: home)
    }

    private static func read(_ json: JSONObject) throws(ExchangeError) -> RegisteredList? {
        try ForeignListMapping.list(json, of: patient.description, at: home)
    }

    @Test(arguments: [set, folder])
    func `what a node writes of a list is read by another as it is`(_ list: RegisteredList) throws {
        let read = try #require(try Self.read(Self.json(list)))
        #expect(read == list)
        #expect(Self.json(read) == Self.json(list))
    }

    @Test func `a list of another maker is read with what it has`() throws {
        let list: JSONObject = [
            "resourceType": "List", "id": "42", "status": "current", "meta": ["lastUpdated": "2026-03-01T08:00:00Z"],
            "code": ["coding": [["system": "urn:x", "code": "a"], ["system": "https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes", "code": "folder"]]],
            "subject": ["reference": "https://other.example.org/r4/Patient/p1"],
            "entry": [
                ["item": ["reference": "https://other.example.org/r4/DocumentReference/d1"]],
                ["item": ["reference": "DocumentReference/d2"], "date": "2026-02"], ["item": ["reference": "Group/9"], "deleted": true],
            ],
        ]
        let read = try #require(try ForeignListMapping.list(list, of: "p1", at: Self.home))
        #expect(read.kind == .folder && read.uniqueID == "urn:uuid:\(read.id)")
        let known: [DocumentID] = ["d1", "d2"].map { ForeignReferenceMapping.named($0, as: "DocumentReference", at: Self.home) }
        #expect(read.members.map(\.document) == known)
        #expect(read.members.map(\.added.description) == ["2026-03-01T08:00:00.000Z", "2026-02-01T00:00:00.000Z"])
        #expect(try ForeignListMapping.list(list, of: "p1", at: Self.home) == read, "the same ids each time")
    }

    @Test func `T9 T10 another community's list, or another patient's, is refused, and so is what is none`() throws {
        func wrong(_ change: (inout JSONObject) -> Void) {
            var json = Self.json(Self.folder)
            change(&json)
            #expect(throws: ExchangeError(.badRequest, "")) { try Self.read(json) }
        }
        wrong { $0["extension"] = [["url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-HomeCommunityId", "valueOid": "urn:oid:1.9"]] }
        wrong { $0["extension"] = [["url": "https://profiles.ihe.net/ITI/MHD/StructureDefinition/ihe-HomeCommunityId"]] }
        wrong { $0["subject"] = ["reference": "Patient/0190aaaa-0000-4000-8000-000000000002"] }
        wrong { $0["subject"] = ["reference": .string("Group/\(Self.patient)")] }
        wrong { $0["subject"] = nil }
        for id in [nil, "", "a/b", "a b"] as [String?] { wrong { $0["id"] = id.map { .string($0) } } }
        wrong { $0["status"] = nil }
        wrong { $0["code"] = ["coding": [["system": "urn:x", "code": "folder"]]] }
        wrong { $0["date"] = "soon" }
        wrong { $0["date"] = nil }
        for item in [[:], ["reference": "Observation/1"], ["reference": "nowhere"], ["reference": "#a"]] as [JSONValue] {
            wrong { $0["entry"] = [["item": item]] }
        }
        var retired = Self.json(Self.folder)
        retired["status"] = "retired"
        #expect(try Self.read(retired) == nil)
    }
}

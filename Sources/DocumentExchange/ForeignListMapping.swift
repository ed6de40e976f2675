import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// A `List` of another community, by whatever speaks MHD, as a submission set or folder of this exchange.
///
/// As with documents: what a peer says of itself is believed; a list of another community or about another patient voids its
/// answer (T9, T10), and so does one that cannot be read whole.
package enum ForeignListMapping {
    /// Reads one; nil for a list that is not in force.
    ///
    /// - Parameters:
    ///   - patient: the patient's id at the peer, of whom was asked.
    ///   - community: the community that was asked: the home of what names none.
    /// - Throws: `.badRequest` naming the element that is missing or wrong.
    package static func list(_ json: JSONObject, of patient: String, at community: CommunityID)
        throws(ExchangeError) -> RegisteredList?
    {
        try ForeignReferenceMapping.demandHome(json, community)
        try ForeignReferenceMapping.demandSubject(json, patient)
        guard let id = json["id"]?.string, Primitive.id.accepts(.string(id)) else { throw wrong("id") }
        guard let status = json["status"]?.string else { throw wrong("status") }
        guard same(status, "current") else { return nil }
        let codes = CodedValue.codings(inConcept: json["code"]).filter { same($0.system, MHDNames.listType) }
        guard let kind = codes.lazy.compactMap({ ListKind(rawValue: $0.code) }).first else { throw wrong("code") }
        let stated = json["date"] ?? json["meta"]?["lastUpdated"]
        guard let date = stated?.string.flatMap({ PartialDate($0) }) else { throw wrong("date") }
        let (members, folders) = try entries(json, date, at: community)
        let subject: PatientID = ForeignReferenceMapping.named(patient, as: "Patient", at: community)
        let designations = extensions(json, MHDNames.designation).flatMap { CodedValue.codings(inConcept: $0["valueCodeableConcept"]) }
        switch kind {
        case .submissionSet:
            let local: SubmissionID = ForeignReferenceMapping.named(id, as: "List", at: community)
            var set = SubmissionSet(
                id: local, uniqueID: SubmissionSetReading.uniqueID(json) ?? "urn:uuid:\(local)", patient: subject,
                sourceID: extensions(json, MHDNames.sourceID).first?["valueIdentifier"].flatMap(DraftReading.uri),
                submissionTime: date, contentType: designations.first, documents: members.map(\.document))
            let lookup = ResourceLookup(container: json)
            set.folders = folders
            set.author = SubmissionSetReading.author(json["source"], lookup)
            set.title = json["title"]?.string
            set.comments = SubmissionSetReading.comments(json)
            set.recipients = extensions(json, MHDNames.recipient).compactMap { item in
                FHIRReference(json: item["valueReference"]).flatMap { SubmissionSetReading.recipient($0, lookup) ?? $0.display }
            }
            return RegisteredList(.submissionSet(set), members: members)
        case .folder:
            let local: FolderID = ForeignReferenceMapping.named(id, as: "List", at: community)
            let folder = Folder(
                id: local, uniqueID: SubmissionSetReading.uniqueID(json) ?? "urn:uuid:\(local)", patient: subject,
                title: json["title"]?.string, codes: designations, comments: SubmissionSetReading.comments(json))
            return RegisteredList(.folder(folder), members: members)
        }
    }

    /// The documents in a list, in its order, each since when it is in it; and the folders that a submission set names.
    private static func entries(_ json: JSONObject, _ date: PartialDate, at community: CommunityID)
        throws(ExchangeError) -> ([RegisteredList.Member], [FolderID])
    {
        var (members, folders): ([RegisteredList.Member], [FolderID]) = ([], [])
        for (index, entry) in (json["entry"]?.items ?? []).enumerated() where entry["deleted"]?.bool != true {
            switch FHIRReference(json: entry["item"])?.target {
            case .relative("DocumentReference", let id)?, .absolute(_, "DocumentReference", let id)?:
                let document: DocumentID = ForeignReferenceMapping.named(id, as: "DocumentReference", at: community)
                let added = entry["date"]?.string.flatMap { PartialDate($0) } ?? date
                members.append(.init(document, added: added.start))
            case .relative("List", let id)?, .absolute(_, "List", let id)?:
                folders.append(ForeignReferenceMapping.named(id, as: "List", at: community))
            default: throw wrong("entry[\(index)].item")
            }
        }
        return (members, folders)
    }

    private static func extensions(_ json: JSONObject, _ url: String) -> [JSONValue] {
        (json["extension"]?.items ?? []).filter { $0["url"]?.string == url }
    }

    private static func wrong(_ element: String) -> ExchangeError {
        ExchangeError(.badRequest, "missing, or not as MHD has it", at: "List." + element)
    }
}

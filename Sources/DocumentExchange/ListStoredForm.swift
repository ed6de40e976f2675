import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// Submission sets and folders as the journal and its tables keep them: one JSON object each, without what is in them.
package enum ListStoredForm {
    /// A submission set; its documents and folders stand elsewhere.
    package static func json(_ set: SubmissionSet) -> JSONValue {
        var object = JSONObject()
        object["id"] = .string(set.id.description)
        object["uniqueId"] = .string(set.uniqueID)
        object["patient"] = .string(set.patient.description)
        object["sourceId"] = set.sourceID.map { .string($0) }
        object["submitted"] = .string(set.submissionTime.text)
        object["contentType"] = set.contentType.map(coding)
        if let author = set.author {
            let (contained, reference) = AuthorMapping.json(author, number: 1)
            object["author"] = ["contained": .array(contained), "reference": reference]
        }
        object["title"] = set.title.map { .string($0) }
        object["comments"] = set.comments.map { .string($0) }
        if !set.recipients.isEmpty { object["recipients"] = .array(set.recipients.map { .string($0) }) }
        return .object(object)
    }

    /// Reads a submission set back; nil when it is none.
    package static func set(_ json: JSONValue, documents: [DocumentID], folders: [FolderID] = []) -> SubmissionSet? {
        guard let id = json["id"]?.string.flatMap({ SubmissionID($0) }), let uniqueID = json["uniqueId"]?.string,
            let patient = json["patient"]?.string.flatMap({ PatientID($0) }),
            let submitted = json["submitted"]?.string.flatMap({ PartialDate($0) })
        else { return nil }
        var set = SubmissionSet(
            id: id, uniqueID: uniqueID, patient: patient, sourceID: json["sourceId"]?.string, submissionTime: submitted,
            contentType: json["contentType"].flatMap(code), documents: documents)
        set.folders = folders
        if let author = json["author"]?.object, let reference = FHIRReference(json: author["reference"]) {
            set.author = AuthorMapping.author(reference, ResourceLookup(container: author))
        }
        set.title = json["title"]?.string
        set.comments = json["comments"]?.string
        set.recipients = (json["recipients"]?.items ?? []).compactMap(\.string)
        return set
    }

    /// A folder.
    package static func json(_ folder: Folder) -> JSONValue {
        var object = JSONObject()
        object["id"] = .string(folder.id.description)
        object["uniqueId"] = .string(folder.uniqueID)
        object["patient"] = .string(folder.patient.description)
        object["title"] = folder.title.map { .string($0) }
        if !folder.codes.isEmpty { object["codes"] = .array(folder.codes.map(coding)) }
        object["comments"] = folder.comments.map { .string($0) }
        return .object(object)
    }

    /// Reads a folder back; nil when it is none.
    package static func folder(_ json: JSONValue) -> Folder? {
        guard let id = json["id"]?.string.flatMap({ FolderID($0) }), let uniqueID = json["uniqueId"]?.string,
            let patient = json["patient"]?.string.flatMap({ PatientID($0) })
        else { return nil }
        return Folder(
            id: id, uniqueID: uniqueID, patient: patient, title: json["title"]?.string,
            codes: (json["codes"]?.items ?? []).compactMap(code), comments: json["comments"]?.string)
    }

    /// What a submission puts into a folder; of one that is not new only what names it.
    package static func json(_ submitted: SubmittedFolder) -> JSONValue {
        let named = Folder(id: submitted.folder.id, uniqueID: submitted.folder.uniqueID, patient: submitted.folder.patient)
        var object = json(submitted.isNew ? submitted.folder : named).object ?? JSONObject()
        if submitted.isNew { object["new"] = true }
        object["documents"] = .array(submitted.documents.map { .string($0.description) })
        return .object(object)
    }

    /// Reads that back; nil when it is none.
    package static func submittedFolder(_ json: JSONValue) -> SubmittedFolder? {
        guard let folder = folder(json) else { return nil }
        return SubmittedFolder(
            folder: folder, isNew: json["new"]?.bool ?? false,
            documents: (json["documents"]?.items ?? []).compactMap { $0.string.flatMap { DocumentID($0) } })
    }

    private static func coding(_ code: CodedValue) -> JSONValue {
        var object: JSONObject = ["system": .string(code.system), "code": .string(code.code)]
        object["display"] = code.display.map { .string($0) }
        return .object(object)
    }

    private static func code(_ json: JSONValue) -> CodedValue? {
        guard let code = json["code"]?.string, let system = json["system"]?.string else { return nil }
        return CodedValue(code: code, system: system, display: json["display"]?.string)
    }
}

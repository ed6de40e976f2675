import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

extension ProvideDocumentBundle {
    /// How much of what was made stands in the answer (`Prefer: return=`).
    package enum AnswerForm: Hashable, Sendable {
        /// Where each thing is.
        case minimal
        /// The lists and documents' metadata as they are now; `base` makes links absolute.
        case representation(base: String)
        /// An OperationOutcome for each entry.
        case outcome
    }

    /// The transaction-response: one entry per request entry, in request order; to be sent only once all is durable.
    ///
    /// Warnings stand in the submission set's entry, as `response.outcome`.
    /// - Parameter folderTags: the versions that the asker sees folders in, by their place in the request.
    package static func answer(
        _ request: ProvideRequest, _ submission: Submission, _ form: AnswerForm = .minimal, folderTags: [Int: String] = [:],
    ) -> JSONObject {
        let registered = submission.documents.first?.entry.registered
        let entries = request.parts.map { part -> JSONValue in
            var response = BundleEntry.Response(status: "201 Created", etag: "W/\"1\"", lastModified: registered)
            switch part {
            case .submissionSet: response.location = "List/\(submission.set.id)/_history/1"
            case .document(let index):
                response.location = id(submission, index).map { "DocumentReference/\($0)/_history/1" }
            case .content(let index):
                response.location = content(request, submission, index).map { "Binary/\($0)/_history/1" }
            case .folder(let index):
                guard submission.folders.indices.contains(index) else { break }
                let folder = submission.folders[index]
                response.location = "List/\(folder.folder.id)"
                // Its version depends on what the asker sees of it.
                response.etag = folderTags[index]
                if !folder.isNew { response.status = "200 OK" }
            case .supersede(let reference):
                response = BundleEntry.Response(
                    status: "200 OK", location: reference, etag: "W/\"2\"", lastModified: registered)
            case .patient:
                response = BundleEntry.Response(status: "200 OK", location: "Patient/\(submission.set.patient)")
            case .ignored: response = BundleEntry.Response(status: "200 OK")
            }
            var entry = BundleEntry(response: response).json
            if case .representation(let base) = form, let made = made(part, submission, base: base) {
                // FHIR wants the resource before the response.
                entry = ["resource": .object(made), "response": entry["response"] ?? [:]]
            }
            let warnings = part == .submissionSet ? submission.warnings : []
            if !warnings.isEmpty || form == .outcome, var inner = entry["response"]?.object {
                inner["outcome"] = .object(outcome(warnings))
                entry["response"] = .object(inner)
            }
            return .object(entry)
        }
        var bundle: JSONObject = ["resourceType": "Bundle", "type": "transaction-response"]
        bundle["entry"] = .array(entries)
        return bundle
    }

    /// What an entry made, as it is read back by who may see all of it; nil for what has no metadata of its own, and for a
    /// folder that was here before.
    private static func made(_ part: ProvideRequest.Part, _ submission: Submission, base: String) -> JSONObject? {
        let home = submission.documents.first?.entry.home
        let moment = submission.documents.first?.entry.registered
        switch part {
        case .document(let index):
            guard submission.documents.indices.contains(index) else { return nil }
            return DocumentReferenceMapping.json(submission.documents[index].entry, base: base)
        case .submissionSet:
            guard let home, let moment else { return nil }
            let list = RegisteredList(
                .submissionSet(submission.set), members: submission.set.documents.map { .init($0, added: moment) })
            return DocumentListMapping.json(
                list, showing: Set(submission.set.documents), folders: Set(submission.folders.filter(\.isNew).map(\.folder.id)),
                home: home)
        case .folder, .content, .supersede, .patient, .ignored: return nil
        }
    }

    private static func id(_ submission: Submission, _ index: Int) -> DocumentID? {
        submission.documents.indices.contains(index) ? submission.documents[index].entry.id : nil
    }

    /// A Binary has the id of the document entry whose bytes it carries.
    private static func content(_ request: ProvideRequest, _ submission: Submission, _ index: Int) -> DocumentID? {
        let document = request.contentOwners.indices.contains(index) ? request.contentOwners[index] : index
        return id(submission, document)
    }

    private static func outcome(_ warnings: [String]) -> JSONObject {
        OperationOutcome(
            warnings.isEmpty
                ? [.init(.information, "informational", details: "done and durable")]
                : warnings.map { .init(.warning, "incomplete", details: $0) }
        ).json
    }
}

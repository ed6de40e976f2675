import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

extension ProvideDocumentBundle {
    /// The transaction-response: one entry per request entry, in request order; to be sent only once all is durable.
    ///
    /// Warnings stand in the submission set's entry, as `response.outcome`.
    package static func answer(_ request: ProvideRequest, _ submission: Submission) -> JSONObject {
        let registered = submission.documents.first?.entry.registered
        let entries = request.parts.map { part -> JSONValue in
            var response = BundleEntry.Response(status: "201 Created", etag: "W/\"1\"", lastModified: registered)
            switch part {
            case .submissionSet: response.location = "List/\(submission.set.id)/_history/1"
            case .document(let index):
                response.location = id(submission, index).map { "DocumentReference/\($0)/_history/1" }
            case .content(let index):
                response.location = content(request, submission, index).map { "Binary/\($0)/_history/1" }
            case .supersede(let reference):
                response = BundleEntry.Response(status: "200 OK", location: reference, lastModified: registered)
            case .patient:
                response = BundleEntry.Response(status: "200 OK", location: "Patient/\(submission.set.patient)")
            case .ignored: response = BundleEntry.Response(status: "200 OK")
            }
            var entry = BundleEntry(response: response).json
            if part == .submissionSet, !submission.warnings.isEmpty, var inner = entry["response"]?.object {
                inner["outcome"] = .object(outcome(submission.warnings))
                entry["response"] = .object(inner)
            }
            return .object(entry)
        }
        var bundle: JSONObject = ["resourceType": "Bundle", "type": "transaction-response"]
        bundle["entry"] = .array(entries)
        return bundle
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
            warnings.map { .init(.warning, "incomplete", details: $0) }
        ).json
    }
}

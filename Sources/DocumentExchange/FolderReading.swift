import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// Reads a folder's List of an ITI-65 Bundle: POST makes one, PUT makes one or puts documents into one that is here.
enum FolderReading {
    /// Members of one folder in one submission at the most.
    static let membersMax = 1000

    static func draft(
        _ folder: (item: BundleParts.Item, request: BundleEntry.Request), _ parts: BundleParts,
        into request: inout ProvideRequest,
    ) throws(ExchangeError) -> FolderDraft {
        let (item, method) = (folder.item, folder.request.method)
        func wrong(_ message: String, _ element: String) -> ExchangeError {
            ExchangeError(.badRequest, "XDSRegistryMetadataError: " + message, at: item.path + "." + element)
        }
        let uniqueID = SubmissionSetReading.uniqueID(item.resource)
        guard uniqueID != nil || (item.resource["identifier"]?.items ?? []).isEmpty else {
            throw wrong("a folder's uniqueId must be a URI such as urn:oid:...", "identifier")
        }
        let id = method == "PUT" ? self.id(folder.request.url) : nil
        guard method == "POST" || uniqueID != nil || id != nil else {
            throw wrong("a folder that may be here already is named by its uniqueId, or by List/ and its id", "identifier")
        }
        guard item.resource["status"]?.string == "current" else {
            throw wrong("a folder is current; it is not withdrawn by a submission", "status")
        }
        let entries = item.resource["entry"]?.items ?? []
        guard entries.count <= membersMax else {
            throw ExchangeError(.tooLarge, "a folder takes \(membersMax) documents at a time", at: item.path + ".entry")
        }
        var members: [FolderDraft.Member] = []
        for (index, entry) in entries.enumerated() {
            guard entry["deleted"]?.bool != true else {
                throw wrong("nothing is taken out of a folder", "entry[\(index)].deleted")
            }
            members.append(FHIRReference(json: entry["item"]).map { member($0, parts) } ?? .unknown)
        }
        let designations = (item.resource["extension"]?.items ?? []).filter { $0["url"]?.string == MHDNames.designation }
        if method == "PUT", item.resource["title"] != nil || item.resource["note"] != nil || !designations.isEmpty {
            request.warnings.append(
                "XDSExtraMetadataNotSaved: of a folder that is here already title, codes and notes stay as they are; only documents "
                    + "are put into it")
        }
        return FolderDraft(
            uniqueID: uniqueID, id: id, mayExist: method == "PUT", condition: folder.request.ifMatch, title: item.resource["title"]?.string,
            codes: designations.flatMap { CodedValue.codings(inConcept: $0["valueCodeableConcept"]) },
            comments: SubmissionSetReading.comments(item.resource), members: members, path: item.path)
    }

    /// The id of `List/[id]`; nil for `List` alone and for one that is not of this node's form.
    private static func id(_ url: String) -> FolderID? {
        switch FHIRReference(url).target {
        case .relative("List", let id), .absolute(_, "List", let id): FolderID(id)
        default: nil
        }
    }

    private static func member(_ reference: FHIRReference, _ parts: BundleParts) -> FolderDraft.Member {
        if let text = reference.reference {
            if let index = parts.documents.firstIndex(where: { same($0.fullUrl, text) }) { return .submitted(index) }
            if let id = DraftReading.documentID(text) { return .entry(id) }
        }
        if let identifier = reference.identifier, same(identifier.system, MHDNames.uri) { return .named(identifier.value) }
        return .unknown
    }
}

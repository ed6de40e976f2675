import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// ITI-65 Provide Document Bundle: the transaction Bundle of MHD 4.2 (minimal, comprehensive, uncontained), read.
package enum ProvideDocumentBundle {
    /// Reads and checks a Bundle by itself: nothing of registry or patient index is needed yet.
    ///
    /// - Throws: `.badRequest` with IHE's code word and the path of the element; `.tooLarge` past a limit.
    package static func read(_ bundle: JSONObject, limits: ExchangeLimits = ExchangeLimits())
        throws(ExchangeError) -> ProvideRequest
    {
        let parts = try BundleParts(bundle)
        guard let set = parts.set else {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: no submission set: a List with code submissionset is wanted",
                at: "Bundle.entry")
        }
        guard !parts.documents.isEmpty || !parts.folders.isEmpty else {
            throw ExchangeError(
                .badRequest, "XDSMissingDocument: the Bundle has no DocumentReference", at: "Bundle.entry")
        }
        let isComprehensive = (bundle["meta"]?["profile"]?.items ?? []).compactMap(\.string)
            .contains { MHDNames.comprehensive.contains($0) }
        var request = try ProvideRequest(patient: patient(parts, set))
        request.parts = parts.parts
        try SubmissionSetReading.read(set, parts, into: &request)
        for item in parts.documents {
            request.documents.append(try document(item, parts, isComprehensive: isComprehensive))
        }
        try SubmissionRules.withinLimits(request.documents, limits)
        for (index, item) in parts.documents.enumerated() {
            let (draft, bytes) = request.documents[index]
            request.documents[index].draft.digest = try SubmissionRules.statedContent(draft, bytes, at: item.path)
        }
        try checkMembers(parts, set)
        request.contentOwners = parts.contents.map { binary in
            parts.documents.firstIndex { same(url($0), binary.fullUrl) } ?? 0
        }
        linkSiblings(parts, &request)
        try read(patches: parts, into: &request)
        for folder in parts.folders { request.folders.append(try FolderReading.draft(folder, parts, into: &request)) }
        return request
    }

    private static func patient(_ parts: BundleParts, _ set: BundleParts.Item) throws(ExchangeError) -> SubmittedPatient
    {
        var subject = FHIRReference(json: set.resource["subject"])
        var sourceInfo: FHIRReference?
        var lookup = ResourceLookup(container: set.resource, beside: parts.beside)
        for item in parts.documents + parts.folders.map(\.item) {
            guard let own = FHIRReference(json: item.resource["subject"]) else { continue }
            guard subject == nil || subject?.reference == own.reference && subject?.identifier == own.identifier else {
                throw ExchangeError(
                    .badRequest, "XDSPatientIdDoesNotMatch: set and documents must be of one patient",
                    at: item.path + ".subject")
            }
            subject = own
        }
        for item in parts.documents {
            guard let info = FHIRReference(json: item.resource["context"]?["sourcePatientInfo"]) else { continue }
            sourceInfo = info
            // Contained resources are told apart by the document they are in; the set's own come first.
            if case .contained? = info.target { lookup.container = item.resource }
            break
        }
        var patient = PatientReading.patient(
            subject, sourceInfo: nil, ResourceLookup(container: set.resource, beside: parts.beside))
        let source = PatientReading.patient(nil, sourceInfo: sourceInfo, lookup)
        if patient.identifiers.isEmpty { patient.identifiers = source.identifiers }
        if patient.demographics == nil { patient.demographics = source.demographics }
        guard subject != nil || sourceInfo != nil else {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: the submission names no patient", at: set.path + ".subject")
        }
        return patient
    }

    private static func document(_ item: BundleParts.Item, _ parts: BundleParts, isComprehensive: Bool)
        throws(ExchangeError) -> (draft: DocumentDraft, bytes: [UInt8])
    {
        let reading = DraftReading(
            path: item.path, lookup: ResourceLookup(container: item.resource, beside: parts.beside))
        let (draft, content) = try reading.draft(item.resource)
        guard draft.uniqueID != nil else {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: the document needs a uniqueId",
                at: item.path + ".masterIdentifier")
        }
        if isComprehensive { try MetadataCompleteness.check(draft, item.resource, at: item.path) }
        switch content {
        case .inline(let bytes): return (draft, bytes)
        case .at(let url):
            guard let binary = parts.contents.first(where: { same($0.fullUrl, url) }) else { break }
            guard let bytes = (binary.resource["data"]?.string ?? "").nonEmpty.flatMap({ FHIRBase64.decode($0) }) else {
                throw ExchangeError(
                    .badRequest, "XDSMissingDocument: the Binary has no data in base64", at: binary.path + ".data")
            }
            return (draft, bytes)
        case .missing: break
        }
        throw ExchangeError(
            .badRequest, "XDSMissingDocument: the attachment's url is no Binary of this Bundle",
            at: item.path + ".content[0].attachment.url")
    }

    /// Set and documents name each other, and no Binary is left over.
    private static func checkMembers(_ parts: BundleParts, _ set: BundleParts.Item) throws(ExchangeError) {
        var members: Set<String> = []
        for (index, entry) in (set.resource["entry"]?.items ?? []).enumerated() {
            guard let reference = entry["item"]?["reference"]?.string, parts.beside[reference] != nil else {
                throw ExchangeError(
                    .badRequest, "UnresolvedReferenceException: members of a submission set must be in the same Bundle",
                    at: "\(set.path).entry[\(index)]")
            }
            members.insert(reference)
        }
        for item in parts.documents where !members.contains(item.fullUrl) {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: the document is not in the submission set", at: item.path)
        }
        for (item, _) in parts.folders where !members.contains(item.fullUrl) {
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: the folder is not in the submission set", at: item.path)
        }
        let used = Set(parts.documents.map(url))
        for binary in parts.contents where !used.contains(binary.fullUrl) {
            throw ExchangeError(
                .badRequest, "XDSMissingDocumentMetadata: no DocumentReference leads to this Binary", at: binary.path)
        }
    }

    private static func url(_ document: BundleParts.Item) -> String {
        document.resource["content"]?[0]?["attachment"]?["url"]?.string ?? ""
    }

    private static func linkSiblings(_ parts: BundleParts, _ request: inout ProvideRequest) {
        for index in request.documents.indices {
            request.documents[index].draft.relations = request.documents[index].draft.relations.map { relation in
                guard let sibling = parts.documents.firstIndex(where: { same($0.fullUrl, relation.reference) }) else {
                    return relation
                }
                return .init(relation.kind, target: nil, reference: ProvideRequest.siblingReference(sibling))
            }
        }
    }

    /// A patch only says what a replacement means: it needs one.
    private static func read(patches parts: BundleParts, into request: inout ProvideRequest) throws(ExchangeError) {
        let replaced = request.documents.flatMap(\.draft.relations).filter { $0.kind == .replaces }.map(\.reference)
        for (target, condition, item) in parts.patches {
            if let condition { request.conditions[target] = condition }
            guard
                replaced.contains(where: {
                    same($0, target)
                        || $0.utf8.suffix(target.utf8.count + 1)
                            .elementsEqual("/\(target)".utf8)
                })
            else {
                throw ExchangeError(
                    .badRequest, "a document is superseded by one that replaces it; say so in relatesTo", at: item.path)
            }
            request.superseded.append(target)
        }
    }
}

extension String {
    /// Nil for the empty string.
    var nonEmpty: String? { isEmpty ? nil : self }
}

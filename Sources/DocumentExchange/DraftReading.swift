import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// Reads a `DocumentReference` as a source wrote it: metadata, and where the bytes are.
struct DraftReading {
    /// Where the bytes of a document are said to be.
    enum Content {
        /// In the attachment itself.
        case inline([UInt8])
        /// At a URL, mostly a Binary of the same Bundle.
        case at(String)
        /// Nowhere.
        case missing
    }

    /// Where the resource stands, for errors.
    let path: String
    let lookup: ResourceLookup

    func draft(_ reference: JSONObject) throws(ExchangeError) -> (DocumentDraft, Content) {
        guard let contents = reference["content"]?.items, contents.count == 1, let content = contents.first,
            let attachment = content["attachment"]
        else {
            throw metadataError("one content with an attachment is wanted for each document", "content")
        }
        let place = "content[0].attachment"
        guard let mimeType = attachment["contentType"]?.string, Self.isMediaType(mimeType) else {
            throw metadataError("the media type is missing or not one", place + ".contentType")
        }
        var draft = DocumentDraft(mimeType: mimeType)
        draft.uniqueID = try uniqueID(reference)
        draft.title = attachment["title"]?.string ?? reference["description"]?.string
        draft.language = attachment["language"]?.string
        draft.creationTime = try date(attachment["creation"], place + ".creation")
        if let hash = attachment["hash"] {
            guard let bytes = hash.string.flatMap({ Base64.decode($0) }), bytes.count == 20 else {
                throw metadataError("XDSRepositoryMetadataError: hash must be base64 of a SHA-1", place + ".hash")
            }
            draft.sha1 = bytes
        }
        if let size = attachment["size"] {
            guard let value = size.integer, value >= 0 else {
                throw metadataError("XDSRepositoryMetadataError: size must be a number of bytes", place + ".size")
            }
            draft.size = value
        }
        draft.formatCode = CodedValue(coding: content["format"])
        draft.typeCode = CodedValue(concept: reference["type"])
        draft.classCode = CodedValue(concept: reference["category"]?[0])
        draft.securityCodes = CodedValue.codings(inConcepts: reference["securityLabel"])
        draft.authors = (reference["author"]?.items ?? []).compactMap { item in
            FHIRReference(json: item).flatMap { AuthorMapping.author($0, lookup) }
        }
        try readContext(reference["context"], into: &draft)
        draft.relations = try relations(reference["relatesTo"])
        return (draft, try bytes(attachment, place))
    }

    private func readContext(_ context: JSONValue?, into draft: inout DocumentDraft) throws(ExchangeError) {
        draft.serviceStart = try date(context?["period"]?["start"], "context.period.start")
        draft.serviceStop = try date(context?["period"]?["end"], "context.period.end")
        draft.facilityType = CodedValue(concept: context?["facilityType"])
        draft.practiceSetting = CodedValue(concept: context?["practiceSetting"])
        draft.eventCodes = CodedValue.codings(inConcepts: context?["event"])
        for item in (context?["encounter"]?.items ?? []) + (context?["related"]?.items ?? []) {
            if let name = FHIRReference(json: item)?.name, !draft.related.contains(name) { draft.related.append(name) }
        }
        if let source = lookup.resource(FHIRReference(json: context?["sourcePatientInfo"])) {
            draft.sourcePatient = PatientMapping.identifiers(source).first
        }
    }

    /// `masterIdentifier`, a URI; nil when there is none.
    private func uniqueID(_ reference: JSONObject) throws(ExchangeError) -> String? {
        guard let identifier = reference["masterIdentifier"] else { return nil }
        guard let value = Self.uri(identifier) else {
            throw metadataError("the uniqueId must be a URI such as urn:oid:...", "masterIdentifier")
        }
        return value
    }

    /// The value of an identifier that is a URI; at most 256 printable ASCII characters.
    static func uri(_ identifier: JSONValue) -> String? {
        guard let value = identifier["value"]?.string, (1...256).contains(value.utf8.count),
            value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), value.utf8.contains(UInt8(ascii: ":")),
            identifier["system"]?.string.map({ same($0, MHDNames.uri) }) ?? true
        else { return nil }
        return value
    }

    private func relations(_ json: JSONValue?) throws(ExchangeError) -> [DocumentDraft.Relation] {
        var relations: [DocumentDraft.Relation] = []
        for (index, item) in (json?.items ?? []).enumerated() {
            guard let kind = item["code"]?.string.flatMap(RelationKind.init(rawValue:)),
                let target = FHIRReference(json: item["target"])
            else { throw metadataError("a relation needs a code and a target", "relatesTo[\(index)]") }
            if let identifier = target.identifier, same(identifier.system, MHDNames.uri) {
                relations.append(.init(kind, target: nil, reference: identifier.value))
            } else if let text = target.reference {
                relations.append(.init(kind, target: Self.documentID(text), reference: text))
            } else {
                throw metadataError("the target needs a reference or a URI as identifier", "relatesTo[\(index)].target")
            }
        }
        return relations
    }

    /// The entry that a reference of this node's form names.
    static func documentID(_ reference: String) -> DocumentID? {
        switch FHIRReference(reference).target {
        case .relative("DocumentReference", let id), .absolute(_, "DocumentReference", let id): DocumentID(id)
        default: nil
        }
    }

    private func bytes(_ attachment: JSONValue, _ place: String) throws(ExchangeError) -> Content {
        if let data = attachment["data"] {
            guard let bytes = data.string.flatMap({ FHIRBase64.decode($0) }) else {
                throw metadataError("data is not base64", place + ".data")
            }
            return .inline(bytes)
        }
        return attachment["url"]?.string.map { .at($0) } ?? .missing
    }

    private func date(_ json: JSONValue?, _ element: String) throws(ExchangeError) -> PartialDate? {
        guard let json else { return nil }
        guard let date = json.string.flatMap({ PartialDate($0) }) else {
            throw metadataError("not a date or time", element)
        }
        return date
    }

    private func metadataError(_ message: String, _ element: String) -> ExchangeError {
        let hasWord = message.utf8.starts(with: "XDS".utf8)
        return ExchangeError(
            .badRequest, hasWord ? message : "XDSRegistryMetadataError: " + message, at: path + "." + element)
    }

    /// `type/subtype` with optional parameters, 127 characters of printable ASCII at most (RFC 6838): it becomes a
    /// header.
    static func isMediaType(_ text: String) -> Bool {
        let bytes = text.utf8
        guard (3...127).contains(bytes.count), bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else { return false }
        let type = bytes.prefix { $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: " ") }
        let parts = type.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        return parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { Self.tokenMarks.contains($0) || Self.isAlphanumeric($0) }
            }
    }

    private static let tokenMarks = Set("!#$&-^_.+".utf8)

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

import ExchangeCore
import XDSMetadata

/// A folder of a submission before the node has given it an id: what the source says of it (ITI-65).
package struct FolderDraft: Hashable, Sendable {
    /// A document that is to be in it, as the source names it.
    package enum Member: Hashable, Sendable {
        /// The document of the same submission with that index.
        case submitted(Int)
        /// An entry that is here already.
        case entry(DocumentID)
        /// An entry that is here already, by its `uniqueId`.
        case named(String)
        /// Something that leads to no document.
        case unknown
    }

    /// `uniqueId`; nil when the source gave none.
    package var uniqueID: String?
    /// The folder by this node's own id, where the source names it so.
    package var id: FolderID?
    /// Whether it may be there already (PUT); a new one is made with POST.
    package var mayExist: Bool
    /// The versions of which it must have one, as the source has read it (`ifMatch`); nil where it does not say.
    package var condition: String?
    /// Title.
    package var title: String?
    /// `codeList`.
    package var codes: [CodedValue]
    /// Comments.
    package var comments: String?
    /// What is to be in it, in order.
    package var members: [Member]
    /// Where it stands in the request.
    package var path: String

    /// A folder as the source names and describes it.
    package init(
        uniqueID: String?, id: FolderID? = nil, mayExist: Bool, condition: String? = nil, title: String? = nil, codes: [CodedValue] = [],
        comments: String? = nil, members: [Member], path: String,
    ) {
        self.uniqueID = uniqueID
        self.id = id
        self.mayExist = mayExist
        self.condition = condition
        self.title = title
        self.codes = codes
        self.comments = comments
        self.members = members
        self.path = path
    }

    /// The folder with what is put into it.
    ///
    /// Of one that is here already nothing changes but what is in it: whoever may not see all of it could not know what they
    /// overwrite.
    func folder(
        known: Folder?, patient: PatientID, documents: [DocumentID],
        using random: inout some RandomNumberGenerator,
    ) throws(ExchangeError) -> SubmittedFolder {
        var ids: [DocumentID] = []
        for (index, member) in members.enumerated() {
            let id: DocumentID? = switch member {
            case .submitted(let number): documents.indices.contains(number) ? documents[number] : nil
            case .entry(let id): id
            case .named, .unknown: nil
            }
            guard let id else { throw ProvideRequest.unresolved(at: "\(path).entry[\(index)]") }
            if !ids.contains(id) { ids.append(id) }
        }
        if let known { return SubmittedFolder(folder: known, isNew: false, documents: ids, path: path) }
        // Random, not ordered by time: whoever sees a folder by its third document must not read off when its first one came.
        let id = FolderID.random(using: &random)
        return SubmittedFolder(
            folder: Folder(
                id: id, uniqueID: uniqueID ?? "urn:uuid:\(id)", patient: patient, title: title, codes: codes,
                comments: comments),
            isNew: true, documents: ids, path: path)
    }
}

/// What a submission puts into one folder.
package struct SubmittedFolder: Hashable, Sendable {
    /// The folder.
    package let folder: Folder
    /// Whether the submission makes it.
    package let isNew: Bool
    /// The documents that it puts into it, in order.
    package let documents: [DocumentID]
    /// Where it stands in the request, for errors.
    package let path: String

    /// A folder with what is put into it.
    package init(folder: Folder, isNew: Bool, documents: [DocumentID], path: String = "List") {
        self.folder = folder
        self.isNew = isNew
        self.documents = documents
        self.path = path
    }
}

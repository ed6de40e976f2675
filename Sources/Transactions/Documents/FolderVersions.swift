import DocumentExchange
import ExchangeCore
import XDSMetadata

/// Conditions about folders (`ifMatch` of a Bundle's entry): a folder is of the version in which the asker sees it.
///
/// So the question is the asker's own reading of the folder, decided and journaled like any other; one of which they see nothing is
/// as if it did not exist, and no condition holds of it.
extension Exchange {
    /// The documents of the folders that must be of a version: whoever replaces one of them meanwhile changes its folder.
    func watchedDocuments(_ request: ProvideRequest, _ submission: Submission) async throws(ExchangeError) -> Set<DocumentID> {
        var watched: Set<DocumentID> = []
        for (draft, folder) in zip(request.folders, submission.folders) where draft.condition != nil && !folder.isNew {
            let id = folder.folder.id.description
            let list = try await read { try await projection.lists(aboutList: id) }?.lists.first { $0.id == id && $0.kind == .folder }
            watched.formUnion((list?.members ?? []).map(\.document))
        }
        return watched
    }

    /// XDSMetadataVersionError unless each folder is of the version that its draft names.
    ///
    /// - Parameter watched: the documents that nobody else can replace until the submission is durable.
    func demandFolderVersions(
        _ request: ProvideRequest, _ submission: Submission, _ watched: Set<DocumentID>, for context: AccessContext,
    ) async throws(ExchangeError) {
        for (draft, folder) in zip(request.folders, submission.folders) {
            guard let condition = draft.condition else { continue }
            guard let (list, ticket) = try await seen(folder, for: context) else { throw Self.staleFolder(draft) }
            ticket.end()
            guard EntityTag.isNamed(list.versionTag, by: condition) else { throw Self.staleFolder(draft) }
        }
        guard try await watchedDocuments(request, submission).isSubset(of: watched) else {
            throw ExchangeError(.conflict, "something is being put into the folder right now; read it, then try again")
        }
    }

    /// The versions in which the asker sees the folders that they named a version of, by their place in the request; and the
    /// answer's tickets, since each is a reading. One that cannot be read just now has none: what was asked for is done.
    package func folderVersions(_ request: ProvideRequest, _ submission: Submission, for context: AccessContext) async
        -> (tags: [Int: String], tickets: [AnswersUnderWay.Ticket])
    {
        var (tags, tickets): ([Int: String], [AnswersUnderWay.Ticket]) = ([:], [])
        for (index, (draft, folder)) in zip(request.folders, submission.folders).enumerated() where draft.condition != nil {
            guard let (list, ticket) = try? await seen(folder, for: context) else { continue }
            tags[index] = list.versionTag
            tickets.append(ticket)
        }
        return (tags, tickets)
    }

    /// The refusal of a folder that is not of the version that was named, that shows nothing to the asker, or that is none.
    static func staleFolder(_ draft: FolderDraft) -> ExchangeError {
        let suffix = ".resource"
        let entry = draft.path.hasSuffix(suffix) ? String(draft.path.dropLast(suffix.count)) : draft.path
        return ExchangeError(
            .conflict, "XDSMetadataVersionError: you see no folder of the version that ifMatch says; read it, then put into that",
            at: entry + ".request.ifMatch")
    }

    /// A folder as the asker sees it; nil when they see none.
    private func seen(_ folder: SubmittedFolder, for context: AccessContext) async throws(ExchangeError)
        -> (list: FoundList, ticket: AnswersUnderWay.Ticket)?
    {
        do throws(ExchangeError) {
            return try await readList(folder.folder.id.description, for: context)
        } catch where error.code == .notFound {
            return nil
        }
    }
}

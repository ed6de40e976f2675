import ExchangeCore
import XDSMetadata

/// A submission as read and checked by itself, before patient and registry are looked at (ITI-65, ITI-105).
package struct ProvideRequest: Sendable {
    /// What one entry of the request was, for the answer, which has one entry per request entry in order.
    package enum Part: Hashable, Sendable {
        /// The submission set.
        case submissionSet
        /// The reference of the document with that index.
        case document(Int)
        /// The bytes of the document with that index.
        case content(Int)
        /// The folder with that index.
        case folder(Int)
        /// The patch that supersedes this reference.
        case supersede(String)
        /// The bundled Patient, which is not stored but resolved.
        case patient
        /// Something taken note of but not stored: a Practitioner, an Organization.
        case ignored(String)
    }

    /// The patient of the submission.
    package var patient: SubmittedPatient
    /// `uniqueId` of the submission set; nil when the recipient makes it (ITI-105).
    package var setUniqueID: String?
    /// `sourceId`.
    package var sourceID: String?
    /// When the source submitted it.
    package var submissionTime: PartialDate?
    /// `contentTypeCode`.
    package var contentType: CodedValue?
    /// Who submitted it.
    package var author: DocumentAuthor?
    /// The submission set's title.
    package var title: String?
    /// The submission set's comments.
    package var comments: String?
    /// For whom it is meant, as names.
    package var recipients: [String] = []
    /// Folders to be made or to be put into, in order.
    package var folders: [FolderDraft] = []
    /// The documents with their bytes, in order.
    package var documents: [(draft: DocumentDraft, bytes: [UInt8])]
    /// References that the source marks superseded by patch.
    package var superseded: [String]
    /// The version each of them must have, where the source says so (`ifMatch`).
    package var conditions: [String: String] = [:]
    /// What the request's entries were, in order.
    package var parts: [Part]
    /// Which document each Binary of the request belongs to, by their order.
    package var contentOwners: [Int]
    /// What was accepted in part, with its IHE code word.
    package var warnings: [String]

    /// A request from its patient and parts.
    package init(patient: SubmittedPatient) {
        self.patient = patient
        documents = []
        superseded = []
        parts = []
        contentOwners = []
        warnings = []
    }

    /// The submission for a resolved patient; new ids are drawn in order: set, then documents.
    ///
    /// What the documents replace is superseded, and so is what a patch says.
    /// - Parameter known: the folders that are there already, by the index of their draft.
    /// - Throws: `.notFound` (UnresolvedReferenceException) for a relation whose target is no entry of this node's
    /// form.
    package func submission(
        patient: PatientID, home: CommunityID, now: Timestamp, known: [Int: Folder] = [:],
        using random: inout some RandomNumberGenerator,
    ) throws(ExchangeError) -> Submission {
        let set = SubmissionID.ordered(at: now, using: &random)
        let ids = documents.map { _ in DocumentID.ordered(at: now, using: &random) }
        var submitted: [SubmittedDocument] = []
        var replaced: [DocumentID] = []
        for (index, document) in documents.enumerated() {
            var draft = document.draft
            for (number, relation) in draft.relations.enumerated() {
                guard
                    let target = relation.target
                        ?? Self.sibling(relation.reference).flatMap({
                            ids.indices.contains($0) ? ids[$0] : nil
                        })
                else {
                    throw Self.unresolved(at: "\(Self.path(index)).relatesTo[\(number)]")
                }
                draft.relations[number] = .init(relation.kind, target: target, reference: relation.reference)
                if relation.kind == .replaces, !replaced.contains(target) { replaced.append(target) }
            }
            let entry = draft.entry(
                id: ids[index], uniqueID: draft.uniqueID ?? "urn:uuid:\(ids[index])", patient: patient, home: home,
                bytes: document.bytes, registered: now)
            submitted.append(SubmittedDocument(entry: entry, bytes: document.bytes))
        }
        for reference in superseded {
            guard let id = DraftReading.documentID(reference) else { throw Self.unresolved(at: reference) }
            if !replaced.contains(id) { replaced.append(id) }
        }
        var filled: [SubmittedFolder] = []
        for (index, draft) in folders.enumerated() {
            filled.append(
                try draft.folder(known: known[index], patient: patient, documents: ids, using: &random))
        }
        return Submission(
            set: submissionSet(set, patient, ids, filled, now), documents: submitted, folders: filled,
            superseded: replaced, warnings: warnings)
    }

    private func submissionSet(
        _ id: SubmissionID, _ patient: PatientID, _ documents: [DocumentID], _ folders: [SubmittedFolder],
        _ now: Timestamp,
    ) -> SubmissionSet {
        var set = SubmissionSet(
            id: id, uniqueID: setUniqueID ?? "urn:uuid:\(id)", patient: patient, sourceID: sourceID,
            submissionTime: submissionTime ?? PartialDate(now), contentType: contentType, documents: documents)
        set.folders = folders.map(\.folder.id)
        set.author = author
        set.title = title
        set.comments = comments
        set.recipients = recipients
        return set
    }

    /// How a relation names another document of the same submission.
    static func siblingReference(_ index: Int) -> String { "#document-\(index)" }

    private static func sibling(_ reference: String) -> Int? {
        guard reference.utf8.starts(with: "#document-".utf8) else { return nil }
        return Int(reference.dropFirst(10))
    }

    /// Where a document is in an error about the submission as a whole.
    static func path(_ index: Int) -> String { "document[\(index)]" }

    static func unresolved(at location: String) -> ExchangeError {
        ExchangeError(
            .notFound, "UnresolvedReferenceException: the reference leads to no document of this node", at: location)
    }
}

import ExchangeCore
import XDSMetadata

/// What the registry already holds of the things a submission names, read in one snapshot.
package struct RegistryFacts: Sendable {
    /// Entries with a `uniqueId` that the submission uses, of any patient.
    package var sameUniqueID: [DocumentEntry]
    /// Entries that the submission's relations and patches point to.
    package var targets: [DocumentEntry]
    /// Entries that transform or append to a target: a replacement supersedes them too.
    package var dependents: [DocumentEntry]
    /// Whether the submission set's own `uniqueId` is in use.
    package var isSetKnown: Bool
    /// The `uniqueId`s of new folders that are in use.
    package var takenUniqueIDs: [String] = []
    /// Records that were merged into the submission's patient: what was registered for them is that patient's.
    package var merged: Set<PatientID> = []

    /// Facts from their parts.
    package init(
        sameUniqueID: [DocumentEntry] = [], targets: [DocumentEntry] = [], dependents: [DocumentEntry] = [],
        isSetKnown: Bool = false,
    ) {
        self.sameUniqueID = sameUniqueID
        self.targets = targets
        self.dependents = dependents
        self.isSetKnown = isSetKnown
    }

    /// Whether a record is the submission's patient, or was merged into it.
    func isOfPatient(_ record: PatientID, _ submission: Submission) -> Bool {
        record == submission.set.patient || merged.contains(record)
    }
}

/// The metadata rules of ITI-41, ITI-42 and ITI-65: one function each; a breach is an error with IHE's code word and
/// a location (ihe.md 2, 11).
package enum SubmissionRules {
    /// Every rule, against the registry as it stands.
    package static func check(_ submission: Submission, against facts: RegistryFacts) throws(ExchangeError) {
        try nothingEmpty(submission)
        try onePatient(submission)
        try uniqueWithinMessage(submission)
        try newSet(submission, facts)
        try identicalContent(submission, facts)
        try replacedStaysReplaced(submission, facts)
        try startBeforeStop(submission)
        try targetsKnown(submission, facts)
        try targetsOfSamePatient(submission, facts)
        try targetsCurrent(submission, facts)
        try checkFolders(submission, facts)
    }

    /// What a submission supersedes in all: its replaced entries and what transforms or appends to them (ITI-42,
    /// RPLC).
    package static func superseded(by submission: Submission, _ facts: RegistryFacts) -> [DocumentID] {
        var all = submission.superseded
        for child in facts.dependents where !all.contains(child.id) {
            let follows = child.relations.contains {
                ($0.kind == .transforms || $0.kind == .appends) && submission.superseded.contains($0.target)
            }
            if follows { all.append(child.id) }
        }
        return all
    }

    /// XDSMissingDocument: a submission has at least one document or folder, and hash and size are its bytes'.
    static func nothingEmpty(_ submission: Submission) throws(ExchangeError) {
        guard !submission.documents.isEmpty || !submission.folders.isEmpty else {
            throw ExchangeError(.badRequest, "XDSMissingDocument: the submission has no document", at: "Bundle.entry")
        }
        for (index, document) in submission.documents.enumerated() where document.entry.size != document.bytes.count {
            throw ExchangeError(
                .badRequest, "XDSRepositoryMetadataError: size is not the number of bytes",
                at: ProvideRequest.path(index) + ".size")
        }
    }

    /// XDSRepositoryMetadataError: what the source states of the bytes is true of them; gives back their digest.
    static func statedContent(_ draft: DocumentDraft, _ bytes: [UInt8], at path: String) throws(ExchangeError)
        -> ContentDigest
    {
        if let size = draft.size, size != bytes.count {
            throw ExchangeError(
                .badRequest, "XDSRepositoryMetadataError: size says \(size), the document has \(bytes.count) bytes",
                at: path + ".content[0].attachment.size")
        }
        let digest = ContentDigest(bytes)
        if let sha1 = draft.sha1, sha1 != digest.sha1 {
            throw ExchangeError(
                .badRequest, "XDSRepositoryMetadataError: hash is not the SHA-1 of the document's bytes",
                at: path + ".content[0].attachment.hash")
        }
        return digest
    }

    /// Limits: so many documents, so many bytes each.
    static func withinLimits(_ documents: [(draft: DocumentDraft, bytes: [UInt8])], _ limits: ExchangeLimits)
        throws(ExchangeError)
    {
        guard documents.count <= limits.documentsPerSubmissionMax else {
            throw ExchangeError(
                .tooLarge, "more than \(limits.documentsPerSubmissionMax) documents in one submission; send several",
                at: "Bundle.entry")
        }
        for (index, document) in documents.enumerated() where document.bytes.count > limits.documentBytesMax {
            throw ExchangeError(
                .tooLarge, "a document of more than \(limits.documentBytesMax) bytes", at: ProvideRequest.path(index))
        }
    }

    /// XDSPatientIdDoesNotMatch: all objects are of one patient.
    static func onePatient(_ submission: Submission) throws(ExchangeError) {
        for (index, document) in submission.documents.enumerated()
        where document.entry.patient != submission.set.patient {
            throw ExchangeError(
                .badRequest, "XDSPatientIdDoesNotMatch: set and documents must be of one patient",
                at: ProvideRequest.path(index))
        }
    }

    /// XDSRegistryDuplicateUniqueIdInMessage: no `uniqueId` twice in one submission.
    static func uniqueWithinMessage(_ submission: Submission) throws(ExchangeError) {
        var seen: Set<[UInt8]> = [Array(submission.set.uniqueID.utf8)]
        for (index, document) in submission.documents.enumerated()
        where !seen.insert(Array(document.entry.uniqueID.utf8)).inserted {
            throw ExchangeError(
                .badRequest, "XDSRegistryDuplicateUniqueIdInMessage: a uniqueId may stand once in a submission",
                at: ProvideRequest.path(index) + ".masterIdentifier")
        }
        for folder in submission.folders where !seen.insert(Array(folder.folder.uniqueID.utf8)).inserted {
            throw ExchangeError(
                .badRequest, "XDSRegistryDuplicateUniqueIdInMessage: a uniqueId may stand once in a submission",
                at: folder.path + ".identifier")
        }
    }

    /// XDSDuplicateUniqueIdInRegistry: a submission set is submitted once.
    static func newSet(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        guard !facts.isSetKnown else {
            throw ExchangeError(
                .conflict, "XDSDuplicateUniqueIdInRegistry: a submission set with this uniqueId is registered already",
                at: "List.identifier")
        }
    }

    /// XDSNonIdenticalSize, XDSNonIdenticalHash: a known `uniqueId` comes with the same bytes, which is no error.
    static func identicalContent(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        for (index, document) in submission.documents.enumerated() {
            for known in facts.sameUniqueID where same(known.uniqueID, document.entry.uniqueID) {
                guard known.sha256 != document.entry.sha256 else { continue }
                let word = known.size == document.entry.size ? "XDSNonIdenticalHash" : "XDSNonIdenticalSize"
                throw ExchangeError(
                    .conflict, word + ": this uniqueId is registered with other bytes; a new version needs a new one",
                    at: ProvideRequest.path(index) + ".masterIdentifier")
            }
        }
    }

    /// XDSRegistryDeprecatedDocumentError: what was replaced does not come back as current by being sent again.
    ///
    /// Stricter than ITI-42, which takes the same uniqueId with the same bytes a second time whatever became of the first:
    /// a feed that resends its archive would bring withdrawn doses back to the top of the list.
    static func replacedStaysReplaced(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        for (index, document) in submission.documents.enumerated() {
            let isReplaced = facts.sameUniqueID.contains {
                same($0.uniqueID, document.entry.uniqueID) && $0.status == .superseded
            }
            guard !isReplaced else {
                throw ExchangeError(
                    .conflict, "XDSRegistryDeprecatedDocumentError: this document was replaced here by a later version",
                    at: ProvideRequest.path(index) + ".masterIdentifier")
            }
        }
    }

    /// XDSRegistryMetadataError: care does not end before it begins.
    static func startBeforeStop(_ submission: Submission) throws(ExchangeError) {
        for (index, document) in submission.documents.enumerated() {
            guard let start = document.entry.serviceStart, let stop = document.entry.serviceStop,
                start.start >= stop.end
            else { continue }
            throw ExchangeError(
                .badRequest, "XDSRegistryMetadataError: the period ends before it starts",
                at: ProvideRequest.path(index) + ".context.period")
        }
    }

    /// UnresolvedReferenceException: what is related to or superseded exists, here or in the same submission.
    static func targetsKnown(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        let known = Set(facts.targets.map(\.id)).union(submission.documents.map(\.entry.id))
        for (location, target) in targets(submission) where !known.contains(target) {
            throw ExchangeError(
                .notFound, "UnresolvedReferenceException: the reference leads to no document of this node", at: location
            )
        }
    }

    /// XDSPatientIdDoesNotMatch: a document is related to documents of its own patient only.
    static func targetsOfSamePatient(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        for (location, target) in targets(submission) {
            guard let entry = facts.targets.first(where: { $0.id == target }), !facts.isOfPatient(entry.patient, submission)
            else { continue }
            // Said as if it did not exist: whose document it is must not be told.
            throw ExchangeError(
                .notFound, "UnresolvedReferenceException: the reference leads to no document of this node", at: location
            )
        }
    }

    /// XDSRegistryDeprecatedDocumentError: only a current document is replaced, transformed or appended to.
    static func targetsCurrent(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        var demanding = Set(submission.superseded)
        for document in submission.documents {
            demanding.formUnion(document.entry.relations.filter { $0.kind != .signs }.map(\.target))
        }
        for (location, target) in targets(submission) where demanding.contains(target) {
            guard facts.targets.first(where: { $0.id == target })?.status == .superseded else { continue }
            throw ExchangeError(
                .conflict,
                "XDSRegistryDeprecatedDocumentError: the document is superseded already; relate to the current one",
                at: location)
        }
    }

    private static func targets(_ submission: Submission) -> [(location: String, target: DocumentID)] {
        var targets: [(String, DocumentID)] = []
        for (index, document) in submission.documents.enumerated() {
            for (number, relation) in document.entry.relations.enumerated() {
                targets.append(("\(ProvideRequest.path(index)).relatesTo[\(number)]", relation.target))
            }
        }
        return targets + submission.superseded.map { ("DocumentReference/\($0)", $0) }
    }
}

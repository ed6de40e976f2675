import ExchangeCore
import XDSMetadata

/// The rules about folders (ITI TF-3 4.2.2.3, ITI-42): one function each.
extension SubmissionRules {
    /// Every rule about the folders of a submission.
    static func checkFolders(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        try newFolders(submission, facts)
        try foldersOfSamePatient(submission, facts)
        try membersKnown(submission, facts)
    }

    /// XDSDuplicateUniqueIdInRegistry: a folder is made once.
    static func newFolders(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        for folder in submission.folders where folder.isNew {
            guard !facts.takenUniqueIDs.contains(where: { same($0, folder.folder.uniqueID) }) else {
                throw ExchangeError(
                    .conflict, "XDSDuplicateUniqueIdInRegistry: the folder's uniqueId is in use already; PUT puts documents "
                        + "into a folder that is here", at: folder.path + ".identifier")
            }
        }
    }

    /// XDSPatientIdDoesNotMatch: a folder is of one patient. Another's is said to be unknown: whose it is must not be told.
    static func foldersOfSamePatient(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        for folder in submission.folders where !facts.isOfPatient(folder.folder.patient, submission) {
            throw ExchangeError(
                .notFound, "UnresolvedReferenceException: the reference leads to no folder of this node", at: folder.path)
        }
    }

    /// UnresolvedReferenceException: what is put into a folder is submitted with it, or here already and the same patient's.
    static func membersKnown(_ submission: Submission, _ facts: RegistryFacts) throws(ExchangeError) {
        let submitted = Set(submission.documents.map(\.entry.id))
        for folder in submission.folders {
            for (index, member) in folder.documents.enumerated() where !submitted.contains(member) {
                guard let entry = facts.targets.first(where: { $0.id == member }),
                    facts.isOfPatient(entry.patient, submission)
                else { throw ProvideRequest.unresolved(at: "\(folder.path).entry[\(index)].item") }
            }
        }
    }
}

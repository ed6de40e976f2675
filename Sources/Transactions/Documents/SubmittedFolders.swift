import DocumentExchange
import ExchangeCore
import PatientIndex
import XDSMetadata

/// Folders, conditions and recipients of a submission, against what is here.
extension Exchange {
    /// Members of folders that are named by their uniqueId get the entry's id; what is not here stays unresolved.
    func resolveMembers(_ request: ProvideRequest) async throws(ExchangeError) -> ProvideRequest {
        var request = request
        for (index, folder) in request.folders.enumerated() {
            for (place, member) in folder.members.enumerated() {
                guard case .named(let uniqueID) = member else { continue }
                let entries = try await read { try await projection.entries(uniqueID: uniqueID) }
                guard let entry = entries.first(where: { $0.status == .current }) ?? entries.first else { continue }
                request.folders[index].members[place] = .entry(entry.id)
            }
        }
        return request
    }

    /// The folders of a request that are here already, by their place in it.
    ///
    /// One of another patient's is as unknown as one that is not here; its uniqueId is taken all the same.
    func knownFolders(_ request: ProvideRequest) async throws(ExchangeError) -> [Int: Folder] {
        var known: [Int: Folder] = [:]
        for (index, draft) in request.folders.enumerated() where draft.mayExist {
            if let id = draft.id {
                let folder = try await read { try await projection.folder(id) }
                guard let folder, draft.uniqueID.map({ $0.utf8.elementsEqual(folder.uniqueID.utf8) }) ?? true else {
                    // That there is none of any version is for its condition to say.
                    if draft.condition != nil { continue }
                    throw ExchangeError(
                        .notFound, "UnresolvedReferenceException: the reference leads to no folder of this node", at: draft.path)
                }
                known[index] = folder
            } else if let uniqueID = draft.uniqueID {
                known[index] = try await read { try await projection.folder(uniqueID: uniqueID) }
            }
        }
        return known
    }

    /// What the registry holds that the folders of a submission have to do with.
    func addFolders(of submission: Submission, to facts: inout RegistryFacts) async throws(ExchangeError) {
        let submitted = Set(submission.documents.map(\.entry.id))
        for folder in submission.folders {
            if folder.isNew, try await read({ try await projection.submissionExists(uniqueID: folder.folder.uniqueID) }) {
                facts.takenUniqueIDs.append(folder.folder.uniqueID)
            }
            for id in folder.documents where !submitted.contains(id) && !facts.targets.contains(where: { $0.id == id }) {
                if let entry = try await read({ try await projection.entry(id) }) { facts.targets.append(entry) }
            }
        }
        let patient = submission.set.patient
        let others = Set(facts.targets.map(\.patient) + submission.folders.map(\.folder.patient)).subtracting([patient])
        for other in others {
            guard let record = try await read({ try await projection.patient(other) }) else { continue }
            if try await survivor(of: record)?.id == patient { facts.merged.insert(other) }
        }
    }

    /// XDSMetadataVersionError: a patch that names the version it changes is of that version.
    static func demandVersions(_ request: ProvideRequest, _ facts: RegistryFacts) throws(ExchangeError) {
        for (reference, condition) in request.conditions {
            guard let target = facts.targets.first(where: { reference.utf8.suffix(36).elementsEqual($0.id.description.utf8) })
            else { continue }
            guard EntityTag.isNamed(target.versionTag, by: condition) else {
                throw ExchangeError(
                    .conflict, "XDSMetadataVersionError: the document has another version than ifMatch says; read it, then change that",
                    at: "Bundle.entry.request.ifMatch")
            }
        }
    }

    /// What is to be said of recipients: nothing is sent on from here. Whoever it is meant for finds it by asking.
    func recipientWarnings(_ request: ProvideRequest) -> [String] {
        let others = request.recipients.filter { !$0.utf8.elementsEqual(settings.community.urn.utf8) }
        guard !others.isEmpty else { return [] }
        return [
            "UnavailableRecipient: \(others.count == 1 ? "the intended recipient is" : "\(others.count) intended recipients are") "
                + "kept with the submission; nothing is sent on from here"
        ]
    }
}

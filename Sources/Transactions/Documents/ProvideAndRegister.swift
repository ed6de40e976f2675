import DocumentExchange
import ExchangeCore
import Journal
import PatientIndex
import XDSMetadata

extension Exchange {
    /// ITI-41 and ITI-42, ITI-65, ITI-105: checks a submission against patient index and registry and makes it durable.
    ///
    /// All of it or nothing. Returns only after the entry with the documents' bytes has been synced and projected
    /// (promise 1). Errors carry IHE's code word and the place in the request.
    package func provideAndRegister(_ request: ProvideRequest, for context: AccessContext) async throws(ExchangeError)
        -> Submission
    {
        guard context.door != .peer else {
            throw ExchangeError(.forbidden, "documents are published at their own facility's node")
        }
        try Permissions.publish.demand(context)
        try PublishedContent.check(request.documents, limits: settings.limits)
        let patient = try await resolve(request.patient)
        var random = world.random
        let resolved = try await resolveMembers(resolveRelations(labelled(request)))
        var submission = try resolved.submission(
            patient: patient, home: settings.community, now: world.now(), known: try await knownFolders(resolved),
            using: &random)
        submission.warnings += recipientWarnings(request)
        if let warning = try await patientWarning(request.patient.demographics, registered: patient) {
            submission.warnings.append(warning)
        }
        let watched = try await watchedDocuments(resolved, submission)
        let held = names(of: submission) + watched.map(\.description)
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "one of these documents is being published right now; try again")
        }
        defer { submissions.end(held) }
        try await demandFolderVersions(resolved, submission, watched, for: context)
        let facts = try await registryFacts(of: submission)
        try SubmissionRules.check(submission, against: facts)
        try Self.demandVersions(resolved, facts)
        let record = SubmissionRecord(
            set: submission.set, entries: submission.documents.map(\.entry), folders: submission.folders,
            superseded: SubmissionRules.superseded(by: submission, facts), by: SubmissionRecord.Author(context),
            base: settings.clientBase)
        _ = try await journal.append(
            EntryDraft(
                kind: .submission, subject: patient, payload: record.payload,
                contents: submission.documents.map { DraftContent(document: $0.entry.id, bytes: $0.bytes) }, value: record))
        return submission
    }

    /// The request with the labels that its documents' content earns, whatever its metadata states.
    private func labelled(_ request: ProvideRequest) -> ProvideRequest {
        var request = request
        for index in request.documents.indices {
            let (draft, bytes) = request.documents[index]
            request.documents[index].draft.securityCodes = settings.labeler.labels(
                stated: draft.securityCodes, content: bytes, mimeType: draft.mimeType, limits: settings.limits)
        }
        return request
    }

    /// Finds the one registered patient a submission means; `.unknownPatient` (XDSUnknownPatientId) when there is none.
    func resolve(_ patient: SubmittedPatient) async throws(ExchangeError) -> PatientID {
        if let id = patient.record {
            let record = try await read { try await projection.patient(id) }
            if let record, let inUse = try await survivor(of: record) { return inUse.id }
        }
        var found: Set<PatientID> = []
        for identifier in patient.identifiers {
            found.formUnion(try await activePatients(identifier: identifier).map(\.id))
        }
        guard let only = found.first else {
            throw ExchangeError(
                .unknownPatient, "XDSUnknownPatientId: the patient is not registered here; register with hie patient add")
        }
        guard found.count == 1 else {
            throw ExchangeError(.conflict, "XDSPatientIdDoesNotMatch: the identifiers belong to different patients here")
        }
        return only
    }

    /// Relations that name a document by its uniqueId (as C-CDA's relatedDocument does) get the entry's id.
    ///
    /// What is not registered here cannot be replaced here: the relation is left out and said in the warnings.
    func resolveRelations(_ request: ProvideRequest) async throws(ExchangeError) -> ProvideRequest {
        var request = request
        for index in request.documents.indices {
            var resolved: [DocumentDraft.Relation] = []
            for relation in request.documents[index].draft.relations {
                guard relation.target == nil, relation.reference.utf8.starts(with: "urn:".utf8) else {
                    resolved.append(relation)
                    continue
                }
                let entries = try await read { try await projection.entries(uniqueID: relation.reference) }
                if let target = entries.first(where: { $0.status == .current }) ?? entries.first {
                    resolved.append(.init(relation.kind, target: target.id, reference: relation.reference))
                } else {
                    request.warnings.append(
                        "PartialReplaceContentNotProcessed: the document this one \(relation.kind.rawValue) is not registered here")
                }
            }
            request.documents[index].draft.relations = resolved
        }
        return request
    }

    /// What the registry holds that a submission has to do with.
    func registryFacts(of submission: Submission) async throws(ExchangeError) -> RegistryFacts {
        var facts = RegistryFacts()
        for document in submission.documents {
            facts.sameUniqueID += try await read { try await projection.entries(uniqueID: document.entry.uniqueID) }
            for relation in document.entry.relations {
                if let target = try await read({ try await projection.entry(relation.target) }) {
                    facts.targets.append(target)
                }
            }
        }
        for id in submission.superseded where !facts.targets.contains(where: { $0.id == id }) {
            if let target = try await read({ try await projection.entry(id) }) { facts.targets.append(target) }
        }
        if !submission.superseded.isEmpty {
            var children = DocumentQuery()
            children.relatedTo = submission.superseded
            facts.dependents = try await read {
                try await projection.entries(of: submission.set.patient, matching: children)
            }
        }
        try await addFolders(of: submission, to: &facts)
        facts.isSetKnown = try await read { try await projection.submissionExists(uniqueID: submission.set.uniqueID) }
        return facts
    }

    private func names(of submission: Submission) -> [String] {
        var names: Set<String> = [submission.set.uniqueID]
        for document in submission.documents {
            names.insert(document.entry.uniqueID)
            names.formUnion(document.entry.relations.map(\.target.description))
        }
        names.formUnion(submission.superseded.map(\.description))
        for folder in submission.folders {
            names.insert(folder.folder.uniqueID)
            names.formUnion(folder.documents.map(\.description))
        }
        return names.sorted()
    }
}

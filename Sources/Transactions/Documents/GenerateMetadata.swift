import CDA
import DocumentExchange
import DocumentReview
import ExchangeCore
import FHIRModel
import JSON
import Terminology
import XDSMetadata
import XML

/// The metadata this node would register a document with, and what its publisher should know first; nothing is stored.
package struct GeneratedMetadata: Sendable {
    /// The `DocumentReference`, complete but for its bytes.
    package let reference: JSONObject
    /// What is wrong or could be better, worst first: of the document, its patient, and the registry.
    package let findings: [ReviewFinding]
    /// The current entry that holds the same document already; nil when none does.
    package let registered: DocumentID?
    /// Who could read it under present consent.
    package let readers: ProspectiveReaders
    /// To be ended when the answer has left.
    package let ticket: AnswersUnderWay.Ticket
}

extension Exchange {
    /// ITI-106 Generate Metadata: what a C-CDA says of itself, reviewed, with the patient resolved against this node's index.
    ///
    /// That its patient was looked up stands in the patient's access log, and in that of another whom it seems to be about.
    /// Throws `.badRequest` for what is no C-CDA or lacks what a registry entry needs, naming the first such place, and
    /// `.unknownPatient` when its patient is not registered here.
    package func generateMetadata(_ bytes: [UInt8], for context: AccessContext) async throws(ExchangeError)
        -> GeneratedMetadata
    {
        guard context.door != .peer else {
            throw ExchangeError(.forbidden, "documents are published at their own facility's node")
        }
        try Permissions.publish.demand(context)
        let root = try ClinicalDocument.root(bytes, limits: MetadataDerivation.xmlLimits(settings.limits))
        let document = try ClinicalDocument.read(root)
        let derived = MetadataDerivation.derive(document, of: bytes, labeler: settings.labeler)
        guard !derived.patient.identifiers.isEmpty else {
            throw ExchangeError(
                .unknownPatient, "the C-CDA names no patient by an identifier",
                at: "/ClinicalDocument/recordTarget/patientRole/id")
        }
        if let first = derived.findings.first(where: \.isError) {
            throw ExchangeError(.badRequest, first.message, at: first.path)
        }
        guard derived.draft.uniqueID != nil else {
            throw ExchangeError(.badRequest, "the document has no id", at: "/ClinicalDocument/id")
        }
        let patient = try await resolve(derived.patient)
        var request = ProvideRequest(patient: derived.patient)
        request.documents = [(derived.draft, bytes)]
        var random = world.random
        let submission = try await resolveRelations(request).submission(
            patient: patient, home: settings.community, now: world.now(), using: &random)
        let entry = submission.documents[0].entry
        let (registered, registryFindings) = try await registryFindings(submission)
        var findings = registryFindings
        let (aboutPatient, another) = try await patientFindings(derived.patient.demographics, registered: patient)
        findings += aboutPatient
        findings += try DocumentReviewer.review(
            root, header: document, now: world.now(), releases: terminology.releases())
        let (readers, ticket) = try await readers(of: entry, comparedWith: another, for: context)
        var reference = DocumentReferenceMapping.json(entry, base: settings.clientBase)
        reference["id"] = nil  // The node gives one when the document is published.
        return GeneratedMetadata(
            reference: reference, findings: DocumentReviewer.ordered(findings), registered: registered, readers: readers,
            ticket: ticket)
    }

    /// What the registry would say to the document: refusals as errors, what it would leave out as warnings.
    private func registryFindings(_ submission: Submission) async throws(ExchangeError)
        -> (registered: DocumentID?, findings: [ReviewFinding])
    {
        var registered: DocumentID?
        var findings = submission.warnings.map {
            ReviewFinding(.warning, .registry, "ClinicalDocument/relatedDocument", $0)
        }
        do throws(ExchangeError) {
            let facts = try await registryFacts(of: submission)
            let entry = submission.documents.first?.entry
            let same = facts.sameUniqueID.filter { $0.sha256 == entry?.sha256 && $0.patient == entry?.patient }
            registered = (same.first { $0.status == .current } ?? same.first)?.id
            // Whatever took its place since: there is nothing to be sent.
            guard registered == nil else {
                findings.append(
                    ReviewFinding(
                        .advice, .registry, "ClinicalDocument/id", "the same document is registered here already"))
                return (registered, findings)
            }
            try SubmissionRules.check(submission, against: facts)
        } catch {
            guard [.badRequest, .conflict, .notFound, .gone].contains(error.code) else { throw error }
            findings.append(
                ReviewFinding(
                    .error, .registry, "ClinicalDocument/" + (error.code == .conflict ? "id" : "relatedDocument"),
                    "it would be refused: " + error.message, basis: "IHE ITI TF-3 4.2"))
        }
        return (registered, findings)
    }
}

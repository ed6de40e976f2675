import DocumentExchange
import ExchangeCore
import JSON
import XDSMetadata

/// The metadata this node would register a document with, and what its publisher should know first.
package struct GeneratedMetadata: Sendable {
    /// The `DocumentReference`, complete but for its bytes; nothing is stored.
    package let reference: JSONObject
    /// What is missing or doubtful, worst first.
    package let findings: [DerivedMetadata.Finding]
}

extension Exchange {
    /// ITI-106 Generate Metadata: what a C-CDA says of itself, with the patient resolved against this node's index.
    ///
    /// Throws `.badRequest` for what is no C-CDA or lacks what a registry entry needs, naming the first such place, and
    /// `.unknownPatient` when its patient is not registered here.
    package func generateMetadata(_ bytes: [UInt8], for context: AccessContext) async throws(ExchangeError)
        -> GeneratedMetadata
    {
        guard context.door != .peer else {
            throw ExchangeError(.forbidden, "documents are published at their own facility's node")
        }
        let derived = try MetadataDerivation.derive(bytes, limits: settings.limits, labeler: settings.labeler)
        guard !derived.patient.identifiers.isEmpty else {
            throw ExchangeError(
                .unknownPatient, "the C-CDA names no patient by an identifier",
                at: "/ClinicalDocument/recordTarget/patientRole/id")
        }
        if let first = derived.findings.first(where: \.isError) {
            throw ExchangeError(.badRequest, first.message, at: first.path)
        }
        guard let uniqueID = derived.draft.uniqueID else {
            throw ExchangeError(.badRequest, "the document has no id", at: "/ClinicalDocument/id")
        }
        let patient = try await resolve(derived.patient)
        var request = ProvideRequest(patient: derived.patient)
        request.documents = [(derived.draft, bytes)]
        request = try await resolveRelations(request)
        var random = world.random
        let now = world.now()
        let entry = request.documents[0].draft.entry(
            id: .ordered(at: now, using: &random), uniqueID: uniqueID, patient: patient, home: settings.community,
            bytes: bytes, registered: now)
        var reference = DocumentReferenceMapping.json(entry, base: settings.clientBase)
        reference["id"] = nil  // The node gives one when the document is published.
        let findings =
            derived.findings
            + request.warnings.map { .init(isError: false, path: "/ClinicalDocument/relatedDocument", message: $0) }
        return GeneratedMetadata(reference: reference, findings: findings)
    }
}

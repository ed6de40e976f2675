import ExchangeCore
import DocumentExchange
import JSON
import XDSMetadata

/// What came of a conditional publication.
package enum ConditionalSubmission: Sendable {
    /// Nothing was there: it was published.
    case published(Submission)
    /// One document was there that the publisher may see; nothing was published.
    case found(FoundDocument, AnswersUnderWay.Ticket?)
    /// Several were there; nothing was published.
    case several(AnswersUnderWay.Ticket?)
}

extension Exchange {
    /// ITI-105 with `If-None-Exist`: publishes a document unless the patient has one that answers the query.
    ///
    /// The query is a search like any other: decided and journaled, and what consent hides from the publisher is as if it were
    /// not there (T83). Two of the same condition at once: one is told to come again.
    package func provideUnlessFound(
        _ request: ProvideRequest, matching query: DocumentQuery, of named: PatientID?, for context: AccessContext,
    ) async throws(ExchangeError) -> ConditionalSubmission {
        try Permissions.publish.demand(context)
        let patient = try await resolve(request.patient)
        guard named == nil || named == patient else {
            throw ExchangeError(
                .badRequest, "If-None-Exist names another patient than the document: leave the patient out of it", at: "If-None-Exist")
        }
        let held = ["if-none-exist \(patient) \(query)"]
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "the same is being published right now; try again")
        }
        defer { submissions.end(held) }
        let found = try await findDocuments(of: patient, matching: query, for: context)
        if found.rows.count > 1 { return .several(found.ticket) }
        if let row = found.rows.first { return .found(row, found.ticket) }
        found.ticket?.end()
        return .published(try await provideAndRegister(request, for: context))
    }
}

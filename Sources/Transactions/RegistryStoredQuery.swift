import ExchangeCore
import XDSMetadata

/// Documents of one patient, as one community shows them to one requester.
package struct FoundDocuments: Sendable {
    /// `DocumentReference` resources as FHIR JSON, newest first.
    package let references: [[UInt8]]
    /// What each community said.
    package let receipt: CompletenessReceipt
    /// To be ended when the answer has left; nil when nothing about anybody is in it.
    package let ticket: AnswersUnderWay.Ticket?
}

extension Exchange {
    /// ITI-18 FindDocuments, ITI-67 Find Document References, at this node alone.
    ///
    /// An unknown patient gets an empty answer, exactly like one whose consent hides everything.
    package func findDocuments(of patient: PatientID, matching query: DocumentQuery, for context: AccessContext)
        async throws(ExchangeError) -> FoundDocuments
    {
        try await admit(context)
        let started = world.uptime()
        let disclosure = try await disclose(for: context, transaction: "ITI-67") {
            try await projection.facts(about: patient, matching: query)
        }
        let references = disclosure?.documents.map(\.reference) ?? []
        return FoundDocuments(
            references: references,
            receipt: CompletenessReceipt([ownAnswer(count: references.count, since: started)]),
            ticket: disclosure?.ticket)
    }

    /// This node's own line in a receipt.
    func ownAnswer(count: Int, since started: Duration) -> CommunityAnswer {
        CommunityAnswer(
            community: settings.community, name: settings.name, state: count == 0 ? .none : .answered(count),
            elapsed: world.uptime() - started)
    }
}

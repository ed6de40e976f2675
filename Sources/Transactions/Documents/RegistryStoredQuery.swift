import ConsentEngine
import ExchangeCore
import XDSMetadata

/// Documents of one patient, as one community shows them to one requester.
package struct FoundDocuments: Sendable {
    /// A search across communities that can be gone on with.
    package struct Search: Hashable, Sendable {
        /// Its name.
        package let token: String
        /// How many communities' answers are in this list.
        package let seen: Int
        /// Whether everybody has answered who will.
        package let isOver: Bool

        /// A search that can be gone on with.
        package init(token: String, seen: Int, isOver: Bool) {
            self.token = token
            self.seen = seen
            self.isOver = isOver
        }
    }

    /// The documents, newest first.
    package let rows: [FoundDocument]
    /// What each community said.
    package let receipt: CompletenessReceipt
    /// To be ended when the answer has left; nil when nothing about anybody is in it.
    package let ticket: AnswersUnderWay.Ticket?
    /// How to go on; nil where only one node was asked.
    package let search: Search?

    /// An answer from its parts.
    package init(
        rows: [FoundDocument], receipt: CompletenessReceipt, ticket: AnswersUnderWay.Ticket?, search: Search? = nil,
    ) {
        self.rows = rows
        self.receipt = receipt
        self.ticket = ticket
        self.search = search
    }

    /// `DocumentReference` resources as FHIR JSON, newest first.
    package var references: [[UInt8]] { rows.map(\.reference) }
}

extension Exchange {
    /// ITI-18 FindDocuments, ITI-67 Find Document References, at this node alone.
    ///
    /// An unknown patient gets an empty answer, exactly like one whose consent hides everything.
    package func findDocuments(of patient: PatientID, matching query: DocumentQuery, for context: AccessContext)
        async throws(ExchangeError) -> FoundDocuments
    {
        try await admit(context, to: Permissions.findDocuments)
        let started = world.uptime()
        let disclosure = try await disclose(for: context, transaction: "ITI-67", records: \.consent.records) {
            try await projection.facts(about: patient, matching: query)
        }
        let rows = (disclosure?.documents ?? []).map {
            FoundDocument(registered: $0.registered, id: $0.facts.id, reference: $0.reference)
        }
        return FoundDocuments(
            rows: rows, receipt: CompletenessReceipt([ownAnswer(count: rows.count, since: started)]),
            ticket: disclosure?.ticket)
    }

    /// This node's own line in a receipt.
    func ownAnswer(count: Int, since started: Duration) -> CommunityAnswer {
        CommunityAnswer(
            community: settings.community, name: settings.name, state: count == 0 ? .none : .answered(count),
            elapsed: world.uptime() - started)
    }
}

import ConsentEngine
import ExchangeCore
import Journal
import PatientIndex
import XDSMetadata

/// What an act would change, before anybody decides on it.
package struct ActPreview: Sendable {
    /// The act as it would be recorded.
    package let act: IdentityAct
    /// Records that change their person.
    package let records: Int
    /// Documents that stand under them.
    package let documents: Int
    /// Consent directives whose scope changes: those of the records that move, which speak for other documents then, and
    /// those of the records they come to or leave.
    package let directives: [DirectiveID]
    /// Other communities that know one of the records; who the person is there is asked anew.
    package let correlations: Int
}

extension IdentityDesk {
    /// What an act would change; nothing is recorded.
    package func preview(_ composed: ComposedAct) async throws(ExchangeError) -> ActPreview {
        let moved = Set(composed.act.moves.map(\.record))
        var documents = 0
        var directives: [DirectiveID] = []
        for record in moved.isEmpty ? [] : composed.records {
            let facts = try await read { try await projection.facts(about: record, matching: DocumentQuery()) }
            if moved.contains(record) { documents += facts.ownDocuments.count }
            let own = facts.consent.parts.first { $0.record == record }?.consent.directives ?? []
            directives += own.filter { $0.status == .active }.map(\.id)
        }
        return ActPreview(
            act: composed.act, records: moved.count, documents: documents, directives: directives,
            correlations: correlations(composed.records))
    }
}

import ExchangeCore
import JSON
import Journal

/// The outgoing feed of audit events (ITI-20): an outbox without an end to its patience, whose events carry a tag by which
/// one that arrives twice is known.
package typealias AuditFeed = JournalOutbox<AuditCourier>

/// Carries the journal's entries to a repository as audit events.
package struct AuditCourier: OutboxCourier {
    private let repository: String
    private let client: any AuditRepositoryClient
    private let exchange: Exchange
    private let origin: String
    private let view: AuditEventView

    /// A courier to a repository's base URL, from a log.
    package init(to repository: String, by client: any AuditRepositoryClient, exchange: Exchange, origin: String) {
        self.repository = repository
        self.client = client
        self.exchange = exchange
        self.origin = origin
        view = AuditEventView(node: exchange.settings.community, base: exchange.settings.clientBase)
    }

    package var receiver: String { repository }

    package func parcels(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> (
        parcels: [Parcel<JSONObject>], next: JournalPosition
    ) {
        let entries = try await exchange.reader.entries(from: position, limit: limit)
        let parcels = entries.flatMap { entry in
            view.events(entry).enumerated().map { part, event in
                Parcel(entry: entry.position, part: part, recorded: entry.time, content: event.fed(from: origin))
            }
        }
        return (parcels, entries.last.map { $0.position + 1 } ?? position)
    }

    package func send(_ parcel: Parcel<JSONObject>, number: UInt64) async -> OutboxVerdict {
        do throws(ExchangeError) {
            return OutboxVerdict(status: try await client.record(JSONWriter.bytes(.object(parcel.content))))
        } catch {
            return .later(error.message)
        }
    }
}

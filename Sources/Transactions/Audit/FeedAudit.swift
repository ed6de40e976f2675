import ExchangeCore
import JSON
import Journal
import Logging
import Synchronization

/// The outgoing feed of audit events (ITI-20): the journal is its outbox, so nothing is lost that was recorded; what is
/// kept of its own is how far it has come.
///
/// Events leave in the order of the journal, each again until it was answered. After a `kill -9` those of at most one batch
/// are sent again, under the same tag.
package final class AuditFeed: Sendable {
    /// Entries between two places that are kept.
    package static let batch = 32
    /// The longest pause between two tries, and the first.
    package static let pauseMax = Duration.seconds(60)
    private static let pauseMin = Duration.seconds(1)
    private static let idle = Duration.milliseconds(250)

    private let repository: String
    private let client: any AuditRepositoryClient
    private let store: any AuditFeedStore
    private let state: Mutex<AuditFeedStatus?> = Mutex(nil)

    /// A feed to a repository's base URL.
    package init(to repository: String, by client: any AuditRepositoryClient, store: any AuditFeedStore) {
        self.repository = repository
        self.client = client
        self.store = store
    }

    /// How it fares; nil before it began.
    package var status: AuditFeedStatus? { state.withLock { $0 } }

    /// Sends what the journal holds and goes on to hold, until cancelled. Throws when the place cannot be read or kept.
    package func run(_ exchange: Exchange, origin: String) async throws(ExchangeError) {
        var place = try await store.place() ?? AuditFeedPlace(origin: origin)
        // A log that was begun anew after a loss, or an older copy of it, is sent from its start.
        if place.origin != origin || place.entry > exchange.journal.size {
            place = AuditFeedPlace(origin: origin)
            try await store.keep(place)
        }
        state.withLock { $0 = AuditFeedStatus(repository: repository, place: place) }
        let view = AuditEventView(node: exchange.settings.community, base: exchange.settings.clientBase)
        while !Task.isCancelled {
            let entries = try await exchange.reader.entries(from: place.entry, limit: Self.batch)
            guard !entries.isEmpty else {
                do { try await exchange.world.sleep(Self.idle) } catch { return }
                continue
            }
            for entry in entries {
                for event in view.events(entry) {
                    guard let verdict = await deliver(event.fed(from: origin), exchange) else {
                        return try await store.keep(place)
                    }
                    guard verdict == .refused else { continue }
                    place.refused += 1
                    exchange.logger.warning(
                        "the audit repository refused an event for good; it stays in the journal",
                        metadata: ["event": "\(event["id"]?.string ?? "")"])
                }
                place.entry = entry.position + 1
                state.withLock { $0?.place = place }
            }
            try await store.keep(place)
        }
    }

    /// Sends one event until it is taken or refused for good; nil when cancelled.
    private func deliver(_ event: JSONObject, _ exchange: Exchange) async -> AuditFeedVerdict? {
        let bytes = JSONWriter.bytes(.object(event))
        var pause = Self.pauseMin
        while !Task.isCancelled {
            let why: String
            do throws(ExchangeError) {
                let status = try await client.record(bytes)
                let verdict = AuditFeedVerdict(status: status)
                if verdict != .later {
                    mend(exchange)
                    return verdict
                }
                why = "the repository answers \(status)"
            } catch {
                why = error.message
            }
            fail(why, pause, exchange)
            do { try await exchange.world.sleep(pause) } catch { return nil }
            pause = min(pause * 2, Self.pauseMax)
        }
        return nil
    }

    private func fail(_ why: String, _ pause: Duration, _ exchange: Exchange) {
        let now = exchange.world.now()
        let isNew = state.withLock { state in
            defer {
                if state?.failingSince == nil { state?.failingSince = now }
                state?.failure = why
                state?.nextTry = now + pause
            }
            return state?.failure != why
        }
        if isNew { exchange.logger.warning("audit events wait for their repository", metadata: ["because": "\(why)"]) }
    }

    private func mend(_ exchange: Exchange) {
        let wasFailing = state.withLock { state in
            defer {
                state?.failingSince = nil
                state?.failure = nil
                state?.nextTry = nil
            }
            return state?.failingSince != nil
        }
        if wasFailing { exchange.logger.notice("the audit repository takes events again") }
    }
}

import Crypto
import ExchangeCore
import Synchronization

/// The one door into the journal: seals, orders, makes durable, projects, and only then answers.
///
/// Sealing and hashing run in the caller; waiting callers share one write and one sync, and a few of them one projection
/// transaction (`GroupQueue`). After a failed write, sync or projection it refuses everything, for ever: the node opens its store
/// anew from the disk once that takes writes again.
package final class JournalWriter: Sendable {
    /// Entries that stand or fall together, one behind the other.
    private struct Item: Sendable {
        let sealed: [SealedEntry]
        let drafts: [EntryDraft]
    }

    /// A part of a group that is shown in one transaction: whole items, in order.
    private struct Part: Sendable {
        var committed: [CommittedEntry] = []
        var outcomes: [Outcome] = []
    }

    private typealias Outcome = Result<[EntryReceipt], ExchangeError>

    private struct State {
        var frontier: MerkleFrontier
        var failure: ExchangeError?
        var watched = WatchedPositions()
    }

    private let store: any JournalStore
    private let keyring: any KeyringStore
    private let projection: any Projection
    private let world: World
    private let limits: JournalLimits
    private let state: Mutex<State>
    private let queue: GroupQueue<Item, Part, Outcome>

    /// A writer that goes on at the end of the store.
    ///
    /// The projection must be up to date (`JournalReader.bringUpToDate`); else throws `.conflict`.
    package init(
        store: any JournalStore, keyring: any KeyringStore, projection: any Projection, world: World,
        limits: JournalLimits = JournalLimits(),
    ) async throws(ExchangeError) {
        let head = try await store.head()
        let mark = try await projection.applied()
        guard mark == AppliedMark(origin: store.origin, next: head.size, leaf: head.leaf) else {
            throw ExchangeError(.conflict, "the projection is not up to date with the journal; rebuild it first")
        }
        self.store = store
        self.keyring = keyring
        self.projection = projection
        self.world = world
        self.limits = limits
        state = Mutex(State(frontier: head.frontier, watched: WatchedPositions(knownFrom: head.size)))
        queue = GroupQueue(
            waitingMax: limits.waitingMax, waitingCostMax: limits.waitingBytesMax, groupMax: limits.groupEntriesMax,
            groupCostMax: limits.groupBytesMax)
    }

    /// How many entries are durable.
    package var size: JournalPosition { state.withLock { $0.frontier.size } }

    /// The root of the tree over the durable entries, 32 bytes.
    package var root: [UInt8] { state.withLock { $0.frontier.root } }

    /// Why the writer refuses everything; nil while it works.
    package var failure: ExchangeError? { state.withLock { $0.failure } }

    /// Records an entry; when it returns, the entry is durable and the projection shows it.
    ///
    /// Throws `.conflict` when what the draft watches changed since its facts were read (read them again and decide
    /// again: by then the projection shows the change), `.gone` when the subject's key was erased, `.tooLarge`,
    /// and `.unavailable` when too many wait or the journal can no longer be written.
    package func append(_ draft: EntryDraft) async throws(ExchangeError) -> EntryReceipt {
        guard let receipt = try await append([draft]).first else {
            throw ExchangeError(.internal, "an entry without a receipt")
        }
        return receipt
    }

    /// Records several entries as one: all of them, one behind the other in one group, or none. Errors as for one.
    package func append(_ drafts: [EntryDraft]) async throws(ExchangeError) -> [EntryReceipt] {
        if let failure { throw failure }
        guard !drafts.isEmpty, drafts.count <= limits.groupEntriesMax else {
            throw ExchangeError(.tooLarge, "between 1 and \(limits.groupEntriesMax) entries are recorded as one")
        }
        var sealed: [SealedEntry] = []
        for draft in drafts { sealed.append(try await seal(draft)) }
        let item = Item(sealed: sealed, drafts: drafts.map(\.withoutContents))
        let cost = sealed.reduce(0) { $1.contents.reduce($0 + $1.bytes.count) { $0 + $1.bytes.count } }
        let outcome = await queue.submit(
            item, cost: cost, first: { await self.write($0) }, second: { await self.project($0) })
        guard let outcome else {
            throw ExchangeError(.unavailable, "too many entries wait for the journal; try again later")
        }
        return try outcome.get()
    }

    private func seal(_ draft: EntryDraft) async throws(ExchangeError) -> SealedEntry {
        try check(draft)
        var key: SymmetricKey?
        if let subject = draft.subject { key = try await keyring.keyOrCreate(for: subject) }
        return try EntrySealer(world: world).seal(draft, key: key)
    }

    private func check(_ draft: EntryDraft) throws(ExchangeError) {
        guard draft.subject != nil || (draft.contents.isEmpty && draft.kind != .consent) else {
            throw ExchangeError(.internal, "an entry with documents or consent needs a subject")
        }
        guard draft.removes.isEmpty == (draft.kind != .erasure), draft.kind != .erasure || draft.subject == nil else {
            throw ExchangeError(.internal, "an erasure stands in clear and names what it removes, and nothing else does")
        }
        guard draft.payload.count <= limits.payloadBytesMax else {
            throw ExchangeError(.tooLarge, "entry payload exceeds \(limits.payloadBytesMax) bytes")
        }
        guard max(draft.contents.count, draft.removes.count) <= limits.contentsMax else {
            throw ExchangeError(.tooLarge, "more than \(limits.contentsMax) documents in one entry")
        }
        guard draft.contents.allSatisfy({ $0.bytes.count <= limits.contentBytesMax }) else {
            throw ExchangeError(.tooLarge, "document exceeds \(limits.contentBytesMax) bytes")
        }
        guard draft.contents.reduce(draft.payload.count, { $0 + $1.bytes.count }) <= limits.entryBytesMax else {
            throw ExchangeError(.tooLarge, "entry with its documents exceeds \(limits.entryBytesMax) bytes")
        }
    }

    /// First stage: gives the entries their places, refuses those whose facts are stale, and makes the rest durable.
    private func write(_ items: [Item]) async -> [Part] {
        let (frontier, failure, before) = state.withLock { ($0.frontier, $0.failure, $0.watched) }
        if let failure { return [Part(outcomes: items.map { _ in .failure(failure) })] }
        var watched = before
        var next = frontier
        var accepted: [Item] = []
        var outcomes: [Outcome?] = []
        for item in items {
            guard item.drafts.allSatisfy(watched.permits) else {
                let stale = ExchangeError(
                    .conflict, "the patient's consent, or whose records these are, changed while the request was decided")
                outcomes.append(.failure(stale))
                continue
            }
            for (draft, sealed) in zip(item.drafts, item.sealed) {
                watched.note(draft, at: next.size)
                next.append(sealed.leaf)
            }
            accepted.append(item)
            outcomes.append(nil)
        }
        guard !accepted.isEmpty else { return [Part(outcomes: outcomes.compactMap { $0 })] }
        let group = JournalGroup(firstPosition: frontier.size, entries: accepted.flatMap(\.sealed), frontier: next)
        do throws(ExchangeError) {
            let locations = try await store.append(group)
            // What cannot be opened after the next start must not be acknowledged.
            try keyring.demandInPlace()
            let committed = try commit(group, accepted, locations)
            state.withLock { state in
                state.frontier = next
                state.watched = watched
            }
            return parts(of: outcomes, accepted, committed)
        } catch {
            let failure = fail(error)
            return [Part(outcomes: items.map { _ in .failure(failure) })]
        }
    }

    /// Parts a group: an item with its entries stays whole, and who was refused waits for what it was refused for.
    private func parts(of outcomes: [Outcome?], _ accepted: [Item], _ committed: [CommittedEntry]) -> [Part] {
        var parts: [Part] = []
        var part = Part()
        var rest = committed[...]
        var taken = accepted.makeIterator()
        for outcome in outcomes {
            if let outcome {
                part.outcomes.append(outcome)
            } else if let item = taken.next() {
                let own = rest.prefix(item.drafts.count)
                rest = rest.dropFirst(own.count)
                part.committed += own
                part.outcomes.append(.success(own.map(EntryReceipt.init)))
            }
            if part.outcomes.count >= limits.partItems || part.committed.count >= limits.partEntries {
                parts.append(part)
                part = Part()
            }
        }
        return part.outcomes.isEmpty ? parts : parts + [part]
    }

    private func commit(
        _ group: JournalGroup, _ items: [Item], _ locations: [EntryLocation],
    ) throws(ExchangeError) -> [CommittedEntry] {
        let drafts = items.flatMap(\.drafts)
        guard locations.count == drafts.count else {
            throw ExchangeError(.internal, "the store placed \(locations.count) entries of \(drafts.count)")
        }
        var committed: [CommittedEntry] = []
        committed.reserveCapacity(drafts.count)
        for ((draft, sealed), location) in zip(zip(drafts, group.entries), locations) {
            guard let contents = sealed.header.references(before: location) else {
                throw ExchangeError(.internal, "the store placed an entry before its documents")
            }
            committed.append(
                CommittedEntry(
                    position: group.firstPosition + UInt64(committed.count), kind: draft.kind,
                    time: sealed.header.time, subject: draft.subject, payload: draft.payload,
                    leaf: sealed.leaf, contents: contents, value: draft.value))
        }
        return committed
    }

    /// Second stage: shows the entries in the projection.
    private func project(_ part: Part) async -> [Outcome] {
        guard !part.committed.isEmpty else { return part.outcomes }
        do throws(ExchangeError) {
            // An earlier part that is durable but not projected must not be jumped over.
            if let failure { throw failure }
            try await projection.apply(part.committed)
            return part.outcomes
        } catch {
            let failure = fail(error)
            return part.outcomes.map { _ in .failure(failure) }
        }
    }

    private func fail(_ cause: ExchangeError) -> ExchangeError {
        state.withLock { state in
            if let failure = state.failure { return failure }
            let failure = ExchangeError(
                .unavailable, "the journal cannot be written: \(cause.message)",
                at: cause.location)
            state.failure = failure
            return failure
        }
    }
}

extension EntryDraft {
    /// What is left to know once the documents are sealed: they are not held in clear while the entry waits.
    fileprivate var withoutContents: EntryDraft {
        EntryDraft(
            kind: kind, subject: subject, payload: payload, consentUnchangedSince: consentUnchangedSince,
            watching: watching, changing: changing, value: value)
    }
}

extension EntryReceipt {
    init(_ entry: CommittedEntry) {
        self.init(position: entry.position, leaf: entry.leaf, time: entry.time, contents: entry.contents)
    }
}

import ExchangeCore

/// Reads the journal in clear: entries for projections, documents for those who may see them.
package struct JournalReader: Sendable {
    /// What bringing a projection up to date took.
    package struct Report: Sendable, Equatable {
        /// Why it was begun again from the first entry; nil when it was merely continued.
        package let rebuiltBecause: String?
        /// How many entries were applied.
        package let applied: UInt64
    }

    let store: any JournalStore
    let keyring: any KeyringStore

    /// A reader over a store and the keys to it.
    package init(store: any JournalStore, keyring: any KeyringStore) {
        self.store = store
        self.keyring = keyring
    }

    /// Up to `limit` entries from a position on, opened; none at the end. Throws `.corrupted` naming segment and
    /// offset.
    package func entries(
        from position: JournalPosition, limit: Int,
    ) async throws(ExchangeError) -> [CommittedEntry] {
        try await opened(try await store.read(from: position, limit: limit))
    }

    /// A document's bytes in clear. Throws `.gone` when the patient's key was erased, `.corrupted` when the bytes are
    /// not this document's.
    package func document(
        _ reference: ContentReference, of patient: PatientID,
    ) async throws(ExchangeError) -> [UInt8] {
        let sealed = try await store.readContent(reference)
        guard let key = try await keyring.key(for: patient) else {
            throw ExchangeError(.corrupted, "the keyring has no key for a document of the journal; restore it")
        }
        return try EntrySeal.open(sealed, document: reference.document, of: patient, key: key)
    }

    /// Overwrites documents' sealed bytes for ever (`JournalStore.remove`).
    package func remove(_ contents: [ContentReference]) async throws(ExchangeError) { try await store.remove(contents) }

    /// Applies to the projection what it lacks; begins it again when it is foreign, ahead or damaged (security.md L3).
    ///
    /// - Parameter progress: told after each batch how many entries of how many are applied.
    package func bringUpToDate(
        _ projection: any Projection, batch: Int = 512, loadMin: UInt64 = 10_000, rebuild: Bool = false,
        progress: (_ done: UInt64, _ all: UInt64) -> Void = { _, _ in },
    ) async throws(ExchangeError) -> Report {
        let head = try await store.head()
        let (start, reason) = rebuild ? (nil, "asked for") : try await startingPoint(projection, head)
        if start == nil { try await projection.reset(origin: store.origin) }
        var next = start ?? 0
        let isLoad = head.size - min(next, head.size) >= loadMin
        if isLoad { try await projection.beginLoad() }
        var read = await prepared(from: next, limit: batch, of: head.size, for: projection)
        while next < head.size {
            let entries = try read.get()
            guard let last = entries.last else {
                throw ExchangeError(.corrupted, "the journal ends at entry \(next) and should have \(head.size)")
            }
            let after = last.position + 1
            // Read and opened while the tables take in what was read before.
            async let following = prepared(from: after, limit: batch, of: head.size, for: projection)
            try await projection.apply(entries)
            read = await following
            next = after
            progress(next, head.size)
        }
        if isLoad { try await projection.endLoad() }
        return Report(rebuiltBecause: reason, applied: next - (start ?? 0))
    }

    /// A piece opened by one task while others open the next.
    private static let pieceEntries = 512

    private func prepared(
        from position: JournalPosition, limit: Int, of size: JournalPosition, for projection: any Projection,
    ) async -> Result<[CommittedEntry], ExchangeError> {
        guard position < size else { return .success([]) }
        let stored: [StoredEntry]
        do throws(ExchangeError) { stored = try await store.read(from: position, limit: limit) } catch { return .failure(error) }
        // Opening and reading what was sealed is most of a rebuild's work: every core takes part.
        let pieces = await withTaskGroup(of: (Int, Result<[CommittedEntry], ExchangeError>).self) { group in
            for start in stride(from: 0, to: stored.count, by: Self.pieceEntries) {
                group.addTask {
                    let piece = stored[start..<min(start + Self.pieceEntries, stored.count)]
                    do throws(ExchangeError) {
                        return (start, .success(projection.prepare(try await opened(piece))))
                    } catch {
                        return (start, .failure(error))
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var entries: [CommittedEntry] = []
        entries.reserveCapacity(stored.count)
        for (_, piece) in pieces.sorted(by: { $0.0 < $1.0 }) {
            switch piece {
            case .success(let opened): entries += opened
            case .failure: return piece
            }
        }
        return .success(entries)
    }

    private func opened(_ stored: some Collection<StoredEntry>) async throws(ExchangeError) -> [CommittedEntry] {
        var entries: [CommittedEntry] = []
        entries.reserveCapacity(stored.count)
        for stored in stored { entries.append(try await open(stored)) }
        return entries
    }

    private func startingPoint(
        _ projection: any Projection, _ head: JournalHead,
    ) async throws(ExchangeError) -> (JournalPosition?, String?) {
        let mark: AppliedMark?
        do throws(ExchangeError) {
            mark = try await projection.applied()
        } catch  where error.code == .corrupted {
            return (nil, "it is damaged: \(error.message)")
        }
        guard let mark else { return (nil, "it is new") }
        guard mark.origin == store.origin else { return (nil, "it belongs to the log \(mark.origin)") }
        guard mark.next <= head.size else { return (nil, "it is ahead of the journal") }
        guard mark.next > 0 else { return (0, nil) }
        let leaf = try await store.leaves(mark.next - 1..<mark.next)
        guard leaf == [mark.leaf] else { return (nil, "its last entry is not the journal's") }
        return (mark.next, nil)
    }

    func open(_ stored: StoredEntry) async throws(ExchangeError) -> CommittedEntry {
        let place = "segment \(stored.location.segment), offset \(stored.location.offset), entry \(stored.position)"
        guard let header = EntryHeader(stored.bytes),
            let contents = header.references(before: stored.location)
        else { throw ExchangeError(.corrupted, "entry has no readable header", at: place) }
        var payload: [UInt8] = []
        var isErased = false
        do throws(ExchangeError) {
            if let subject = header.subject {
                guard let key = try await keyring.key(for: subject) else {
                    throw ExchangeError(.corrupted, "the keyring lacks a key the journal needs; restore it")
                }
                payload = try EntrySeal.open(stored.bytes, header: header, key: key)
            } else {
                payload = try EntrySeal.open(stored.bytes, header: header, key: nil)
            }
        } catch  where error.code == .gone {
            isErased = true
        } catch {
            throw ExchangeError(error.code, error.message, at: place)
        }
        return CommittedEntry(
            position: stored.position, kind: header.kind, time: header.time, subject: header.subject,
            payload: payload, isErased: isErased, leaf: MerkleHash.leaf(stored.bytes), contents: contents)
    }
}

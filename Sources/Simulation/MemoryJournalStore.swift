import ExchangeCore
import Journal
import Synchronization

/// A journal in memory with the contract of one on disk: the same bytes in the same frames, syncs that can fail, and
/// crashes that forget what was not synced.
package final class MemoryJournalStore: JournalStore {
    /// How the next append goes wrong.
    package enum Fault: Sendable {
        /// Nothing is written.
        case beforeWrite
        /// The group is written, and its sync fails: a crash may keep it or lose it.
        case beforeSync
    }

    private struct State {
        var segment: [UInt8]
        var head = JournalHead(frontier: MerkleFrontier(), leaf: [])
        var locations: [EntryLocation] = []
        var leaves: [[UInt8]] = []
        var unsynced: (group: JournalGroup, bytes: [UInt8], locations: [EntryLocation])?
        var fault: Fault?
        var failure: ExchangeError?
        var checkpoint: String?
        var syncs = 0
    }

    package let origin: String
    private let world: World
    private let syncDelay: Duration
    private let state: Mutex<State>

    /// An empty journal whose syncs take that long in that world.
    package init(origin: String, world: World, syncDelay: Duration = .zero) {
        self.origin = origin
        self.world = world
        self.syncDelay = syncDelay
        let header = SegmentHeader(
            origin: origin, number: 0, firstPosition: 0, allocatedBytes: 0, root: MerkleHash.empty)
        state = Mutex(State(segment: header.framed()))
    }

    /// A journal with the same bytes, as an administrator may keep one aside; its syncs take no time.
    package func copy() -> MemoryJournalStore {
        let copy = MemoryJournalStore(origin: origin, world: world)
        let taken = state.withLock { $0 }
        copy.state.withLock { $0 = taken }
        return copy
    }

    /// How many groups were synced.
    package var syncs: Int { state.withLock { $0.syncs } }

    /// The one segment as it would lie on the disk, for `JournalVerifier`.
    package var segment: [UInt8] { state.withLock { $0.segment } }

    /// Makes the next append go wrong.
    package func failNextAppend(_ fault: Fault) { state.withLock { $0.fault = fault } }

    /// Ends the process and starts it again: what was not synced is lost, or kept as a page cache may, and appends
    /// work again.
    package func crash(keepsUnsynced: Bool = false) {
        state.withLock { state in
            if keepsUnsynced, let unsynced = state.unsynced {
                Self.settle(unsynced.group, unsynced.bytes, unsynced.locations, in: &state)
            }
            state.unsynced = nil
            state.failure = nil
            state.fault = nil
        }
    }

    package func head() async throws(ExchangeError) -> JournalHead { state.withLock { $0.head } }

    package func append(_ group: JournalGroup) async throws(ExchangeError) -> [EntryLocation] {
        let (start, failure, fault) = state.withLock { state in
            defer { state.fault = nil }
            return (state.segment.count, state.failure, state.fault)
        }
        if let failure { throw failure }
        let (bytes, locations) = group.framed(segment: 0, start: UInt64(start))
        if syncDelay > .zero { try? await world.sleep(syncDelay) }
        let outcome: Result<[EntryLocation], ExchangeError> = state.withLock { state in
            guard group.firstPosition == state.head.size, state.segment.count == start, !group.entries.isEmpty else {
                let error = ExchangeError(.internal, "a group does not continue the journal at \(state.head.size)")
                state.failure = error
                return .failure(error)
            }
            if let fault {
                let error = ExchangeError(.unavailable, "the journal was told to fail")
                if fault == .beforeSync { state.unsynced = (group, bytes, locations) }
                state.failure = error
                return .failure(error)
            }
            Self.settle(group, bytes, locations, in: &state)
            state.syncs += 1
            return .success(locations)
        }
        return try outcome.get()
    }

    package func read(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> [StoredEntry] {
        let (segment, locations) = state.withLock { ($0.segment, $0.locations) }
        guard position < UInt64(locations.count), limit > 0 else { return [] }
        var entries: [StoredEntry] = []
        for index in Int(position)..<min(locations.count, Int(position) + limit) {
            let place = Int(locations[index].offset)
            guard case .frame(.entry, let body, let next) = segment.withUnsafeBytes({ EntryFrame.read($0, at: place) })
            else { throw ExchangeError(.corrupted, "no entry stands where one should", at: "offset \(place)") }
            entries.append(
                StoredEntry(
                    position: UInt64(index), location: locations[index], bytes: Array(segment[body..<next])))
        }
        return entries
    }

    package func readContent(_ reference: ContentReference) async throws(ExchangeError) -> [UInt8] {
        let place = reference.location
        let found: [UInt8]? = state.withLock { state in
            guard place.segment == 0, place.offset <= UInt64(state.segment.count),
                UInt64(place.length) <= UInt64(state.segment.count) - place.offset
            else { return nil }
            return Array(state.segment[Int(place.offset)..<Int(place.offset) + Int(place.length)])
        }
        guard let found, EntrySeal.digest(of: found) == reference.sealedDigest else {
            if let found, found.allSatisfy({ $0 == 0 }) { throw ExchangeError(.gone, "the document was erased") }
            throw ExchangeError(
                .corrupted, "a document's bytes are not those its entry names", at: "offset \(place.offset)")
        }
        return found
    }

    package func remove(_ contents: [ContentReference]) async throws(ExchangeError) {
        for reference in contents {
            let place = reference.location
            let zeros = EntryFrame.removed(place.length)
            let start = Int(place.offset) - EntryFrame.headerBytes
            let isDone = state.withLock { state in
                guard place.segment == 0, start >= 0, start + zeros.count <= state.segment.count else { return false }
                let range = start..<start + zeros.count
                guard state.segment[range].elementsEqual(zeros)
                    || EntrySeal.digest(of: Array(state.segment[range].dropFirst(EntryFrame.headerBytes)))
                        == reference.sealedDigest
                else { return false }
                state.segment.replaceSubrange(range, with: zeros)
                return true
            }
            guard isDone else {
                throw ExchangeError(.corrupted, "the bytes to be erased are not those their entry names", at: "offset \(start)")
            }
        }
    }

    package func leaves(_ range: Range<JournalPosition>) async throws(ExchangeError) -> [[UInt8]] {
        let leaves = state.withLock { $0.leaves }
        guard range.upperBound <= UInt64(leaves.count) else {
            throw ExchangeError(.badRequest, "the journal has no entry \(range.upperBound) yet")
        }
        return Array(leaves[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    package func checkpoint() async throws(ExchangeError) -> String? { state.withLock { $0.checkpoint } }

    package func keepCheckpoint(_ text: String) async throws(ExchangeError) {
        state.withLock { $0.checkpoint = text }
    }

    private static func settle(
        _ group: JournalGroup, _ bytes: [UInt8], _ locations: [EntryLocation], in state: inout State,
    ) {
        state.segment += bytes
        state.locations += locations
        state.leaves += group.entries.map(\.leaf)
        state.head = JournalHead(frontier: group.frontier, leaf: group.entries.last?.leaf ?? [])
    }
}

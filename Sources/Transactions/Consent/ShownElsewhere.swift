import ExchangeCore
import Synchronization
import XDSMetadata

/// What other communities showed of this node's patients a moment ago: where a document lies, how long it is, its digests.
///
/// Saves asking again when a document of a list is fetched. In memory alone, and of no weight: whether anybody may have
/// the document is decided where it is held, each time.
final class ShownElsewhere: Sendable {
    private struct Key: Hashable {
        let patient: PatientID
        let community: CommunityID
        let document: DocumentID
    }

    /// For how long it is remembered.
    static let age = Duration.seconds(300)
    /// How many are remembered at the most.
    static let countMax = 20_000

    private let state = Mutex<[Key: (entry: DocumentEntry, until: Duration)]>([:])

    /// Remembers what a community showed of a patient.
    func note(_ entries: [DocumentEntry], of patient: PatientID, now: Duration) {
        guard !entries.isEmpty else { return }
        state.withLock { state in
            if state.count + entries.count > Self.countMax {
                state = state.filter { $0.value.until > now }
                if state.count + entries.count > Self.countMax { state = [:] }
            }
            for entry in entries.prefix(Self.countMax) {
                state[Key(patient: patient, community: entry.home, document: entry.id)] = (entry, now + Self.age)
            }
        }
    }

    /// Forgets what was shown of a patient.
    func forget(_ patient: PatientID) { state.withLock { $0 = $0.filter { $0.key.patient != patient } } }

    /// What was shown of a document a moment ago; nil when nothing was.
    func entry(_ document: DocumentID, at community: CommunityID, of patient: PatientID, now: Duration) -> DocumentEntry? {
        let key = Key(patient: patient, community: community, document: document)
        return state.withLock { $0[key] }.flatMap { $0.until > now ? $0.entry : nil }
    }
}

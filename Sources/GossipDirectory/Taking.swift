import ExchangeCore
import Trust

/// One message being taken: what of it is new, and what the sender must be told or blamed for.
struct Taking {
    let peer: CommunityID?
    var fresh: DirectoryMessage
    var outdated: [CommunityID] = []
    var admitted: [CommunityID] = []
    /// Whether something will be taken later: its community has published too often, or its admission is not here.
    var isDeferred = false
    private var isFaulty = false

    init(peer: CommunityID?, fresh: DirectoryMessage) {
        self.peer = peer
        self.fresh = fresh
    }

    mutating func take(
        _ verdict: DirectoryVerdict, _ kind: DirectoryFact.Kind, _ compact: String, _ moment: Moment,
        in state: inout DirectoryState, _ effects: inout [DirectoryEffect],
    ) {
        if verdict == .duplicate { return }
        let about = state.subject(kind == .proof ? Self.first(compact) : compact, kind.type)
        switch verdict {
        case .stored:
            guard let about else { return }
            keep(kind, about, compact, moment, in: &state, &effects)
        case .equivocation:
            guard let about, let proof = state.rows[about]?.proof else { return }
            fresh.proofs.append(proof.compact)
            if kind == .record { fresh.records.append(compact) }
            effects += [.persist(proof), .notice(.equivocation(about)), .updated(about)]
        case .stale: if let about { outdated.append(about) }
        case .duplicate: break
        case .refused(let why):
            if why == .tooOften || why == .notAdmitted { isDeferred = true }
            if why == .notAdmitted, kind == .record, let about, let peer, state.rows[about]?.admission == nil {
                state.postpone(compact, about: about, from: peer, moment)
            }
            if let about, state.rows[about] != nil { state.rows.change(about) { $0.refusal = why } }
            effects.append(.notice(.refused(from: peer, about: about, why)))
            fault(why, moment, in: &state, &effects)
        }
    }

    mutating func fault(
        _ why: DirectoryRefusal, _ moment: Moment, in state: inout DirectoryState, _ effects: inout [DirectoryEffect],
    ) {
        // One message is one fault, however much of it is wrong.
        guard why.isFault, !isFaulty, let peer else { return }
        isFaulty = true
        state.strike(peer, moment, &effects)
    }

    private mutating func keep(
        _ kind: DirectoryFact.Kind, _ about: CommunityID, _ compact: String, _ moment: Moment,
        in state: inout DirectoryState, _ effects: inout [DirectoryEffect],
    ) {
        let peer = peer
        state.rows.change(about) { row in
            row.source = peer
            row.received = moment.now
            row.refusal = nil
        }
        effects.append(.persist(DirectoryFact(kind: kind, community: about, compact: compact)))
        switch kind {
        case .admission:
            fresh.admissions.append(compact)
            admitted.append(about)
            if state.rows[about]?.row.hasLostKeys ?? true { effects.append(.cut(about)) }
        case .revocation:
            fresh.revocations.append(compact)
            effects.append(.cut(about))
        case .record:
            fresh.records.append(compact)
            effects.append(.updated(about))
        case .proof: fresh.proofs.append(compact)
        case .block: break
        }
    }

    private static func first(_ compact: String) -> String {
        compact.utf8.firstIndex(of: UInt8(ascii: " ")).map { String(compact[..<$0]) } ?? compact
    }
}

extension DirectoryFact.Kind {
    /// The token's type of such a text; a proof's are records.
    var type: TokenType {
        switch self {
        case .admission: .admission
        case .revocation: .revocation
        case .record, .proof, .block: .record
        }
    }
}

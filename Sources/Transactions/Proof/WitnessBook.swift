import ExchangeCore
import GossipDirectory
import JSON
import Journal
import Logging

/// This node as a witness of others' logs, and as a log that others witness: the pure `Witness`, its durable memory, and
/// the proofs of the node's own journal.
///
/// An actor whose answers wait for the memory: a head is durable before it is cosigned (security.md T60).
package actor WitnessBook {
    /// What happened that an administrator must hear of, and the journal keeps.
    package enum Notice: Sendable, Equatable {
        /// A log contradicts itself.
        case accused(WitnessEvidence)
        /// A community goes on with another log: its former head, and the new log's name.
        case succeeded(former: WitnessedHead, by: String)
        /// A log gave the proof that was missing.
        case cleared(WitnessEvidence)
    }

    /// The key of the log whose name is given, as its community states it in the directory; nil when it states none.
    package typealias Keys = @Sendable (LogOrigin) -> NoteVerifier?

    let signer: NoteSigner
    /// Keys that signed this log's heads before, the newest first.
    package nonisolated let former: [NoteVerifier]
    private let journal: any JournalStore
    private let proofs: ProofAuthor
    private let store: any WitnessStore
    private let keys: Keys
    private let cosigners: @Sendable () -> [NoteVerifier]
    let world: World
    var witness: Witness
    private var busy: Set<String> = []
    private var notices: [Notice] = []
    private var written: Set<String> = []
    /// What others showed and the logs have not answered yet, and how often they gave no answer.
    var accusations: [String: (evidence: WitnessEvidence, silences: Int)] = [:]
    /// What logs cleared themselves of.
    var dismissed: Set<String> = []
    /// The size each peer last cosigned of this node's log.
    var acknowledged: [CommunityID: UInt64] = [:]
    /// A head that this node signed and its journal does not continue: it runs on an older copy of itself.
    package private(set) var ownPast: WitnessedHead?

    /// A witness that remembers what its store kept. Throws `.corrupted` when that cannot be read.
    package init(
        signer: NoteSigner, journal: any JournalStore, former: [NoteVerifier] = [], proofs: ProofAuthor, store: any WitnessStore,
        keys: @escaping Keys, cosigners: @escaping @Sendable () -> [NoteVerifier], world: World,
    ) async throws(ExchangeError) {
        var heads: [WitnessedHead] = []
        var evidence: [WitnessEvidence] = []
        var past: WitnessedHead?
        for (name, text) in try await store.texts() {
            do throws(ExchangeError) {
                if name.hasPrefix("head-") { heads.append(try WitnessedHead(text: text)) }
                if name == "own-past" { past = try WitnessedHead(text: text) }
                // What a log cleared itself of is kept as nothing.
                if name.hasPrefix("evidence-"), !text.isEmpty { evidence.append(try WitnessEvidence(text: text)) }
            } catch {
                throw ExchangeError(.corrupted, "what this node witnessed cannot be read: \(error.message)", at: name)
            }
        }
        evidence.sort { $0.found < $1.found }
        witness = Witness(heads: heads, evidence: evidence)
        written = Set(evidence.map(Self.name))
        self.signer = signer
        self.former = former
        self.journal = journal
        self.proofs = proofs
        self.store = store
        self.keys = keys
        self.cosigners = cosigners
        self.world = world
        // What was heard before the last end holds until the journal continues it.
        if let past, past.checkpoint.origin == origin { try await compareOwn(past.note) }
    }

    /// The log's name.
    package nonisolated var origin: String { signer.verifier.name }

    /// The public key of the node's log.
    package nonisolated var key: NoteVerifier { signer.verifier }

    /// The largest head known of each log, this node's own included, in the order of their names.
    package var heads: [WitnessedHead] { witness.heads.values.sorted { $0.checkpoint.origin < $1.checkpoint.origin } }

    /// What was found against logs.
    package var evidence: [WitnessEvidence] { witness.evidence }

    /// This node's own head with the cosignatures gathered on it; nil before the first round.
    package var ownHead: WitnessedHead? { witness.heads[origin] }

    /// Makes the proofs of this node's journal.
    package nonisolated var author: ProofAuthor { proofs }

    func keptCheckpoint() async throws(ExchangeError) -> String? { try await journal.checkpoint() }

    func knownCosigners() -> [NoteVerifier] { cosigners() }

    /// What is to be told and journaled, each once.
    func takeNotices() -> [Notice] {
        defer { notices = [] }
        return notices
    }

    /// Answers a submission (C2SP tlog-witness `add-checkpoint`); only the log's own community may bring it.
    package func add(_ text: String, from community: CommunityID) async throws(ExchangeError) -> WitnessAnswer {
        let submission: CheckpointSubmission
        do { submission = try CheckpointSubmission(parsing: text) } catch { return WitnessAnswer(400, error.message + "\n") }
        let name = submission.checkpoint.origin
        guard let log = LogOrigin(name), log.community == community, let key = keys(log) else {
            return WitnessAnswer(404, "no such log is known here\n")
        }
        // One at a time: two answers at once could cosign two stories.
        guard busy.insert(name).inserted else { return WitnessAnswer(503, "this log is being looked at; ask again\n") }
        defer { busy.remove(name) }
        let verdict = witness.judge(submission, key: key, now: world.now())
        try await keepEvidence()
        switch verdict {
        case .untrusted: return WitnessAnswer(403, "the checkpoint is not signed by the log's key\n")
        case .malformed(let why): return WitnessAnswer(400, why + "\n")
        case .conflict(let size): return WitnessAnswer(409, "\(size)\n")
        case .unproven: return WitnessAnswer(422, "the proof does not show that the log only grew\n")
        case .accepted(let head):
            let time = UInt64(clamping: world.now().seconds)
            let line = try signer.cosign(head.note.text, time: time)
            try await keep(head.adding([line]), of: log)
            return WitnessAnswer(200, SignedNote.line(line))
        }
    }

    /// Proves to whoever asks that this node's log only grew from one size to another: two lines, `from N` and `to M`.
    package func prove(_ text: String) async throws(ExchangeError) -> WitnessAnswer {
        let lines = text.utf8.split(separator: 0x0A)
        guard lines.count == 2, let first = ProofLines.number(lines[0], after: "from "),
            let second = ProofLines.number(lines[1], after: "to "), first <= second
        else { return WitnessAnswer(400, "two lines are asked for: from N, to M\n") }
        guard second <= (try await journal.head().size) else { return WitnessAnswer(404, "the log is not that long\n") }
        return WitnessAnswer(200, ProofLines.text(try await proofs.consistency(from: first, to: second)))
    }

    /// Every head held, for another node; not the own one of a node that runs on an older copy of itself: it would stand
    /// against the newer one.
    package func shown() -> String {
        let notes = heads.filter { ownPast == nil || $0.checkpoint.origin != origin }.prefix(512).map { JSONValue.string($0.note.description) }
        return String(decoding: JSONWriter.bytes(["heads": .array(notes), "evidence": shownEvidence]), as: UTF8.self)
    }

    /// Hears what another node holds; returns the heads whose logs must prove that they continue what is known here.
    package func hear(_ text: String) async throws(ExchangeError) -> [(head: WitnessedHead, known: UInt64)] {
        guard let json = try? JSONReader.read(Array(text.utf8)) else {
            throw ExchangeError(.badRequest, "the heads are not JSON")
        }
        var open: [(head: WitnessedHead, known: UInt64)] = []
        for item in (json["heads"]?.items ?? []).prefix(512) {
            guard let text = item.string, let note = try? SignedNote(parsing: text),
                let checkpoint = try? Checkpoint(text: note.text), let log = LogOrigin(checkpoint.origin),
                let key = checkpoint.origin == origin ? key : logKey(log, checkpoint.origin),
                key.name == checkpoint.origin
            else { continue }
            if checkpoint.origin == origin { try await compareOwn(note) }
            guard busy.insert(checkpoint.origin).inserted else { continue }
            defer { busy.remove(checkpoint.origin) }
            switch witness.hear(note, key: key, cosigners: cosigners(), now: world.now()) {
            case .nothing: break
            case .keep(let head): try await keep(head, of: log)
            case .askForProof(let head):
                if checkpoint.origin != origin { open.append((head, witness.heads[checkpoint.origin]?.checkpoint.size ?? 0)) }
            }
        }
        try await hearEvidence(json["evidence"])
        return open
    }

    /// The key of a log: as its community states it, else as it was when its head was taken.
    func logKey(_ log: LogOrigin, _ name: String) -> NoteVerifier? { keys(log) ?? witness.heads[name]?.key }

    /// Whether a log's community goes on with a later one: what the former cannot prove any more, nobody can.
    func isSucceeded(_ name: String) -> Bool {
        guard let log = LogOrigin(name) else { return false }
        return (Array(witness.heads.keys) + cosigners().map(\.name)).compactMap { LogOrigin($0) }
            .contains { $0.community == log.community && $0.incarnation > log.incarnation }
    }

    /// Lets go of evidence that its log has cleared.
    func forget(_ evidence: WitnessEvidence) async throws(ExchangeError) {
        try await store.keep("", as: Self.name(evidence))
        written.remove(Self.name(evidence))
        notices.append(.cleared(evidence))
    }

    /// Takes the proof a log gave for a head heard of; one that proves nothing stands against it.
    package func settle(_ head: WitnessedHead, proof: [[UInt8]]) async throws(ExchangeError) {
        let name = head.checkpoint.origin
        guard let log = LogOrigin(name), busy.insert(name).inserted else { return }
        defer { busy.remove(name) }
        if witness.prove(head, proof, now: world.now()) { try await keep(head, of: log) }
        try await keepEvidence()
    }

    /// Takes this node's newest signed head with what others made of it.
    func keepOwn(_ note: SignedNote, _ lines: [SignedNote.Signature]) async throws(ExchangeError) {
        guard let log = LogOrigin(origin) else { return }
        var head = try WitnessedHead(key: key, note: note.adding(lines), seen: world.now())
        if let known = ownHead, known.checkpoint == head.checkpoint {
            head = try known.adding(note.signatures + lines)
        }
        try await keep(head, of: log)
    }

    private func keep(_ head: WitnessedHead, of log: LogOrigin) async throws(ExchangeError) {
        let name = head.checkpoint.origin
        try await store.keep(head.text, as: "head-" + Self.plain(name))
        if witness.heads[name] == nil, name != origin, let former = former(of: log) {
            notices.append(.succeeded(former: former, by: name))
        }
        witness.take(head)
    }

    /// The newest log of the same community that is held.
    private func former(of log: LogOrigin) -> WitnessedHead? {
        let others = witness.heads.values.compactMap { head in LogOrigin(head.checkpoint.origin).map { ($0, head) } }
        return others.filter { $0.0.community == log.community && $0.0.incarnation < log.incarnation }
            .max { $0.0.incarnation < $1.0.incarnation }?.1
    }

    func keepEvidence() async throws(ExchangeError) {
        for found in witness.evidence where !written.contains(Self.name(found)) {
            try await store.keep(found.text, as: Self.name(found))
            // Another call may have come here first while it was kept.
            if written.insert(Self.name(found)).inserted { notices.append(.accused(found)) }
        }
    }

    /// A head this node signed, brought back by others: its journal must contain it.
    func compareOwn(_ note: SignedNote) async throws(ExchangeError) {
        guard ownPast == nil, let key = ([key] + former).first(where: { $0.verifies(note) }),
            let head = try? WitnessedHead(key: key, note: note, seen: world.now())
        else { return }
        let size = try await journal.head().size
        if head.checkpoint.size <= size, try await proofs.root(at: head.checkpoint.size) == head.checkpoint.root { return }
        ownPast = head
        try await store.keep(head.text, as: "own-past")
    }

    private static func name(_ evidence: WitnessEvidence) -> String {
        "evidence-\(evidence.kind.rawValue)-\(plain(evidence.origin))"
    }

    private static func plain(_ origin: String) -> String { origin.replacing("/", with: "_") }
}

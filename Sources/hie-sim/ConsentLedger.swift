import ConsentEngine
import DocumentExchange
import ExchangeCore
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import Simulation
import Synchronization
import Transactions
import XDSMetadata

/// What was laid down where, in force or on its way, and whether what leaves was allowed to.
///
/// Something may leave when at least one state of consent permits it that was the newest acknowledged one at some moment
/// since the question began (for what other nodes hold) or is so now (for the node's own), or that is just being recorded.
final class ConsentLedger: Sendable {
    /// What a piece of an answer shows.
    struct Contents: Sendable {
        var documents: [DocumentID] = []
        var patients: [PatientID] = []
    }

    private struct Book {
        /// The directives after each acknowledgement; the first is none.
        var states: [[ConsentDirective]] = [[]]
        var underWay: [ConsentDirective]?
        var policy: ConsentPolicyDefault
        var records: [PatientID] = []
    }

    private struct State {
        var books: [Book]
        var documents: [DocumentID: DocumentEntry] = [:]
        var patients: [PatientID: Int] = [:]
        var violations: [String] = []
    }

    private let state: Mutex<State>
    private let trace: (@Sendable (String) -> Void)?

    /// A ledger of nodes with these defaults.
    init(defaults: [ConsentPolicyDefault], trace: (@Sendable (String) -> Void)?) {
        state = Mutex(State(books: defaults.map { Book(policy: $0) }))
        self.trace = trace
    }

    /// Everything that left although it was forbidden.
    var violations: [String] { state.withLock { $0.violations } }

    /// How many acknowledgements each node has given.
    var mark: [Int] { state.withLock { $0.books.map { $0.states.count - 1 } } }

    /// The records and documents of the region; a node's records are all one person's.
    func know(patients: [(PatientID, Int)], documents: [DocumentEntry]) {
        state.withLock { state in
            for (patient, node) in patients {
                state.patients[patient] = node
                state.books[node].records.append(patient)
            }
            for document in documents { state.documents[document.id] = document }
        }
    }

    /// A directive is on its way to a node's journal.
    func begin(_ directive: ConsentDirective, at node: Int) {
        state.withLock { state in
            var directives = (state.books[node].states.last ?? []).filter { $0.id != directive.id }
            directives.append(directive)
            state.books[node].underWay = directives
        }
    }

    /// The node has acknowledged what was on its way.
    func acknowledged(at node: Int) {
        state.withLock { state in
            guard let directives = state.books[node].underWay else { return }
            state.books[node].states.append(directives)
            state.books[node].underWay = nil
        }
    }

    /// An answer to another node has left.
    func left(_ departure: SimulatedNetwork.Departure, node: Int, for context: AccessContext, now: Timestamp) {
        var contents = Contents()
        switch departure {
        case .match(let patients): contents.patients = patients
        case .documents(let documents): contents.documents = documents
        case .content(let document): contents.documents = [document]
        }
        left(contents, node: node, for: context, since: mark, now: now, what: "an answer to a node")
    }

    /// A piece of an answer has left a node; `since` is the mark when its question began.
    func left(_ contents: Contents, node: Int, for context: AccessContext, since: [Int], now: Timestamp, what: String) {
        state.withLock { state in
            for id in contents.documents {
                guard let entry = state.documents[id], let home = SmallWorld.communities.firstIndex(of: entry.home) else {
                    continue
                }
                let seen = home == node ? context : Self.atPeer(context, from: SmallWorld.communities[node])
                let first = home == node ? state.books[home].states.count - 1 : since[home]
                let facts = DocumentFacts(entry)
                guard !Self.permits(state.books[home], from: first, seen, facts, of: entry.patient, now: now) else { continue }
                state.violations.append(
                    "document \(id) of node \(home) left node \(node) for \(context.user) after it was forbidden (\(what))")
            }
            for id in contents.patients where context.door == .peer {
                guard let home = state.patients[id], home == node else { continue }
                let existence = DocumentFacts(
                    id: DocumentID.none, labels: SecurityLabels(confidentiality: .normal),
                    home: SmallWorld.communities[home])
                let first = state.books[home].states.count - 1
                guard !Self.permits(state.books[home], from: first, context, existence, of: id, now: now) else { continue }
                state.violations.append("patient \(id) left node \(node) for \(context.user) after it was forbidden (\(what))")
            }
        }
    }

    private static func permits(
        _ book: Book, from first: Int, _ context: AccessContext, _ facts: DocumentFacts, of record: PatientID,
        now: Timestamp,
    ) -> Bool {
        let states = Array(book.states[first...]) + [book.underWay].compactMap { $0 }
        return states.contains { directives in
            PersonConsent(
                book.records.map { record in .init(record, PatientConsent(directives.filter { $0.patient == record })) }
            ).compiled(policy: book.policy, now: now).decide(context, document: facts, of: record).isPermitted
        }
    }

    private static func atPeer(_ context: AccessContext, from community: CommunityID) -> AccessContext {
        AccessContext(
            door: .peer, user: context.user, role: context.role, organization: context.organization,
            community: community, purpose: context.purpose, deadline: context.deadline, traceID: context.traceID,
            reason: context.reason)
    }
}

extension DocumentID {
    /// An id that no document has.
    fileprivate static var none: DocumentID {
        var zeros = SplitMix64(seed: 0)
        return .random(using: &zeros)
    }
}

extension ConsentLedger {
    /// What the answers to one request can show.
    final class Subject: Sendable {
        private let isShown = Mutex(false)
        private let document: DocumentID?
        private let known: Set<String>
        private let showsPatients: Bool

        /// The subject of a request.
        init(_ asking: Asking, _ ground: AskingGround) {
            let path = asking.path
            document = path.utf8.starts(with: "/fhir/Binary/".utf8)
                ? ground.documents.first { path.utf8.dropFirst(13).starts(with: $0.id.description.utf8) }?.id : nil
            showsPatients = path.utf8.starts(with: "/fhir/Patient".utf8)
            known = Set(ground.documents.map(\.id.description))
        }

        /// What a group of bytes shows.
        func contents(of group: SlowKernel.Group) -> Contents {
            var contents = Contents()
            for part in group.parts {
                switch part {
                case .head(let head): isShown.withLock { $0 = head.status == .ok || head.status == .notModified }
                case .body(let body):
                    guard document == nil else { continue }
                    for id in Identifiers.all(in: Array(body.readableBytesView)) {
                        if showsPatients { contents.patients += PatientID(id).map { [$0] } ?? [] }
                        if known.contains(id), let id = DocumentID(id) { contents.documents.append(id) }
                    }
                case .end: break
                }
            }
            // A document is known by its request: every piece of it shows it, and so does its 304.
            if let document, isShown.withLock({ $0 }) { contents.documents.append(document) }
            return contents
        }
    }
}

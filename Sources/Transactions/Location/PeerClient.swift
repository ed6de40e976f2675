import DocumentExchange
import ExchangeCore
import XDSMetadata

/// Another community's node as the directory knows it: whom it speaks for and where it answers.
package struct PeerNode: Hashable, Sendable {
    /// The community the node speaks for; the connection's certificate must say the same.
    package let community: CommunityID
    /// The facility's name, for people.
    package let name: String
    /// Base URL of its FHIR service on the peer port, such as `https://a.example.org:9443/fhir`.
    package let fhirBase: String
    /// Further base URLs of the same service, in the order its owner prefers them; at most three.
    package let alternates: [String]

    /// A peer from its directory record.
    package init(community: CommunityID, name: String, fhirBase: String, alternates: [String] = []) {
        self.community = community
        self.name = name
        self.fhirBase = fhirBase
        self.alternates = alternates
    }

    /// The same community at one of its addresses first.
    package func at(_ base: String) -> PeerNode {
        PeerNode(
            community: community, name: name, fhirBase: base,
            alternates: ([fhirBase] + alternates).filter { $0 != base })
    }
}

/// What a peer said when asked whether it knows a person (ITI-119 `$match`).
package enum PeerMatch: Hashable, Sendable {
    /// It knows nobody like that, or hides that it does: the two are not told apart.
    case none
    /// One certain match: the patient's FHIR id there.
    case one(patient: String)
    /// Several, or more attributes needed; the names of attributes that would help.
    case ambiguous(needs: [String])
}

/// What a peer shows of a patient's documents.
package struct PeerDocuments: Hashable, Sendable {
    /// The documents.
    package let entries: [DocumentEntry]
    /// Whether the peer itself says that some are missing: it is a gateway to others, say, and one of them is away.
    package let isIncomplete: Bool

    /// Documents, all there are unless the peer says otherwise.
    package init(_ entries: [DocumentEntry], isIncomplete: Bool = false) {
        self.entries = entries
        self.isIncomplete = isIncomplete
    }
}

/// What a peer shows of the lists of a patient's documents.
package struct PeerLists: Hashable, Sendable {
    /// Submission sets and folders, with those of their documents that the peer shows.
    package let lists: [RegisteredList]
    /// The documents in them, where they were asked for; each once.
    package let documents: [DocumentEntry]
    /// Whether the peer itself says that some are missing.
    package let isIncomplete: Bool

    /// Lists, all there are unless the peer says otherwise.
    package init(_ lists: [RegisteredList], documents: [DocumentEntry] = [], isIncomplete: Bool = false) {
        self.lists = lists
        self.documents = documents
        self.isIncomplete = isIncomplete
    }
}

/// A document's bytes as a peer sends them.
package struct PeerContent: Sendable {
    /// The media type the peer states.
    package let mimeType: String
    /// The length the peer announces, in bytes; nil when it announces none.
    package let size: Int?
    /// The bytes while they come; a reader that takes its time slows the peer. Throws `ExchangeError`: `.timeout` at the
    /// deadline, `.unavailable` when the connection broke and could not be taken up again.
    package let body: DocumentStream

    /// Content from its type, length and bytes.
    package init(mimeType: String, size: Int?, body: DocumentStream) {
        self.mimeType = mimeType
        self.size = size
        self.body = body
    }
}

/// The port to other nodes: four questions, each asked on behalf of one user under one deadline; and consent on its way.
///
/// Errors by code: `.timeout` when the context's deadline passed, `.unavailable` when no connection came about or it
/// broke, `.forbidden` when the peer refused before looking anybody up, `.notFound`, `.badRequest` for an answer that
/// breaks the protocol. An answer from any other community than the one asked must never be returned.
package protocol PeerClient: Sendable {
    /// ITI-119: does the peer know this person? Sends the demographics given and nothing else.
    func match(_ person: PatientRecord, at peer: PeerNode, for context: AccessContext) async throws(ExchangeError)
        -> PeerMatch

    /// ITI-67: the documents the peer shows of a patient it knows by `patient`. Every entry's `home` is the peer.
    func findDocuments(
        of patient: String, matching query: DocumentQuery, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> PeerDocuments

    /// ITI-66: the lists the peer shows of a patient it knows by `patient`, with the documents in them where `withDocuments`
    /// says so. All of them are the peer's own. `.notFound` when its node has no such question.
    func findLists(
        of patient: String, matching query: ListQuery, withDocuments: Bool, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> PeerLists

    /// ITI-68: the bytes of a document that the peer showed, from where it said they are.
    func retrieve(_ document: DocumentEntry, at peer: PeerNode, for context: AccessContext) async throws(ExchangeError)
        -> PeerContent

    /// Brings a signed consent statement to a peer; its signed receipt. `.notFound` when its node takes none.
    func offer(_ statement: String, to peer: PeerNode, for context: AccessContext) async throws(ExchangeError) -> String

    /// Asks a peer for the signed statements that wait for this node, and hands it the receipts of those before; empty
    /// when none waits. `.notFound` when its node has no such thing.
    func pendingStatements(receipts: [String], at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> [String]

    /// Asks a peer what a draft of a directive would change there, in numbers. `.notFound` when its node does not say.
    func preview(_ draft: ConsentDraft, at peer: PeerNode, for context: AccessContext) async throws(ExchangeError)
        -> ConsentPreview
}

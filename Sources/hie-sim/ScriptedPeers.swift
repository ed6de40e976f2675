import ExchangeCore
import Simulation
import Synchronization
import Transactions
import XDSMetadata

/// Other communities as a script has them: what they know, and how each of their addresses behaves at the moment.
final class ScriptedPeers: PeerClient {
    /// How an address behaves.
    enum Fault: Sendable, CaseIterable {
        /// It answers within milliseconds.
        case none
        /// It refuses connections.
        case down
        /// It takes requests and never answers.
        case silent
        /// It answers after seconds.
        case slow
        /// Every second request is lost without a word.
        case lossy
        /// The connection breaks before the answer is there.
        case breaks
        /// It refuses whoever asks.
        case denies
        /// It cannot tell which patient is meant.
        case ambiguous
        /// It shows documents as those of another community.
        case liesAboutHome
        /// What it says is no answer.
        case garbage
        /// It shows some, and says that others are missing.
        case incomplete
    }

    /// A community's documents of one person, under the id it knows the person by.
    struct Chart: Sendable {
        var id: PatientID
        var documents: [DocumentEntry]
    }

    private struct Tables {
        var charts: [CommunityID: [PatientID: Chart]] = [:]
        var faults: [String: Fault] = [:]
        var late: [String] = []
    }

    private let tables = Mutex(Tables())
    private let world: World
    private let liar: CommunityID

    /// Nobody knows anything; `liar` is whose documents those are said to be that are lied about.
    init(world: World, liar: CommunityID) {
        self.world = world
        self.liar = liar
    }

    /// Sets what a community holds of a person, whom the asking node knows by `person`.
    func set(_ chart: Chart?, of person: PatientID, at community: CommunityID) {
        tables.withLock { $0.charts[community, default: [:]][person] = chart }
    }

    /// What a community holds of a person.
    func chart(of person: PatientID, at community: CommunityID) -> Chart? {
        tables.withLock { $0.charts[community]?[person] }
    }

    /// Sets how an address behaves.
    func set(_ fault: Fault, at base: String) { tables.withLock { $0.faults[base] = fault } }

    /// How an address behaves.
    func fault(at base: String) -> Fault { tables.withLock { $0.faults[base] ?? .none } }

    /// Requests that came after their own deadline.
    var lateRequests: [String] { tables.withLock(\.late) }

    func match(_ person: PatientRecord, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerMatch
    {
        let fault = try await reach(peer, context)
        if fault == .ambiguous { return .ambiguous(needs: ["address"]) }
        return chart(of: person.id, at: peer.community).map { .one(patient: $0.id.description) } ?? .none
    }

    func findDocuments(of patient: String, matching query: DocumentQuery, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerDocuments
    {
        let fault = try await reach(peer, context)
        let charts = tables.withLock { $0.charts[peer.community] ?? [:] }
        let found = charts.values.first { $0.id.description == patient }?.documents ?? []
        // A gateway that has not heard from everybody behind it says so.
        if fault == .incomplete { return PeerDocuments(Array(found.prefix(1)), isIncomplete: true) }
        guard fault == .liesAboutHome else { return PeerDocuments(found) }
        let lies = found.map { entry in
            var lie = DocumentEntry(
                id: entry.id, uniqueID: entry.uniqueID, patient: entry.patient, home: liar, mimeType: entry.mimeType,
                sha1: entry.sha1, sha256: entry.sha256, size: entry.size, registered: entry.registered)
            lie.status = entry.status
            return lie
        }
        return PeerDocuments(lies)
    }

    func findLists(
        of patient: String, matching query: ListQuery, withDocuments: Bool, at peer: PeerNode, for context: AccessContext,
    ) async throws(ExchangeError) -> PeerLists { throw ExchangeError(.notFound, "this script has no lists") }

    func retrieve(_ document: DocumentEntry, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerContent
    {
        throw ExchangeError(.notFound, "this script has no contents")
    }

    func offer(_ statement: String, to peer: PeerNode, for context: AccessContext) async throws(ExchangeError) -> String {
        throw ExchangeError(.notFound, "this script takes no statements")
    }

    func pendingStatements(receipts: [String], at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> [String]
    { [] }

    func preview(_ draft: ConsentDraft, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> ConsentPreview
    {
        throw ExchangeError(.notFound, "this script has no previews")
    }

    /// The way there and back: time passes, or the request comes to nothing.
    private func reach(_ peer: PeerNode, _ context: AccessContext) async throws(ExchangeError) -> Fault {
        let fault = fault(at: peer.fhirBase)
        if world.uptime() >= context.deadline { tables.withLock { $0.late.append(peer.fhirBase) } }
        var random = world.random
        let lost = fault == .lossy && Bool.random(using: &random)
        switch fault {
        case .down: throw ExchangeError(.unavailable, "connection refused")
        case .silent: try await wait(.seconds(100_000), context)
        case .slow: try await wait(.milliseconds(Int64.random(in: 1000...12_000, using: &random)), context)
        case .lossy where lost: try await wait(.seconds(100_000), context)
        default: try await wait(.microseconds(Int64.random(in: 300...40_000, using: &random)), context)
        }
        switch fault {
        case .breaks: throw ExchangeError(.unavailable, "the connection broke")
        case .denies: throw ExchangeError(.forbidden, "refused")
        case .garbage: throw ExchangeError(.badRequest, "the peer's answer is no searchset")
        default: return fault
        }
    }

    private func wait(_ time: Duration, _ context: AccessContext) async throws(ExchangeError) {
        let left = context.deadline - world.uptime()
        do { try await world.sleep(max(.zero, min(time, left))) } catch {
            throw ExchangeError(.unavailable, "cancelled")
        }
        if time >= left { throw ExchangeError(.timeout, "no answer before the deadline") }
    }
}

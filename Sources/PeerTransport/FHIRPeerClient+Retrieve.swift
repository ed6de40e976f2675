import ExchangeCore
import NIOCore
import Synchronization
import Transactions
import XDSMetadata

extension FHIRPeerClient {
    package func retrieve(_ document: DocumentEntry, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> PeerContent
    {
        let transfer = Transfer(
            client: self, target: document.location ?? "/Binary/\(document.id)", accept: document.mimeType, peer: peer,
            context: context)
        let first = try await transfer.begin()
        guard let stated = first.head.header("Content-Type"), !stated.isEmpty else {
            throw ExchangeError(.badRequest, "the peer sent a document without its media type")
        }
        guard Self.isSame(stated, document.mimeType) else {
            throw ExchangeError(.badRequest, "the peer sent another media type than its metadata states")
        }
        let size = try transfer.size(of: first.head, bytesMax: limits.documentBytesMax)
        return PeerContent(
            mimeType: stated, size: size, body: DocumentStream(stop: transfer.cancel) { transfer.reading(first) })
    }

    /// Whether a document may come with this type: its own, XML's other name, or bytes of no type, as our own nodes send
    /// what a browser could run.
    private static func isSame(_ stated: String, _ wanted: String) -> Bool {
        let xml: Set = ["text/xml", "application/xml"]
        let (stated, wanted) = (PeerAnswer.mediaType(stated), PeerAnswer.mediaType(wanted))
        return stated == wanted || stated == "application/octet-stream" || (xml.contains(stated) && xml.contains(wanted))
    }
}

/// One document on its way from a peer; taken up again once, where the peer offers ranges, when the connection breaks.
private final class Transfer: Sendable {
    private struct State {
        var body: ClientBody?
        var isCancelled = false
    }

    private let client: FHIRPeerClient
    private let target: String
    private let accept: String
    private let peer: PeerNode
    private let context: AccessContext
    private let state = Mutex(State())

    init(client: FHIRPeerClient, target: String, accept: String, peer: PeerNode, context: AccessContext) {
        self.client = client
        self.target = target
        self.accept = accept
        self.peer = peer
        self.context = context
    }

    /// The answer to the first request: 200, its bytes as they are.
    func begin() async throws(ExchangeError) -> ClientStreamedResponse {
        let answer = try await ask([])
        try PeerAnswer.check(answer.head.status)
        guard answer.head.header("Content-Encoding").map({ $0 == "identity" }) ?? true else {
            throw ExchangeError(.badRequest, "the peer sent an encoding nobody asked for")
        }
        return answer
    }

    /// The announced length, within the limit.
    func size(of head: ClientResponseHead, bytesMax: Int) throws(ExchangeError) -> Int? {
        guard let text = head.header("Content-Length") else { return nil }
        guard let size = Int(text), size >= 0 else { throw ExchangeError(.badRequest, "the peer states no readable length") }
        guard size <= bytesMax else { throw ExchangeError(.tooLarge, "the document is larger than this node takes") }
        return size
    }

    /// Lets the connection go; a reader that waits is told.
    func cancel() {
        let body = state.withLock { state in
            state.isCancelled = true
            return state.body
        }
        body?.cancel()
    }

    func reading(_ first: ClientStreamedResponse) -> DocumentStream.Step {
        var pieces = first.body.makeAsyncIterator()
        var received = 0
        var isResumed = false
        return { [self] in
            while true {
                do {
                    guard let piece = try await pieces.next() else { return nil }
                    received += piece.readableBytes
                    return Array(piece.readableBytesView)
                } catch {
                    let error = error as? ExchangeError ?? ExchangeError(.unavailable, "the connection broke")
                    guard error.code == .unavailable, !isResumed, !state.withLock({ $0.isCancelled }) else { throw error }
                    isResumed = true
                    guard let more = try await resume(after: received, of: first.head) else { throw error }
                    pieces = more.body.makeAsyncIterator()
                }
            }
        }
    }

    /// The rest of the same bytes (RFC 9110 section 14); nil when the peer does not offer it or sends anything else.
    private func resume(after count: Int, of first: ClientResponseHead) async throws(ExchangeError)
        -> ClientStreamedResponse?
    {
        guard first.header("Accept-Ranges")?.lowercased() == "bytes", let tag = first.header("ETag"), tag.hasPrefix("\"")
        else { return nil }
        let answer = try await ask([("Range", "bytes=\(count)-"), ("If-Range", tag)])
        let range = answer.head.header("Content-Range") ?? ""
        guard answer.head.status == 206, range.hasPrefix("bytes \(count)-"), answer.head.header("ETag") == tag else {
            answer.body.cancel()
            return nil
        }
        return answer
    }

    private func ask(_ headers: [(name: String, value: String)]) async throws(ExchangeError) -> ClientStreamedResponse {
        var request = ClientRequest(
            .get, target, responseBytesMax: client.limits.documentBytesMax, isRepeatable: false)
        // As it was published: nothing that asks for the FHIR form or an encoding of it.
        request.headers = [("Accept", "\(PeerAnswer.mediaType(accept)), */*;q=0.5")] + headers
        let answer = try await client.stream(request, from: peer, for: context)
        let isLate = state.withLock { state in
            state.body = answer.body
            return state.isCancelled
        }
        if isLate { answer.body.cancel() }
        return answer
    }
}

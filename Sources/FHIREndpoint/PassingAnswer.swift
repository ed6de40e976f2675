import ExchangeCore
import FHIRModel
import HTTPTypes
import HummingbirdCore
import JSON
import NIOCore
import NIOHTTPTypes
import Synchronization
import Transactions

/// A body that is passed on while it comes, instead of one that is there.
struct PassingBody: Sendable {
    /// The bytes.
    let stream: DocumentStream
    /// How many there will be; nil sends them in chunks.
    let length: Int?
}

extension PassingBody {
    /// A document as a Binary resource: the same bytes in base64 between the resource's other members, never whole.
    init(binary id: String, mimeType: String, of stream: DocumentStream, length: Int?) {
        let outside: JSONObject = [
            "resourceType": "Binary", "id": .string(id), "contentType": .string(mimeType), "data": "",
        ]
        let bytes = JSONWriter.bytes(.object(outside))
        // The writer ends with `"data":""}`: the text goes between its last two quotation marks.
        let before = Array(bytes.dropLast(2))
        let after = Array(bytes.suffix(2))
        self.init(
            stream: DocumentStream(stop: stream.cancel) {
                var pieces = stream.makeAsyncIterator()
                var next: [UInt8]? = before
                var rest: [UInt8] = []
                var isOver = false
                return {
                    if let first = next {
                        next = nil
                        return first
                    }
                    guard !isOver else { return nil }
                    while let piece = try await pieces.next() {
                        rest += piece
                        let whole = rest.count - rest.count % 3
                        guard whole > 0 else { continue }
                        defer { rest = Array(rest.suffix(rest.count - whole)) }
                        return Array(Base64.encode(Array(rest.prefix(whole))).utf8)
                    }
                    isOver = true
                    return Array(Base64.encode(rest).utf8) + after
                }
            }, length: length.map { before.count + ($0 + 2) / 3 * 4 + after.count })
    }
}

extension AnswerSending {
    /// Passes a body on: the head with the first piece, then each when the kernel has taken the one before.
    ///
    /// What fails before the first piece is answered as an error; later the connection is cut, so that nobody takes a part
    /// for the whole. A revocation, or a caller who goes, lets go of where the bytes come from.
    static func pass(_ body: PassingBody, of answer: Answer, isHead: Bool, on channel: any Channel) async throws {
        let hold = Hold(body.stream)
        defer {
            hold.release()
            answer.end()
        }
        channel.closeFuture.whenComplete { _ in hold.release() }
        for ticket in answer.tickets {
            ticket.onCut {
                channel.close(promise: nil)
                hold.release()
            }
        }
        var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
        if let length = body.length { head.headerFields[.contentLength] = String(length) }
        if answer.closesConnection, channel.parent?.parent == nil { head.headerFields[.connection] = "close" }
        if isHead { return try await write([.head(head), .end(nil)], of: answer, on: channel) }
        var pieces = body.stream.makeAsyncIterator()
        let first: [UInt8]?
        do {
            first = try await pieces.next()
        } catch {
            guard !answer.isCut, let error = error as? ExchangeError else { throw ConnectionEnds() }
            var refusal = OutcomeMapping.answer(to: .exchange(error))
            refusal.headers[.requestID] = answer.headers[.requestID]
            refusal.headers[.date] = answer.headers[.date]
            refusal.closesConnection = answer.closesConnection
            return try await send(refusal, isHead: false, on: channel)
        }
        guard var piece = first else { return try await write([.head(head), .end(nil)], of: answer, on: channel) }
        var start: [HTTPResponsePart] = [.head(head)]
        while true {
            try await write(start + [.body(ByteBuffer(bytes: piece))], of: answer, on: channel)
            start = []
            do {
                guard let next = try await pieces.next() else { break }
                piece = next
            } catch { throw ConnectionEnds() }
        }
        try await write([.end(nil)], of: answer, on: channel)
        if answer.closesConnection { linger(channel) }
    }

    /// The stream of an answer while it is sent, and no longer: connections outlive it.
    private final class Hold: Sendable {
        private let stream: Mutex<DocumentStream?>

        init(_ stream: DocumentStream) { self.stream = Mutex(stream) }

        func release() {
            let held = stream.withLock { held in
                defer { held = nil }
                return held
            }
            held?.cancel()
        }
    }
}

import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTPTypes
import Synchronization
import Transactions

/// Thrown to end a connection: the answer was cut, or the rest of the request is not wanted.
struct ConnectionEnds: Error {}

/// Thrown when an answer was cut because nothing of it was read any more.
struct SlowReader: Error {}

/// How long one write has been waited for.
private final class Wait: Sendable {
    let isOver = Mutex(false)
}

/// Sending an answer so that a revocation can cut it, and its tickets end only when its bytes have left the process.
///
/// Hummingbird's writer returns once a part is queued; megabytes can wait there for a slow reader after it did. So parts
/// go to the channel itself, and each write is waited for until the kernel has taken it.
enum AnswerSending {
    /// Bytes between two looks at whether the answer was cut.
    static let chunkBytes = 64 * 1024
    /// How long a caller whose request is not wanted any more may go on sending it, to get to read the refusal.
    static let lingerTime = TimeAmount.seconds(2)

    /// Writes an answer. Throws when it was cut, which closes the connection.
    static func send(_ answer: Answer, isHead: Bool, on channel: any Channel) async throws {
        defer { answer.end() }
        for ticket in answer.tickets { ticket.onCut { channel.close(promise: nil) } }
        var head = HTTPResponse(status: answer.status, headerFields: answer.headers)
        if answer.status != .notModified { head.headerFields[.contentLength] = String(answer.body.readableBytes) }
        // A stream of HTTP/2 knows no such header (RFC 9113 section 8.2.2); its parent is a connection, not a listener.
        if answer.closesConnection, channel.parent?.parent == nil { head.headerFields[.connection] = "close" }
        if isHead || answer.body.readableBytes == 0 {
            try await write([.head(head), .end(nil)], of: answer, on: channel)
        } else if answer.body.readableBytes <= chunkBytes {
            try await write([.head(head), .body(answer.body), .end(nil)], of: answer, on: channel)
        } else {
            try await stream(answer, head: head, on: channel)
        }
        if answer.closesConnection { linger(channel) }
    }

    /// Closes in a moment. Until then the server reads on and throws away what still comes: a caller that is cut while it
    /// sends reads no refusal.
    static func linger(_ channel: any Channel) {
        channel.eventLoop.scheduleTask(in: lingerTime) { channel.close(promise: nil) }
    }

    private static func stream(_ answer: Answer, head: HTTPResponse, on channel: any Channel) async throws {
        var rest = answer.body
        var first: [HTTPResponsePart] = [.head(head)]
        while let chunk = rest.readSlice(length: min(chunkBytes, rest.readableBytes)) {
            let last: [HTTPResponsePart] = rest.readableBytes == 0 ? [.end(nil)] : []
            try await write(first + [.body(chunk)] + last, of: answer, on: channel)
            guard rest.readableBytes > 0 else { return }
            first = []
        }
    }

    /// Returns once the parts have been handed to the kernel; a write that a slow reader holds up fails when its answer
    /// is cut, since the channel closes.
    ///
    /// Who reads nothing for as long as `patience` is cut as well, and `SlowReader` thrown: connection, memory and the place
    /// among the answers under way are others', too.
    static func write(_ parts: [HTTPResponsePart], of answer: Answer, on channel: any Channel) async throws {
        let loop = channel.eventLoop
        let wait = Wait()
        do {
            try await loop.flatSubmit { () -> EventLoopFuture<Void> in
                guard !answer.isCut else { return loop.makeFailedFuture(ConnectionEnds()) }
                for part in parts.dropLast() { channel.write(part, promise: nil) }
                let sent = loop.makePromise(of: Void.self)
                if let last = parts.last { channel.writeAndFlush(last, promise: sent) } else { sent.succeed() }
                let cut = loop.scheduleTask(in: answer.patience) {
                    wait.isOver.withLock { $0 = true }
                    channel.close(promise: nil)
                }
                sent.futureResult.whenComplete { _ in cut.cancel() }
                return sent.futureResult
            }.get()
        } catch {
            throw wait.isOver.withLock { $0 } && !answer.isCut ? SlowReader() : error
        }
    }
}

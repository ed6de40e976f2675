import ExchangeCore
import NIOCore
import NIOHTTP1

/// One request and its answer at a time on one connection; lives on the connection's event loop.
final class HTTPExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// Where an answer goes.
    enum Receiver {
        /// Collected, then handed over whole.
        case whole(CheckedContinuation<Result<ClientResponse, HTTPFailure>, Never>)
        /// Head first, then the body piece by piece under back-pressure.
        case streamed(CheckedContinuation<Result<ClientStreamedResponse, HTTPFailure>, Never>)
    }

    private struct Pending {
        var receiver: Receiver?
        var bytesMax: Int
        var received = 0
        var head: ClientResponseHead?
        var body = ByteBuffer()
        var stream: ClientBody.Source?
        var keepsAlive = true
        var timeout: Scheduled<Void>?
    }

    /// The most bytes of headers accepted.
    static let headerBytesMax = 64 * 1024

    private var context: ChannelHandlerContext?
    private var pending: Pending?
    private var isBroken = false

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Sends a request; the receiver hears exactly once, whatever happens.
    func begin(_ request: ClientRequest, host: String, timeout: TimeAmount, receiver: Receiver) {
        guard let context, context.channel.isActive, pending == nil, !isBroken else {
            Self.fail(receiver, .notSent)
            return
        }
        var pending = Pending(receiver: receiver, bytesMax: request.responseBytesMax)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        pending.timeout = context.eventLoop.scheduleTask(in: timeout) {
            bound.value.finish(.failure(.failed(ExchangeError(.timeout, "no answer before the deadline"))))
        }
        self.pending = pending
        var headers = HTTPHeaders()
        headers.reserveCapacity(request.headers.count + 2)
        headers.add(name: "Host", value: host)
        for header in request.headers { headers.add(name: header.name, value: header.value) }
        if !request.body.isEmpty || request.method == .post || request.method == .put {
            headers.add(name: "Content-Length", value: String(request.body.count))
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: request.target, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !request.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: request.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    /// Nobody waits for the answer any more: the request ends at once.
    ///
    /// Closing takes as long as the other side's goodbye in TLS does, a second from one that is busy with the very answer;
    /// who asked two and has one answer must not wait for it.
    func giveUp() {
        finish(.failure(.failed(ExchangeError(.unavailable, "nobody waits for the answer any more"))))
        abandon()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): receive(head)
        case .body(let part): receive(part)
        case .end: finish(nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        let answered = pending?.head != nil
        finish(
            .failure(
                answered
                    ? .failed(.brokenAnswer)
                    : .closed(ExchangeError(.unavailable, "the connection was closed before an answer came"))))
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Once an answer has begun the request was acted on: it is not sent again.
        let readable = HTTPFailure.readable(error)
        finish(.failure(pending?.head == nil ? .closed(readable) : .failed(readable)))
        isBroken = true
        context.close(promise: nil)
    }

    private func receive(_ head: HTTPResponseHead) {
        guard pending != nil else { return abandon() }
        var bytes = 0
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(head.headers.count)
        for (name, value) in head.headers {
            bytes += name.utf8.count + value.utf8.count
            headers.append((name, value))
        }
        guard bytes <= Self.headerBytesMax else { return tooLarge("headers") }
        let found = ClientResponseHead(status: Int(head.status.code), headers: headers)
        pending?.head = found
        pending?.keepsAlive = head.isKeepAlive
        guard case .streamed(let continuation)? = pending?.receiver, let channel = context?.channel else { return }
        let (body, source) = ClientBody.make(channel: channel)
        pending?.stream = source
        pending?.receiver = nil
        continuation.resume(returning: .success(ClientStreamedResponse(head: found, body: body)))
    }

    private func receive(_ part: ByteBuffer) {
        guard pending != nil else { return abandon() }
        pending?.received += part.readableBytes
        guard let pending, pending.received <= pending.bytesMax else { return tooLarge("body") }
        if let stream = pending.stream {
            stream.yield(part)
        } else if pending.body.readableBytes == 0 {
            self.pending?.body = part
        } else {
            self.pending?.body.writeImmutableBuffer(part)
        }
    }

    private func tooLarge(_ what: String) {
        finish(.failure(.failed(ExchangeError(.tooLarge, "the answer's \(what) are larger than this question accepts"))))
    }

    /// An answer nobody asked for: the connection cannot be trusted to pair the next one rightly.
    private func abandon() {
        isBroken = true
        context?.close(promise: nil)
    }

    /// Ends the exchange: nil when the answer is complete.
    private func finish(_ failure: Result<Never, HTTPFailure>?) {
        guard let pending else { return }
        self.pending = nil
        pending.timeout?.cancel()
        if failure != nil || !pending.keepsAlive { abandon() }
        if let stream = pending.stream {
            switch failure {
            case .failure(let failure): stream.finish(failure.error)
            case nil: stream.finish(nil)
            }
            return
        }
        guard let receiver = pending.receiver else { return }
        switch (failure, receiver) {
        case (.failure(let failure), _): Self.fail(receiver, failure)
        case (nil, .whole(let continuation)):
            guard let head = pending.head else { return Self.fail(receiver, .notSent) }
            continuation.resume(
                returning: .success(ClientResponse(head: head, body: Array(pending.body.readableBytesView))))
        case (nil, .streamed): Self.fail(receiver, .notSent)
        }
    }

    private static func fail(_ receiver: Receiver, _ failure: HTTPFailure) {
        switch receiver {
        case .whole(let continuation): continuation.resume(returning: .failure(failure))
        case .streamed(let continuation): continuation.resume(returning: .failure(failure))
        }
    }
}

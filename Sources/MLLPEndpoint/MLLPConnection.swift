import HL7v2
import NIOCore

/// Who is at the other end of a connection.
package enum FeedSender: Sendable, Hashable {
    /// Somebody who may send; nil in clear.
    case known(String?)
    /// Somebody who may not; the reason is for the log.
    case refused(String)
}

/// A connection's socket side: hands bytes to the session, does what it says, and closes what is silent or slow.
final class MLLPConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let receiver: FeedReceiver
    private let identify: @Sendable (any Channel) async -> FeedSender
    private var session: MLLPSession
    private var isBusy = false
    private var isClosing = false
    /// When the frame that has begun must have ended.
    private var deadline: Scheduled<Void>?

    init(receiver: FeedReceiver, identify: @escaping @Sendable (any Channel) async -> FeedSender) {
        self.receiver = receiver
        self.identify = identify
        session = MLLPSession(limits: receiver.settings.limits)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        isClosing = true
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        session.feed(unwrapInboundIn(data).readableBytesView)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        watchFrame(context)
        advance(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            if !isBusy { close(context) }
        } else if event is ChannelShouldQuiesceEvent {
            // What came whole is still answered.
            session.end()
            advance(context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close(context) }

    /// Does the next thing, one at a time.
    private func advance(_ context: ChannelHandlerContext) {
        guard !isBusy, !isClosing else { return }
        switch session.step() {
        case .read: context.read()
        case .close: close(context)
        case .refuse(let fault, let head): answered(context, receiver.refusal(of: head, fault), mayGoOn: true)
        case .answer(let message): answer(message, context)
        }
    }

    private func answer(_ message: [UInt8], _ context: ChannelHandlerContext) {
        isBusy = true
        let (receiver, identify, channel) = (receiver, identify, context.channel)
        let promise = context.eventLoop.makePromise(of: Answer.self)
        promise.completeWithTask {
            switch await identify(channel) {
            case .known(let name): Answer(bytes: await receiver.answer(message, from: name), mayGoOn: true)
            case .refused(let why):
                Answer(bytes: receiver.refusal(of: Array(message.prefix(1024)), stranger: why), mayGoOn: false)
            }
        }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        promise.futureResult.whenComplete { result in
            let (connection, context) = bound.value
            connection.isBusy = false
            switch result {
            case .success(let answer): connection.answered(context, answer.bytes, mayGoOn: answer.mayGoOn)
            case .failure: connection.close(context)
            }
        }
    }

    private struct Answer: Sendable {
        let bytes: [UInt8]?
        let mayGoOn: Bool
    }

    private func answered(_ context: ChannelHandlerContext, _ bytes: [UInt8]?, mayGoOn: Bool) {
        guard !isClosing else { return }
        guard let bytes else { return mayGoOn ? advance(context) : close(context) }
        let frame = MLLPFrame.encode(bytes)
        isBusy = true
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // The next message waits until this answer has left: who reads no answers is sent none.
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: frame))).whenComplete { result in
            let (connection, context) = bound.value
            connection.isBusy = false
            guard case .success = result, mayGoOn else { return connection.close(context) }
            connection.advance(context)
        }
    }

    /// A frame that has begun must end in time, however many bytes trickle in.
    private func watchFrame(_ context: ChannelHandlerContext) {
        guard session.isWithin else {
            deadline?.cancel()
            deadline = nil
            return
        }
        guard deadline == nil else { return }
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: .seconds(Int64(receiver.settings.frameSecondsMax))) {
            let (connection, context) = bound.value
            if connection.session.isWithin { connection.close(context) }
        }
    }

    private func close(_ context: ChannelHandlerContext) {
        guard !isClosing else { return }
        isClosing = true
        deadline?.cancel()
        context.close(promise: nil)
    }
}

import ExchangeCore
import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS
import Synchronization
import Trust

/// One kept connection to another node's directory: many questions at once, each answer found by its number.
///
/// A question that nobody answers in time ends the connection, since a new one may get through where this one does not.
final class GossipLink: Sendable {
    /// The most questions under way; one more is `.unavailable` at once.
    static let underWayMax = 128
    /// How long an unused connection is kept.
    static let idleMax = TimeAmount.minutes(10)

    private typealias Waiter = CheckedContinuation<Result<[UInt8], ExchangeError>, Never>

    private struct State {
        var channel: (any Channel)?
        var isReady = false
        var isOurEnd = false
        var failure: ExchangeError?
        var number: UInt32 = 0
        var queued: [GossipPacket] = []
        var waiting: [UInt32: (waiter: Waiter, timeout: Scheduled<Void>)] = [:]
    }

    private let loop: any EventLoop
    private let state: NIOLoopBoundBox<State>
    private let verdict = VerdictBox()
    private let tls: CallerTLS
    private let ended: @Sendable (GossipLink, _ isOurEnd: Bool) -> Void

    /// Begins to connect; `ended` is told once when it is over, and whether this side ended it or it never came about.
    init(
        to host: String, port: Int, tls: CallerTLS, loop: any EventLoop, dial: DialRule,
        ended: @escaping @Sendable (GossipLink, _ isOurEnd: Bool) -> Void,
    ) {
        self.loop = loop
        self.tls = tls
        self.ended = ended
        state = NIOLoopBoundBox.makeBoxSendingValue(State(), eventLoop: loop)
        loop.execute { self.connect(host, port, dial) }
    }

    /// What the other side's certificate says, once the handshake is done.
    var certificate: TrustedCertificate? {
        verdict.value.withLock { if case .trusted(let found)? = $0 { found } else { nil } }
    }

    /// Why the other side's certificate would not be trusted any more; nil while it is (security.md L14).
    var refusal: TrustRefusal? { certificate.flatMap { tls.policy().refusal(of: $0, now: tls.now()) } }

    /// Asks, and waits for the answer: `.timeout` when none comes in time, `.unavailable` when the connection fails, else as
    /// the other side refused.
    func ask(_ payload: [UInt8], timeout: TimeAmount) async throws(ExchangeError) -> [UInt8] {
        let question = Question()
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in
                loop.execute { self.begin(payload, timeout, question, waiter) }
            }
        } onCancel: {
            loop.execute {
                question.isGivenUp.withLock { $0 = true }
                guard let number = question.number.withLock({ $0 }) else { return }
                self.finish(number, .failure(Self.givenUp))
            }
        }
        return try result.get()
    }

    /// Ends it; questions under way fail.
    func close() { loop.execute { self.end(Self.closed) } }

    // On the event loop.

    private func connect(_ host: String, _ port: Int, _ dial: DialRule) {
        let name = HTTPConnection.serverName(.host(host, port: port))
        let bootstrap = ClientBootstrap(group: loop).connectTimeout(.seconds(2))
            .resolver(GuardedResolver(loop: loop, rule: dial))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try self.prepare(channel, name) } }
        bootstrap.connect(host: host, port: port).whenFailure { error in
            self.end(HTTPFailure.readable(error))
        }
    }

    private func prepare(_ channel: any Channel, _ name: String?) throws {
        let pipeline = channel.pipeline.syncOperations
        let (kind, policy, now, verdict) = (tls.kind, tls.policy, tls.now, verdict)
        try pipeline.addHandler(
            try NIOSSLClientHandler(context: tls.context, serverHostname: name) { presented, promise in
                MutualTLS.judge(presented, as: kind, policy: policy, now: now, promise: promise) { found in
                    verdict.value.withLock { $0 = found }
                }
            })
        try pipeline.addHandler(IdleStateHandler(allTimeout: Self.idleMax))
        try pipeline.addHandler(ByteToMessageHandler(GossipDecoder()))
        try pipeline.addHandler(MessageToByteHandler(GossipEncoder()))
        try pipeline.addHandler(GossipLinkHandler(self))
        state.value.channel = channel
        if state.value.failure != nil { channel.close(promise: nil) }
    }

    private func begin(_ payload: [UInt8], _ timeout: TimeAmount, _ question: Question, _ waiter: Waiter) {
        if question.isGivenUp.withLock({ $0 }) { return waiter.resume(returning: .failure(Self.givenUp)) }
        if let failure = state.value.failure { return waiter.resume(returning: .failure(failure)) }
        guard state.value.waiting.count < Self.underWayMax else {
            return waiter.resume(
                returning: .failure(ExchangeError(.unavailable, "too many questions to this node are under way")))
        }
        state.value.number &+= 1
        let number = state.value.number
        question.number.withLock { $0 = number }
        let deadline = loop.scheduleTask(in: timeout) {
            guard self.state.value.waiting[number] != nil else { return }
            self.end(ExchangeError(.timeout, "no answer before the deadline"))
        }
        state.value.waiting[number] = (waiter, deadline)
        let packet = GossipPacket(.question, number, payload)
        if state.value.isReady { state.value.channel?.writeAndFlush(packet, promise: nil) } else {
            state.value.queued.append(packet)
        }
    }

    fileprivate func isNegotiated(_ name: String?) {
        guard name == GossipPacket.protocolName else {
            return end(ExchangeError(.badRequest, "the other side does not speak \(GossipPacket.protocolName)"))
        }
        state.value.isReady = true
        for packet in state.value.queued { state.value.channel?.write(packet, promise: nil) }
        state.value.queued = []
        state.value.channel?.flush()
    }

    fileprivate func came(_ packet: GossipPacket) {
        switch packet.kind {
        case .answer: finish(packet.number, .success(packet.payload))
        case .refusal:
            let refusal = packet.payload.first.flatMap { GossipPacket.Refusal(rawValue: $0) } ?? .unavailable
            finish(packet.number, .failure(refusal.error))
        case .question: end(ExchangeError(.badRequest, "the other side asks where it should answer"))
        }
    }

    fileprivate func failed(_ error: any Error) {
        if case .refused(let why)? = verdict.value.withLock({ $0 }) {
            return end(ExchangeError(.unavailable, "the other side is not trusted: \(why)"))
        }
        // A process that is killed says no goodbye: its end reads as a broken connection.
        if Self.isTheirEnd(error) { return isGone() }
        end(HTTPFailure.readable(error))
    }

    private static func isTheirEnd(_ error: any Error) -> Bool {
        if case .uncleanShutdown? = error as? NIOSSLError { return true }
        return error is IOError
    }

    fileprivate func isGone() { end(Self.closed, isOurs: false) }

    private func finish(_ number: UInt32, _ result: Result<[UInt8], ExchangeError>) {
        guard let (waiter, timeout) = state.value.waiting.removeValue(forKey: number) else { return }
        timeout.cancel()
        waiter.resume(returning: result)
    }

    private func end(_ failure: ExchangeError, isOurs: Bool = true) {
        guard state.value.failure == nil else { return }
        state.value.failure = failure
        let wasReady = state.value.isReady
        let waiting = state.value.waiting
        state.value.waiting = [:]
        state.value.queued = []
        ended(self, isOurs || !wasReady)
        for number in waiting.keys.sorted() {
            waiting[number]?.timeout.cancel()
            waiting[number]?.waiter.resume(returning: .failure(failure))
        }
        state.value.channel?.close(promise: nil)
        state.value.channel = nil
    }

    /// The connection is no more; it may have been the other side that ended it.
    static let closed = ExchangeError(.unavailable, "the connection is closed")
    private static let givenUp = ExchangeError(.unavailable, "the question was given up")

    /// A question from the task that asks to the event loop, and its number back.
    private final class Question: Sendable {
        let number = Mutex<UInt32?>(nil)
        let isGivenUp = Mutex(false)
    }
}

/// Hands a link what its channel brings.
private final class GossipLinkHandler: ChannelInboundHandler {
    typealias InboundIn = GossipPacket

    private let link: GossipLink

    init(_ link: GossipLink) { self.link = link }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { link.came(unwrapInboundIn(data)) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let name)? = event as? TLSUserEvent { link.isNegotiated(name) }
        if event is IdleStateHandler.IdleStateEvent { link.close() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { link.failed(error) }

    func channelInactive(context: ChannelHandlerContext) {
        link.isGone()
        context.fireChannelInactive()
    }
}

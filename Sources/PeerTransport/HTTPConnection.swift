import ExchangeCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Trust

/// Where a connection leads.
package enum HTTPDestination: Hashable, Sendable {
    /// A host and port.
    case host(String, port: Int)
    /// A Unix domain socket's path.
    case socket(path: String)

    /// The `Host` header.
    var authority: String {
        switch self {
        case .host(let host, let port): host.utf8.contains(0x3A) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .socket: "localhost"
        }
    }
}

/// How the other side is known.
package struct CallerTLS: Sendable {
    /// Versions, suites and this side's certificate.
    package let context: NIOSSLContext
    /// Whom we mean: a peer's community, or a server's name.
    package let kind: TrustPolicy.Kind
    /// The newest trust policy.
    package let policy: @Sendable () -> TrustPolicy
    /// The wall clock.
    package let now: @Sendable () -> Timestamp

    /// TLS for calling.
    package init(
        context: NIOSSLContext, kind: TrustPolicy.Kind, policy: @escaping @Sendable () -> TrustPolicy,
        now: @escaping @Sendable () -> Timestamp,
    ) {
        self.context = context
        self.kind = kind
        self.policy = policy
        self.now = now
    }

    /// TLS before a connection that is not HTTP's own, to a host; whom it leads to is judged in the handshake.
    package func handler(for host: String) throws -> NIOSSLClientHandler {
        let (kind, policy, now) = (kind, policy, now)
        return try NIOSSLClientHandler(
            context: context, serverHostname: HTTPConnection.serverName(.host(host, port: 0))
        ) { presented, promise in
            MutualTLS.judge(presented, as: kind, policy: policy, now: now, promise: promise) { _ in }
        }
    }
}

/// One HTTP/1.1 connection, kept alive; one request at a time, no redirects, every answer limited.
package final class HTTPConnection: Sendable {
    /// Longest wait for a connection, TLS left out.
    static let connectMax = Duration.seconds(2)

    /// Where it leads.
    package let destination: HTTPDestination
    private let channel: any Channel
    private let handler: NIOLoopBound<HTTPExchangeHandler>
    private let verdict: VerdictBox
    private let tls: CallerTLS?

    private init(
        destination: HTTPDestination, channel: any Channel, handler: NIOLoopBound<HTTPExchangeHandler>,
        verdict: VerdictBox, tls: CallerTLS?,
    ) {
        self.destination = destination
        self.channel = channel
        self.handler = handler
        self.verdict = verdict
        self.tls = tls
    }

    /// Connects; without `tls` in clear (Unix sockets, tests).
    ///
    /// The handshake goes on while the first request waits, so its failure is that request's. `.unavailable` when nobody
    /// answers, `.timeout` after two seconds or `timeout`. With a `dial` rule, a host that others have named is connected to
    /// only where the rule permits.
    package static func connect(
        to destination: HTTPDestination, tls: CallerTLS? = nil, timeout: Duration = connectMax,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, dial: DialRule? = nil,
    ) async throws(ExchangeError) -> HTTPConnection {
        let verdict = VerdictBox()
        let loop = group.next()
        let bootstrap = ClientBootstrap(group: loop)
            .resolver(dial.map { GuardedResolver(loop: loop, rule: $0) })
            .connectTimeout(.milliseconds(max(1, min(timeout, connectMax).wholeMilliseconds)))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try prepare(channel, destination: destination, tls: tls, verdict: verdict)
                }
            }
        do {
            let channel =
                switch destination {
                case .host(let host, let port):
                    try await bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                        .connect(host: host, port: port).get()
                case .socket(let path): try await bootstrap.connect(unixDomainSocketPath: path).get()
                }
            let handler = try await channel.eventLoop.submit {
                NIOLoopBound(
                    try channel.pipeline.syncOperations.handler(type: HTTPExchangeHandler.self),
                    eventLoop: channel.eventLoop)
            }.get()
            return HTTPConnection(
                destination: destination, channel: channel, handler: handler, verdict: verdict, tls: tls)
        } catch { throw HTTPFailure.readable(error) }
    }

    /// Whether it can take another request.
    package var isOpen: Bool { channel.isActive }

    /// What the other side's certificate says, once the handshake is done; nil before, and without TLS.
    package var certificate: TrustedCertificate? {
        verdict.value.withLock { if case .trusted(let found)? = $0 { found } else { nil } }
    }

    /// Why the other side's certificate would not be trusted any more; nil while it is (security.md L14).
    package var refusal: TrustRefusal? {
        guard let tls, let certificate else { return nil }
        return tls.policy().refusal(of: certificate, now: tls.now())
    }

    /// Sends a request and collects the answer.
    ///
    /// `.timeout` when it is not complete in time, `.tooLarge` beyond the request's limit, `.unavailable` when the
    /// connection breaks; after any of these, and when the task is cancelled, the connection is closed.
    package func send(_ request: ClientRequest, timeout: Duration) async throws(ExchangeError) -> ClientResponse {
        do { return try await attempt(request, timeout: timeout) } catch { throw error.error }
    }

    /// Sends a request and hands over its answer while it comes; the connection is closed afterwards.
    package func stream(_ request: ClientRequest, timeout: Duration)
        async throws(ExchangeError) -> ClientStreamedResponse
    {
        do { return try await attemptStream(request, timeout: timeout) } catch { throw error.error }
    }

    func attemptStream(_ request: ClientRequest, timeout: Duration) async throws(HTTPFailure) -> ClientStreamedResponse {
        try await exchange(request, timeout: timeout) { .streamed($0) }
    }

    func attempt(_ request: ClientRequest, timeout: Duration) async throws(HTTPFailure) -> ClientResponse {
        try await exchange(request, timeout: timeout) { .whole($0) }
    }

    private func exchange<Answer: Sendable>(
        _ request: ClientRequest, timeout: Duration,
        receiver: @escaping @Sendable (CheckedContinuation<Result<Answer, HTTPFailure>, Never>) ->
            HTTPExchangeHandler.Receiver,
    ) async throws(HTTPFailure) -> Answer {
        guard request.isWellFormed else {
            throw .failed(ExchangeError(.badRequest, "the request's target or a header cannot be said in HTTP"))
        }
        guard timeout > .zero else { throw .failed(ExchangeError(.timeout, "no time left to ask")) }
        let amount = TimeAmount.milliseconds(max(1, timeout.wholeMilliseconds))
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                channel.eventLoop.execute { [handler, destination] in
                    handler.value.begin(
                        request, host: destination.authority, timeout: amount, receiver: receiver(continuation))
                }
            }
        } onCancel: { [channel, handler] in
            channel.eventLoop.execute { handler.value.giveUp() }
        }
        switch result {
        case .success(let answer): return answer
        case .failure(let failure): throw named(failure)
        }
    }

    /// A TLS failure by what our own policy said about the certificate, where it was ours that refused.
    private func named(_ failure: HTTPFailure) -> HTTPFailure {
        guard case .refused(let why)? = verdict.value.withLock({ $0 }) else { return failure }
        return .failed(ExchangeError(.unavailable, "the other side is not trusted: \(why)"))
    }

    /// Runs a body once it is closed, by whichever side.
    func whenClosed(_ body: @escaping @Sendable () -> Void) { channel.closeFuture.whenComplete { _ in body() } }

    /// Closes it; requests under way fail.
    package func close() { channel.close(promise: nil) }

    private static func prepare(
        _ channel: any Channel, destination: HTTPDestination, tls: CallerTLS?, verdict: VerdictBox,
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        if let tls {
            try pipeline.addHandler(
                try NIOSSLClientHandler(context: tls.context, serverHostname: serverName(destination)) { presented, promise in
                    MutualTLS.judge(presented, as: tls.kind, policy: tls.policy, now: tls.now, promise: promise) { found in
                        verdict.value.withLock { $0 = found }
                    }
                })
        }
        try pipeline.addHandler(RequestSerializer())
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPResponseDecoder(leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop)))
        try pipeline.addHandler(HTTPExchangeHandler())
    }

    /// SNI is for names; an address is none (RFC 6066 section 3).
    static func serverName(_ destination: HTTPDestination) -> String? {
        guard case .host(let host, let port) = destination, (try? SocketAddress(ipAddress: host, port: port)) == nil else {
            return nil
        }
        return host
    }
}

/// What the policy said about the other side's certificate.
final class VerdictBox: Sendable {
    let value = Mutex<TrustPolicy.Verdict?>(nil)
}

import ExchangeCore
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Synchronization
import Testing
import Trust
import X509

@testable import PeerTransport

/// One request as the server saw it.
struct SeenRequest: Sendable {
    let method: String
    let target: String
    let headers: [(name: String, value: String)]
    let body: [UInt8]

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name.lowercased() }?.value }
}

/// What the server does with a request.
enum CannedAnswer: Sendable {
    case answer(Int, headers: [(String, String)] = [], body: [UInt8] = [])
    case chunked([[UInt8]])
    case silence
    case hangUp
}

/// A server on a loopback port of the system's choice that answers from a closure and remembers what it saw.
final class LoopbackServer: Sendable {
    let port: Int
    let connections = Mutex(0)
    let seen = Mutex<[SeenRequest]>([])
    private let channel: any Channel

    static func start(
        tls: MutualTLS.Listener? = nil, _ answer: @escaping @Sendable (SeenRequest) -> CannedAnswer,
    ) async throws -> LoopbackServer {
        let context = try tls.map { try NIOSSLContext(configuration: $0.configuration) }
        let box = Mutex<LoopbackServer?>(nil)
        let shared = Shared(box: box)
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls, let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLServerHandler(context: context, customVerificationCallback: tls.verify, configuration: .init()))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try channel.pipeline.syncOperations.addHandler(Answering(answer: answer, shared: shared))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = LoopbackServer(port: try #require(channel.localAddress?.port), channel: channel)
        shared.box.withLock { $0 = server }
        return server
    }

    private init(port: Int, channel: any Channel) {
        self.port = port
        self.channel = channel
    }

    var destination: HTTPDestination { .host("127.0.0.1", port: port) }
    func stop() async throws { try await channel.close() }

    final class Shared: Sendable {
        let box: Mutex<LoopbackServer?>
        init(box: consuming sending Mutex<LoopbackServer?>) { self.box = box }
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let answer: @Sendable (SeenRequest) -> CannedAnswer
        private let shared: Shared
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []
        private var isCounted = false

        init(answer: @escaping @Sendable (SeenRequest) -> CannedAnswer, shared: Shared) {
            self.answer = answer
            self.shared = shared
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let part): body += Array(part.readableBytesView)
            case .end: respond(context)
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func respond(_ context: ChannelHandlerContext) {
            guard let head else { return }
            let request = SeenRequest(
                method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) }, body: body)
            let server = shared.box.withLock { $0 }
            server?.seen.withLock { $0.append(request) }
            if !isCounted { server?.connections.withLock { $0 += 1 } }
            isCounted = true
            switch answer(request) {
            case .answer(let status, let headers, let body):
                var fields = HTTPHeaders(headers)
                fields.replaceOrAdd(name: "Content-Length", value: String(body.count))
                write(context, status, fields, [body])
                if fields["Connection"].contains("close") { context.close(promise: nil) }
            case .chunked(let parts): write(context, 200, ["Transfer-Encoding": "chunked"], parts)
            case .silence: break
            case .hangUp: context.close(promise: nil)
            }
        }

        private func write(_ context: ChannelHandlerContext, _ status: Int, _ headers: HTTPHeaders, _ parts: [[UInt8]]) {
            let head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: headers)
            context.write(wrapOutboundOut(.head(head)), promise: nil)
            for part in parts { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: part)))), promise: nil) }
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}

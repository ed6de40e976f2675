import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PeerTransport
import Synchronization
import Trust

/// All scripted responders in one process, on one thread: two ports and a certificate each, real mutual TLS 1.3.
final class ResponderServer: Sendable {
    private struct Place: Sendable {
        let responder: Responder
        let ports: [Int]
        let tls: MutualTLS.Listener
        let context: NIOSSLContext
    }

    private struct State {
        var listeners: [Int: [any Channel]] = [:]
        var connections: [Int: [ObjectIdentifier: any Channel]] = [:]
    }

    private let places: [Place]
    private let control: String
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let state = Mutex(State())

    /// Makes the responders of a plan.
    init(_ plan: ResponderPlan) throws {
        control = plan.control
        let world = World.system
        let policy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(URL(fileURLWithPath: plan.network))))
        places = try plan.places.enumerated().map { number, place in
            let identity = try TLSIdentity(
                certificatePEM: PlainFile.text(URL(fileURLWithPath: place.certificate)),
                keyPEM: SecretFile.text(URL(fileURLWithPath: place.key)))
            let tls = try MutualTLS.peerListener(identity: CurrentIdentity(identity), policy: { policy }, now: world.now)
            return Place(
                responder: Responder(place, seed: plan.seed &* 1000 &+ UInt64(number), now: world.now()),
                ports: place.ports, tls: tls, context: try NIOSSLContext(configuration: tls.configuration))
        }
    }

    /// Serves until the process is ended.
    func run() async throws {
        for number in places.indices { try await listen(number) }
        let server = try await ServerBootstrap(group: group)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(ControlHandler(server: self))
                }
            }
            .bind(unixDomainSocketPath: control).get()
        try await server.closeFuture.get()
    }

    private func listen(_ number: Int) async throws {
        let place = places[number]
        for port in place.ports {
            let channel = try await ServerBootstrap(group: group)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    self.note(channel, of: number)
                    return channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHandler(
                            NIOSSLServerHandler(context: place.context, customVerificationCallback: place.tls.verify))
                        try pipeline.configureHTTPServerPipeline()
                        try pipeline.addHandler(ResponderHandler(responder: place.responder))
                    }
                }
                .bind(host: "127.0.0.1", port: port).get()
            state.withLock { $0.listeners[number, default: []].append(channel) }
        }
    }

    private func note(_ channel: any Channel, of number: Int) {
        let id = ObjectIdentifier(channel as AnyObject)
        state.withLock { $0.connections[number, default: [:]][id] = channel }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.connections[number]?[id] = nil }
        }
    }

    /// Sets every responder's manner, in their order; answers the counts since the last time.
    func set(_ manners: [ResponderManner]) async throws -> [UInt8: Int] {
        for (number, manner) in manners.enumerated() where places.indices.contains(number) {
            let before = places[number].responder.manner
            places[number].responder.manner = manner
            if manner == .gone, before != .gone {
                let channels = state.withLock { state in
                    defer {
                        state.listeners[number] = nil
                        state.connections[number] = nil
                    }
                    return (state.listeners[number] ?? []) + Array((state.connections[number] ?? [:]).values)
                }
                for channel in channels { try? await channel.close() }
            } else if manner != .gone, before == .gone {
                try await listen(number)
            }
        }
        var counts: [UInt8: Int] = [:]
        for place in places { counts.merge(place.responder.takeCounts(), uniquingKeysWith: +) }
        return counts
    }
}

/// One connection to a responder.
private final class ResponderHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let responder: Responder
    private var head: HTTPRequestHead?

    init(responder: Responder) { self.responder = responder }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: return
        case .end:
            guard let head else { return }
            switch responder.answer(head.uri, trace: head.headers.first(name: "X-Request-Id")?.utf8.first) {
            case .never: return
            case .unknown: write([], .notFound, context)
            case .bytes(let bytes, let milliseconds):
                guard milliseconds > 0 else { return write(bytes, .ok, context) }
                let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
                context.eventLoop.scheduleTask(in: .microseconds(Int64(milliseconds * 1000))) {
                    let (handler, context) = bound.value
                    if context.channel.isActive { handler.write(bytes, .ok, context) }
                }
            }
        }
    }

    private func write(_ bytes: [UInt8], _ status: HTTPResponseStatus, _ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = [
            "Content-Type": "application/fhir+json", "Content-Length": String(bytes.count), "Cache-Control": "no-store",
        ]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// The benchmark's own way in: sets manners, reads counts.
private final class ControlHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let server: ResponderServer
    private var body = ByteBuffer()

    init(server: ResponderServer) { self.server = server }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head: body.clear()
        case .body(var part): body.writeBuffer(&part)
        case .end:
            let words = (try? JSONReader.read(Array(body.readableBytesView)))?["manners"]?.items ?? []
            let manners = words.compactMap { $0.string.flatMap(ResponderManner.init) }
            let server = server
            let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
            let set = context.eventLoop.makeFutureWithTask { try await server.set(manners) }
            set.whenComplete { result in
                let (handler, context) = bound.value
                var counts: JSONObject = [:]
                for (letter, count) in (try? result.get()) ?? [:] {
                    counts[String(UnicodeScalar(letter))] = .number(String(count))
                }
                handler.write(JSONWriter.bytes(.object(counts)), context)
            }
        }
    }

    private func write(_ bytes: [UInt8], _ context: ChannelHandlerContext) {
        let headers: HTTPHeaders = ["Content-Type": "application/json", "Content-Length": String(bytes.count)]
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: bytes)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

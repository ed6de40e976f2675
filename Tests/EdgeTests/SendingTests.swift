import ConsentEngine
import DocumentExchange
import ExchangeCore
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import Synchronization
import Testing
import Transactions
import XDSMetadata

@testable import FHIREndpoint

/// Counts what a connection brings, and reads only when told to.
private final class Reader: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    let received = Mutex(ByteBuffer())
    let first: EventLoopPromise<Void>
    let closed: EventLoopPromise<Void>
    private let hasBegun = Mutex(false)

    init(_ loop: any EventLoop) {
        first = loop.makePromise()
        closed = loop.makePromise()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = unwrapInboundIn(data)
        received.withLock { _ = $0.writeBuffer(&chunk) }
        let isFirst = hasBegun.withLock { begun in
            defer { begun = true }
            return !begun
        }
        if isFirst { first.succeed() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        first.fail(ChannelError.eof)
        closed.succeed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Answers over a real connection: sent whole, cut, or refused before the rest is read.
@Suite struct SendingTests {
    let scene: EdgeScene

    init() async throws { scene = try await EdgeScene() }

    private static let documentBytes = 8 * 1024 * 1024

    private func publishLarge() async throws -> DocumentID {
        var request = ProvideRequest(patient: SubmittedPatient(record: scene.patient.id))
        var draft = DocumentDraft(mimeType: "application/pdf")
        draft.securityCodes = [CodedValue(code: "N", system: CodeSystems.confidentiality)]
        draft.typeCode = CodedValue(code: "18842-5", system: CodeSystems.loinc)
        draft.classCode = CodedValue(code: "11490-0", system: CodeSystems.loinc)
        request.documents = [(draft, [UInt8](repeating: 0x41, count: Self.documentBytes))]
        request.parts = [.document(0)]
        let context = AccessContext(
            door: .client, user: "u", role: "physician", organization: "o", community: scene.own, purpose: "TREAT",
            deadline: .seconds(1_000_000), traceID: String(repeating: "0", count: 32))
        return try #require(try await scene.exchange.provideAndRegister(request, for: context).documents.first?.entry.id)
    }

    /// Serves the scene on loopback while the body runs; every connection is the scene's client.
    private func serving(_ body: @Sendable @escaping (SocketAddress) async throws -> Void) async throws {
        let logger = scene.exchange.logger
        let service = scene.service()
        let http = HTTP1Channel { request, _, channel in
            try await service.respond(to: request, on: channel) { .identity(scene.identity) }
        }
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelOption(.socketOption(.so_sndbuf), value: 64 * 1024)
            .bind(host: "127.0.0.1", port: 0) { http.setup(channel: $0, logger: logger) }
        let address = try #require(server.channel.localAddress)
        try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await connection in connections { await http.handle(value: connection, logger: logger) }
                }
                try await body(address)
                group.cancelAll()
            }
        }
    }

    private func connect(_ address: SocketAddress, _ request: String, reads: Bool = true) async throws
        -> (any Channel, Reader)
    {
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let reader = Reader(loop)
        let channel = try await ClientBootstrap(group: loop).channelOption(.autoRead, value: reads)
            .channelOption(.socketOption(.so_rcvbuf), value: 64 * 1024)
            .channelInitializer { $0.pipeline.addHandler(reader) }.connect(to: address).get()
        try await channel.writeAndFlush(ByteBuffer(string: request))
        return (channel, reader)
    }

    private func ask(_ address: SocketAddress, _ request: String) async throws -> String {
        let (_, reader) = try await connect(address, request)
        try await reader.closed.futureResult.get()
        return reader.received.withLock { String(buffer: $0) }
    }

    private static func get(_ path: String, method: String = "GET", extra: String = "Connection: close\r\n") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n\(extra)\r\n"
    }

    @Test func `a large document arrives whole`() async throws {
        let id = try await publishLarge()
        try await serving { address in
            let answer = try await ask(address, Self.get("/fhir/Binary/\(id)"))
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.utf8.count > Self.documentBytes)
            #expect(answer.utf8.suffix(Self.documentBytes).allSatisfy { $0 == 0x41 })
        }
    }

    @Test func `a revocation cuts an answer that a slow reader holds up`() async throws {
        let id = try await publishLarge()
        try await serving { address in
            let (channel, reader) = try await connect(address, Self.get("/fhir/Binary/\(id)"), reads: false)
            channel.read()
            try await reader.first.futureResult.get()
            var random = SystemRandomNumberGenerator()
            let refusal = ConsentDirective(
                id: .random(using: &random), patient: scene.patient.id, base: ConsentRule(.deny),
                recorded: scene.exchange.world.now())
            let context = AccessContext(
                door: .administration, user: "root", role: nil, organization: "o", community: scene.own, purpose: nil,
                deadline: .seconds(1_000_000), traceID: String(repeating: "0", count: 32))
            try await scene.exchange.recordConsent(refusal, for: context)
            // The node has closed already; the caller may have seen it.
            _ = try? await channel.setOption(.autoRead, value: true).get()
            try await reader.closed.futureResult.get()
            #expect(reader.received.withLock { $0.readableBytes } < Self.documentBytes)
        }
    }

    @Test func `HEAD tells the length and sends no body`() async throws {
        try await serving { address in
            let answer = try await ask(address, Self.get("/fhir/metadata", method: "HEAD"))
            #expect(answer.hasPrefix("HTTP/1.1 200"))
            #expect(answer.hasSuffix("\r\n\r\n"))
            #expect(!answer.lowercased().contains("content-length: 0\r\n"))
        }
    }

    @Test func `requests follow one another on one connection`() async throws {
        try await serving { address in
            let answer = try await ask(
                address, Self.get("/fhir/metadata", extra: "") + Self.get("/fhir/Nothing", extra: "") + Self.get("/fhir/metadata"))
            #expect(answer.components(of: "HTTP/1.1 200") == 2)
            #expect(answer.components(of: "HTTP/1.1 404") == 1)
        }
    }

    @Test(arguments: ["/fhir", "/fhir/Nothing"])
    func `T104 a body announced past the limit is refused, and the connection ends`(_ path: String) async throws {
        try await serving { address in
            let head = "POST \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n"
                + "Content-Type: application/fhir+json\r\nContent-Length: 10737418240\r\n\r\n"
            let (channel, reader) = try await connect(address, head)
            try await reader.first.futureResult.get()
            // The caller goes on sending, and is cut after a moment.
            while (try? await channel.writeAndFlush(ByteBuffer(repeating: 0x20, count: 1 << 20))) != nil {}
            try await reader.closed.futureResult.get()
            let answer = reader.received.withLock { String(buffer: $0) }
            #expect(answer.hasPrefix(path == "/fhir" ? "HTTP/1.1 413" : "HTTP/1.1 404"))
            #expect(answer.lowercased().contains("connection: close"))
        }
    }

    @Test func `a chunked body past the limit is refused, and the connection ends`() async throws {
        var limits = ExchangeLimits()
        limits.requestBytesMax = 100_000
        let scene = try await EdgeScene(limits: limits)
        try await SendingTests(scene: scene).serving { address in
            let chunk = "10000\r\n" + String(repeating: " ", count: 65536) + "\r\n"
            let head = "POST /fhir HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\n"
                + "Content-Type: application/fhir+json\r\nTransfer-Encoding: chunked\r\n\r\n"
            let whole = try await SendingTests(scene: scene).ask(address, head + chunk + chunk + "0\r\n\r\n")
            #expect(whole.hasPrefix("HTTP/1.1 413"))
            let endless = try await SendingTests(scene: scene).ask(address, head + chunk + chunk)
            #expect(endless.hasPrefix("HTTP/1.1 413"), "told before the body ends")
        }
    }

    private init(scene: EdgeScene) { self.scene = scene }
}

extension String {
    fileprivate func components(of text: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: text) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}

import ExchangeCore
import ExchangeNode
import NIOCore
import NIOPosix
import NIOSSL
import PeerTransport
import Synchronization
import Testing
import Trust
import X509

/// A TLS connection that says exactly what a test wants said, and notes what comes back and when it ends.
final class RawConnection: Sendable {
    private final class Notes: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let received = Mutex<[UInt8]>([])
        let failure = Mutex<String?>(nil)

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let buffer = unwrapInboundIn(data)
            received.withLock { $0 += buffer.readableBytesView }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            failure.withLock { $0 = $0 ?? "\(error)" }
            context.close(promise: nil)
        }
    }

    private let channel: any Channel
    private let notes: Notes

    private init(channel: any Channel, notes: Notes) {
        self.channel = channel
        self.notes = notes
    }

    /// Connects in clear when `identity` and `versions` are nil; with TLS otherwise, whatever the server's certificate.
    ///
    /// - Parameter receives: bytes that the kernel takes for it before it reads them; nil for the kernel's own choice.
    static func open(port: Int, tls: TLSConfiguration?, receives: Int? = nil) async throws -> RawConnection {
        let notes = Notes()
        let context = try tls.map { try NIOSSLContext(configuration: $0) }
        var bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        if let receives { bootstrap = bootstrap.channelOption(.socketOption(.so_rcvbuf), value: .init(receives)) }
        let channel = try await bootstrap.connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: nil))
                    }
                    try channel.pipeline.syncOperations.addHandler(notes)
                }
            }.connect(host: "127.0.0.1", port: port).get()
        return RawConnection(channel: channel, notes: notes)
    }

    /// How to call with a certificate, or with none; the server's own is not judged.
    static func configuration(
        _ identity: TLSIdentity? = nil, oldest: TLSVersion = .tlsv12, newest: TLSVersion = .tlsv13,
        suites: [NIOTLSCipher]? = nil,
    ) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        configuration.minimumTLSVersion = oldest
        configuration.maximumTLSVersion = newest
        configuration.applicationProtocols = ["http/1.1"]
        if let suites { configuration.cipherSuiteValues = suites }
        if let identity {
            configuration.certificateChain = try identity.chain.map { certificate in
                let der = try #require(CertificatePEM.der(certificate))
                return .certificate(try NIOSSLCertificate(bytes: der, format: .der))
            }
            configuration.privateKey = .privateKey(
                try NIOSSLPrivateKey(bytes: Array(identity.key.pem.utf8), format: .pem))
        }
        return configuration
    }

    /// What came back so far.
    var received: String { String(decoding: notes.received.withLock { $0 }, as: UTF8.self) }

    /// Why the connection broke; nil when it did not, or was closed in order.
    var failure: String? { notes.failure.withLock { $0 } }

    /// Whether the other side has not closed it.
    var isOpen: Bool { channel.isActive }

    /// Sends bytes as they are; false when the connection is closed.
    @discardableResult
    func send(_ bytes: [UInt8]) async -> Bool {
        do {
            try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
            return true
        } catch { return false }
    }

    /// Sends text as it is.
    @discardableResult
    func send(_ text: String) async -> Bool { await send(Array(text.utf8)) }

    /// Reads nothing more, or goes on reading.
    func reads(_ isReading: Bool) async throws { try await channel.setOption(.autoRead, value: isReading).get() }

    /// Closes it from this side.
    func close() { channel.close(promise: nil) }
}

import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import NIOTLS

/// Closes a connection whose TLS handshake has not come to its end in time (security.md T14, T104), and tells why one failed.
///
/// The server's own idle limit begins only behind the handshake: without this one, whoever connects and says nothing
/// holds a place for ever.
final class HandshakeDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let limit: TimeAmount
    private let failed: (HandshakeFailure, SocketAddress?) -> Void
    private var deadline: Scheduled<Void>?

    init(limit: TimeAmount, failed: @escaping (HandshakeFailure, SocketAddress?) -> Void) {
        self.limit = limit
        self.failed = failed
    }

    /// One that tells the log why a handshake at a listener failed.
    convenience init(limit: TimeAmount, listener name: String, logger: Logger) {
        self.init(limit: limit) { failure, address in
            logger.log(
                level: failure.isCertificate ? .warning : .info,
                failure.isCertificate ? "certificate refused" : "handshake failed",
                metadata: [
                    "listener": "\(name)", "because": "\(failure.reason)", "address": "\(address?.ipAddress ?? "unknown")",
                ])
        }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        deadline = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { deadline?.cancel() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if case .handshakeCompleted = event as? TLSUserEvent {
            deadline?.cancel()
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure = HandshakeFailure(error) { failed(failure, context.remoteAddress) }
        context.fireErrorCaught(error)
    }
}

/// Why the TLS library ended a handshake before our own policy was asked about a certificate.
struct HandshakeFailure: Sendable {
    /// Whether it was for the certificate.
    let isCertificate: Bool
    /// For the administrator.
    let reason: String

    /// Nil when the policy itself refused, which has told why, or when the other side just left.
    init?(_ error: any Error) {
        guard error is NIOSSLError || error is BoringSSLError else { return nil }
        let text = "\(error)"
        if text.contains("CERTIFICATE_VERIFY_FAILED") || text.contains("uncleanShutdown") { return nil }
        let found = Self.reasons.first { text.contains($0.word) }
        isCertificate = found?.isCertificate ?? false
        reason = found?.reason ?? "not TLS, or ended by the other side"
    }

    private static let reasons: [(word: String, isCertificate: Bool, reason: String)] = [
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", true, "no certificate presented"),
        ("KEY_USAGE_BIT_INCORRECT", true, "certificate is not meant for TLS"),
        ("UNSUPPORTED_PROTOCOL", false, "no TLS version in common"),
        ("NO_SHARED_CIPHER", false, "no cipher suite in common"),
    ]
}

/// A server channel with a deadline on its handshake, put right behind the TLS handler that the channel sets up.
struct PunctualChannel<Base: ServerChildChannel>: ServerChildChannel {
    let base: Base
    let limit: TimeAmount
    /// The listener's name, for the log.
    let name: String

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let operations = channel.pipeline.syncOperations
            let tls = try operations.handler(type: NIOSSLServerHandler.self)
            try operations.addHandler(
                HandshakeDeadline(limit: limit, listener: name, logger: logger), position: .after(tls))
            return value
        }
    }

    func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

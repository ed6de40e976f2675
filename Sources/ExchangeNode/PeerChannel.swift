import HummingbirdCore
import HummingbirdHTTP2
import Logging
import NIOCore
import NIOSSL
import NIOTLS
import PeerTransport

/// A connection of the peer port: what the two sides agree on in the handshake (ALPN) decides between HTTP and the
/// directory's own protocol. Who offers nothing speaks HTTP/1.1.
struct PeerChannel: ServerChildChannel {
    /// What a connection turned out to be.
    enum Negotiated: Sendable {
        case gossip(GossipServer.Connection)
        case http1(HTTP1Channel.Value)
        case http2(HTTP2Channel.Value)
    }

    struct Value: ServerChildChannelValue {
        let negotiated: EventLoopFuture<Negotiated>
        let channel: any Channel
    }

    private let context: NIOSSLContext
    private let verify: @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResult>) -> Void
    private let gossip: GossipServer
    private let http1: HTTP1Channel
    private let http2: HTTP2Channel

    init(
        tls: MutualTLS.Listener, configuration: HTTP2ChannelConfiguration, gossip: GossipServer,
        responder: @escaping HTTPChannelHandler.Responder,
    ) throws {
        context = try NIOSSLContext(configuration: tls.configuration)
        verify = tls.verify
        self.gossip = gossip
        http1 = HTTP1Channel(responder: responder, configuration: configuration.streamConfiguration)
        http2 = HTTP2Channel(responder: responder, configuration: configuration)
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let negotiation = NIOTypedApplicationProtocolNegotiationHandler<Negotiated> { result in
                switch result {
                case .negotiated(GossipPacket.protocolName): gossip.setup(channel).map { Negotiated.gossip($0) }
                case .negotiated("h2"): http2.setup(channel: channel, logger: logger).map { Negotiated.http2($0) }
                case .negotiated, .fallback: http1.setup(channel: channel, logger: logger).map { Negotiated.http1($0) }
                }
            }
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: context, customVerificationCallback: verify))
            try pipeline.addHandler(negotiation)
            return Value(negotiated: negotiation.protocolNegotiationResult, channel: channel)
        }
    }

    func handle(value: Value, logger: Logger) async {
        do {
            switch try await value.negotiated.get() {
            case .gossip(let connection): await gossip.serve(connection)
            case .http1(let connection): await http1.handle(value: connection, logger: logger)
            case .http2(let connection): await http2.handle(value: connection, logger: logger)
            }
        } catch {
            logger.debug("a connection ended before its protocol was agreed on", metadata: ["error": "\(error)"])
        }
    }
}

import ExchangeCore
import FHIREndpoint
import Foundation
import HummingbirdCore
import HummingbirdHTTP2
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import PeerTransport
import ServiceLifecycle
import Synchronization

/// Where the node listens, once bound.
package final class BoundAddresses: Sendable {
    private let addresses = Mutex<[String: String]>([:])

    init() {}

    func note(_ name: String, _ address: String) { addresses.withLock { $0[name] = address } }

    /// The address of a listener by its name, such as `clients`: `127.0.0.1:8443`.
    package subscript(name: String) -> String? { addresses.withLock { $0[name] } }

    /// Every listener by name.
    package var all: [(name: String, address: String)] {
        addresses.withLock { $0.sorted { $0.key < $1.key }.map { ($0.key, $0.value) } }
    }
}

/// A TLS listener with its limits: HTTP/1.1 and HTTP/2 on one port, idle and half-sent requests closed.
enum TLSListener {
    /// - Parameter gossip: answers connections of the directory's own protocol; nil on a listener that has none.
    static func service(
        _ name: String, at address: NodeConfiguration.Address, tls: MutualTLS.Listener, limits: ExchangeLimits,
        group: any EventLoopGroup, bound: BoundAddresses, logger: Logger, gossip: GossipServer? = nil,
        responder: @escaping HTTPChannelHandler.Responder,
    ) throws -> any Service {
        let idle = TimeAmount.seconds(Int64(limits.idleSecondsMax))
        let configuration = HTTP2ChannelConfiguration(
            idleTimeout: .seconds(limits.idleSecondsMax), maxAgeTimeout: .seconds(3600),
            streamConfiguration: HTTP1Channel.Configuration(idleTimeout: idle))
        let builder = HTTPServerBuilder { responder in
            if let gossip {
                return PunctualChannel(
                    base: try PeerChannel(tls: tls, configuration: configuration, gossip: gossip, responder: responder),
                    limit: idle, name: name)
            }
            return PunctualChannel(
                base: try HTTP2UpgradeChannel(
                    tlsChannelConfiguration: TLSChannelConfiguration(
                        tlsConfiguration: tls.configuration, customVerificationCallback: tls.verify),
                    configuration: configuration, responder: responder), limit: idle, name: name)
        }
        return try builder.buildServer(
            configuration: ServerConfiguration(
                address: .hostname(address.host, port: address.port), serverName: nil, backlog: 1024,
                availableConnectionsDelegate: MaximumAvailableConnections(limits.connectionsMax)),
            eventLoopGroup: group, logger: logger, responder: responder
        ) { channel in
            let port = channel.localAddress?.port ?? address.port
            bound.note(name, "\(address.host):\(port)")
            logger.info("listening", metadata: ["listener": "\(name)", "address": "\(address.host):\(port)"])
        }
    }
}

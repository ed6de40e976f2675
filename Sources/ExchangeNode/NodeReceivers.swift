import AdminEndpoint
import ExchangeCore
import Foundation
import Journal
import Logging
import MLLPEndpoint
import NIOCore
import NIOSSL
import PeerTransport
import ServiceLifecycle
import Storage
import Transactions
import Trust

/// A node's receivers of documents as HL7 v2 messages, each with its outbox.
struct NodeReceivers: Sendable {
    /// One for each receiver of the configuration.
    let outboxes: [(name: String, outbox: JournalOutbox<DocumentCourier>)]

    /// The receivers of a node. Throws `.notFound` or `.badRequest` when a file cannot be used.
    init(_ settings: [ReceiverSettings], _ home: NodeHome, trust: TrustDomains, exchange: Exchange) throws(ExchangeError) {
        var outboxes: [(name: String, outbox: JournalOutbox<DocumentCourier>)] = []
        for receiver in settings {
            let tls = try Self.tls(receiver, home, trust, exchange.world)
            let host = receiver.host
            let sender = MLLPSender(host: host, port: receiver.port) { channel in
                if let tls { try channel.pipeline.syncOperations.addHandler(tls.handler(for: host)) }
            }
            var terms = JournalOutbox<DocumentCourier>.Terms()
            terms.batch = 64
            terms.keepsEach = true
            terms.pauseMax = .seconds(600)
            terms.patience = .seconds(receiver.giveUpHours * 3600)
            terms.keepsUndelivered = true
            outboxes.append(
                (
                    receiver.name,
                    JournalOutbox(
                        DocumentCourier(receiver, exchange: exchange, sender: sender),
                        store: FileOutboxStore(home.outboxes.path, name: receiver.name), terms: terms)
                ))
        }
        self.outboxes = outboxes
    }

    private static func tls(_ receiver: ReceiverSettings, _ home: NodeHome, _ trust: TrustDomains, _ world: World)
        throws(ExchangeError) -> CallerTLS?
    {
        func file(_ path: String) -> URL { URL(fileURLWithPath: path, relativeTo: home.folder) }
        guard let authority = receiver.authority else { return nil }
        var identity = trust.node
        if let certificate = receiver.certificate, let key = receiver.key {
            identity = try TLSIdentity(
                certificatePEM: PlainFile.text(file(certificate)), keyPEM: SecretFile.text(file(key)))
        }
        let policy = TrustPolicy(roots: try CertificatePEM.read(PlainFile.text(file(authority))))
        return CallerTLS(
            context: try MutualTLS.callerContext(identity: identity, roots: policy.roots, isPeer: false, speaking: nil),
            kind: .server(receiver.host), policy: { policy }, now: world.now)
    }

    /// What the administrator sees and does of them, and of the subscriptions.
    func desk(_ subscriptions: SubscriptionOutboxes) -> OutboxDesk {
        OutboxDesk(
            status: { [outboxes] in outboxes.compactMap(\.outbox.status) + subscriptions.status.map(\.status) },
            again: { [outboxes] (name, id) in
                outboxes.first { $0.name == name }?.outbox.askAgain(id) ?? subscriptions.askAgain(name, id)
            })
    }
}

/// An outbox as a service that ends with the group; it never holds the node up.
struct OutboxService<Courier: OutboxCourier>: Service {
    let exchange: Exchange
    let outbox: JournalOutbox<Courier>
    let origin: String
    /// Where it begins in a log that it has no place in yet.
    let start: UInt64

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do throws(ExchangeError) {
                    try await outbox.run(exchange, origin: origin, from: start)
                } catch {
                    exchange.logger.error("an outbox stopped, and begins anew", metadata: ["error": "\(error.message)"])
                    try? await exchange.world.sleep(.seconds(30))
                }
            }
        }
    }
}

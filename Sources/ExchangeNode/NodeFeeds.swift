import AdminEndpoint
import ExchangeCore
import FHIREndpoint
import Foundation
import HL7v2
import Logging
import MLLPEndpoint
import NIOCore
import NIOSSL
import PeerTransport
import ServiceLifecycle
import Storage
import Transactions
import Trust

/// A node's feeds of HL7 v2 messages, and the messages of theirs that were refused.
struct NodeFeeds: Sendable {
    /// One for each feed of the configuration.
    let receivers: [FeedReceiver]
    private let letters: FileDeadLetterStore?

    /// The feeds of a node; without any, nothing is made or opened.
    init(_ settings: [FeedSettings], _ home: NodeHome, exchange: Exchange) async throws(ExchangeError) {
        // Letters of feeds that are configured no more are let go in time, and when their patient is erased.
        let hasLetters = FileManager.default.fileExists(atPath: home.deadLetters.path)
        guard !settings.isEmpty || hasLetters else {
            (receivers, letters) = ([], nil)
            return
        }
        let longest = settings.map(\.replayHours).max() ?? FeedSettings.replayHoursUsual
        if !FileManager.default.fileExists(atPath: home.deadLetterKey.path) {
            try SecretFile.create(home.deadLetterKey, exchange.world.randomBytes(32))
        }
        let key = try SecretFile.read(home.deadLetterKey)
        guard key.count == 32 else {
            throw ExchangeError(.corrupted, "the key of the refused messages must have 32 bytes", at: home.deadLetterKey.path)
        }
        let store = try FileDeadLetterStore(
            home.deadLetters.path, key: key, now: exchange.world.now(), age: .seconds(longest * 3600))
        letters = store
        let mentioned = MentionedPatients(settings)
        exchange.refusedMessages.adopt(store) { mentioned.names($0, in: $1, of: $2) }
        try await Self.takeOver(EarlierTakenMessages(home.takenMessages.path), exchange)
        let taken = try await exchange.takenMessages(atMost: settings.map(\.rememberedMax).reduce(0, +))
        let turns = FeedTurns()
        receivers = settings.map {
            FeedReceiver(
                settings: $0, exchange: exchange, letters: store, digest: MessageDigest(key: key), remembering: taken, turns: turns)
        }
    }

    /// What an earlier version kept beside the journal comes into it; cut off, it is done once more, which changes nothing.
    private static func takeOver(_ files: EarlierTakenMessages, _ exchange: Exchange) async throws(ExchangeError) {
        let messages = try files.read()
        for start in stride(from: 0, to: messages.count, by: 100) {
            try await exchange.remember(Array(messages[start..<min(start + 100, messages.count)]))
        }
        if !messages.isEmpty { try files.remove() }
    }

    /// What the administrator sees and does of them.
    var desk: FeedDesk {
        guard let letters else { return FeedDesk() }
        return FeedDesk(
            status: { [receivers] in receivers.map(\.status) }, letters: { letters.letters() },
            message: { (id) throws(ExchangeError) in try await letters.message(id) },
            retry: { [receivers] (id) throws(ExchangeError) in
                guard let letter = letters.letter(id) else { throw FeedDesk.unknown }
                guard let receiver = receivers.first(where: { $0.settings.name == letter.feed }) else {
                    throw ExchangeError(
                        .conflict, "the feed \(letter.feed) is not configured any more; put it back, then send it again")
                }
                return try await receiver.retry(id)?.description
            })
    }
}

extension Node {
    /// A service for each feed's port.
    func feedServices(_ group: any EventLoopGroup) throws -> [any Service] {
        try feeds.receivers.map { receiver in
            let name = "feed " + receiver.settings.name
            let bound = bound
            return FeedService(
                listener: MLLPListener(
                    receiver: receiver, secure: try secure(receiver.settings, name), identify: identify(receiver.settings),
                    logger: logger),
                group: group, note: { bound.note(name, $0) })
        }
    }

    /// TLS before a feed's port: the facility's own authority, as on the client port.
    private func secure(_ settings: FeedSettings, _ name: String) throws -> @Sendable (any Channel) throws -> Void {
        guard settings.clients != nil else { return { _ in } }
        let (trust, logger, feed) = (trust, logger, settings.name)
        let tls = try MutualTLS.clientListener(
            identity: trust.shownToClients, policy: { trust.facilityPolicy(at: feed) }, now: world.now, refused: refusals(name))
        var configuration = tls.configuration
        configuration.applicationProtocols = []
        let context = try NIOSSLContext(configuration: configuration)
        let limit = TimeAmount.seconds(Int64(self.configuration.limits.idleSecondsMax))
        return { channel in
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(NIOSSLServerHandler(context: context, customVerificationCallback: tls.verify))
            try pipeline.addHandler(HandshakeDeadline(limit: limit, listener: name, logger: logger))
        }
    }

    /// Who sends: the certificate is judged when the connection begins, and again for each message (security.md L14).
    private func identify(_ settings: FeedSettings) -> @Sendable (any Channel) async -> FeedSender {
        guard let clients = settings.clients else { return { _ in .known(nil) } }
        let (trust, world, connected, feed) = (trust, world, feedsConnected, settings.name)
        return { channel in
            let found = await connected.identity(of: channel) { certificate in
                await trust.facilityPolicy(at: feed).judge(chain: [certificate], as: .client, now: world.now())
            }
            switch found {
            case .refused(let why): return .refused(why)
            case .identity(let identity):
                if let refusal = trust.facilityPolicy(at: feed).refusal(of: identity.certificate, now: world.now()) {
                    return .refused(refusal.description)
                }
                guard let name = identity.certificate.clientName, clients.contains(name) else {
                    return .refused("the certificate \(identity.name) is not among the feed's clients")
                }
                return .known(name)
            }
        }
    }
}

/// A feed's port as a service that ends with the group.
private struct FeedService: Service {
    let listener: MLLPListener
    let group: any EventLoopGroup
    let note: @Sendable (String) -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await listener.run(on: group, bound: note) }
    }
}

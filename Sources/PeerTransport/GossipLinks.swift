import ExchangeCore
import GossipDirectory
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization
import Trust

/// The connections to other nodes' directories: one for each community and address, under one certificate and one policy.
package final class GossipLinks: Sendable {
    private struct Key: Hashable {
        let community: CommunityID?
        let host: String
        let port: Int
    }

    private struct State {
        var context: NIOSSLContext
        var links: [Key: GossipLink] = [:]
    }

    /// The most destinations to which connections are kept; beyond it all are let go.
    static let linksMax = 4096

    private let policy: @Sendable () -> TrustPolicy
    private let world: World
    private let group: any EventLoopGroup
    private let dial: DialRule
    private let losses: AsyncStream<CommunityID>.Continuation
    private let state: Mutex<State>

    init(
        context: NIOSSLContext, policy: @escaping @Sendable () -> TrustPolicy, world: World, group: any EventLoopGroup,
        dial: DialRule, losses: AsyncStream<CommunityID>.Continuation,
    ) {
        self.dial = dial
        self.policy = policy
        self.world = world
        self.group = group
        self.losses = losses
        state = Mutex(State(context: context))
    }

    /// Asks a node's directory, on the kept connection where there is one; the answer comes with whom the certificate names.
    ///
    /// A kept connection that turns out to be closed is replaced once: a directory takes a frame twice without harm.
    /// `.unavailable` when nobody answers or not the community meant, `.timeout` after `timeout`, else as it refuses.
    package func ask(_ payload: [UInt8], of target: DirectoryTarget, timeout: Duration)
        async throws(ExchangeError) -> (payload: [UInt8], from: CommunityID)
    {
        let key = Key(community: target.community, host: target.url.host, port: target.url.port)
        let amount = TimeAmount.milliseconds(max(1, timeout.wholeMilliseconds))
        var (link, isKept) = link(key)
        do {
            return try await Self.ask(payload, link, key, amount)
        } catch {
            guard isKept, error.code == .unavailable, error.message == GossipLink.closed.message else { throw error }
        }
        (link, isKept) = self.link(key)
        return try await Self.ask(payload, link, key, amount)
    }

    private static func ask(_ payload: [UInt8], _ link: GossipLink, _ key: Key, _ timeout: TimeAmount)
        async throws(ExchangeError) -> (payload: [UInt8], from: CommunityID)
    {
        let answer = try await link.ask(payload, timeout: timeout)
        guard let community = link.certificate?.community, key.community == nil || key.community == community else {
            throw ExchangeError(.unavailable, "the node that answered is not the one that was meant")
        }
        return (answer, community)
    }

    /// Goes on under another certificate; kept connections are let go.
    func rotate(to context: NIOSSLContext) {
        for link in replace({ $0 = State(context: context) }) { link.close() }
    }

    /// Lets the kept connections to a community go: its admission is not what it was.
    func cut(_ community: CommunityID) {
        let old = state.withLock { state in
            state.links.keys.filter { $0.community == community }.compactMap { state.links.removeValue(forKey: $0) }
        }
        for link in old { link.close() }
    }

    /// Lets every kept connection go.
    func close() {
        for link in replace({ $0.links = [:] }) { link.close() }
    }

    private func replace(_ body: (inout State) -> Void) -> [GossipLink] {
        state.withLock { state in
            let old = Array(state.links.values)
            body(&state)
            return old
        }
    }

    private func link(_ key: Key) -> (GossipLink, isKept: Bool) {
        var dropped: [GossipLink] = []
        defer { for link in dropped { link.close() } }
        return state.withLock { state in
            if let found = state.links[key] {
                if found.refusal == nil { return (found, true) }
                dropped.append(found)
            }
            if state.links.count >= Self.linksMax {
                dropped += state.links.values
                state.links = [:]
            }
            let made = GossipLink(
                to: key.host, port: key.port,
                tls: CallerTLS(context: state.context, kind: .peer(key.community), policy: policy, now: world.now),
                loop: group.next(), dial: dial
            ) { [weak self] link, isOurEnd in self?.forget(link, key, isOurEnd) }
            state.links[key] = made
            return (made, false)
        }
    }

    private func forget(_ link: GossipLink, _ key: Key, _ isOurEnd: Bool) {
        state.withLock { state in
            if state.links[key] === link { state.links[key] = nil }
        }
        if !isOurEnd, let community = key.community { losses.yield(community) }
    }
}

import AdminEndpoint
import ExchangeCore
import FHIREndpoint
import PeerTransport
import Trust

extension Node {
    /// Reads the folder's certificates anew (`hie certificate renew`, `revoke`, `import`; every hour).
    ///
    /// A renewed one is judged as others will judge it, and shown from the next handshake on; connections stay open. Throws
    /// `.badRequest` when one cannot be used: what was in use stays.
    var certificateTaking: @Sendable () async throws(ExchangeError) -> CertificatesTaken {
        let (home, configuration, trust, connections) = (home, configuration, trust, connections)
        let (clientsConnected, feedsConnected, world) = (clientsConnected, feedsConnected, world)
        return { () async throws(ExchangeError) in
            var taken = CertificatesTaken()
            try trust.revokedClients.reload()
            let policy = trust.clientPolicy
            taken.closed = clientsConnected.close { policy.refusal(of: $0, now: world.now()) != nil }
            // What a feed has pinned is judged with each message; what was revoked ends every connection.
            taken.closed += feedsConnected.close { policy.revoked.contains($0.thumbprint) || policy.revoked.contains($0.spkiThumbprint) }
            let listener = try TrustDomains.clientIdentity(home)
            if listener.thumbprint != trust.listener.thumbprint {
                try await trust.demandListener(listener, home, configuration, now: world.now())
                try trust.shownToClients.renew(listener)
                taken.renewed.append("clients")
            }
            let node = try TrustDomains.peerIdentity(home)
            guard node.thumbprint != trust.node.thumbprint else { return taken }
            // The directory's record is signed with the node's key: another one begins with the node's opening.
            guard node.key.publicKey == trust.node.key.publicKey else {
                taken.waiting.append("peers")
                return taken
            }
            try await trust.demandNode(node, configuration, now: world.now())
            try trust.shownToPeers.renew(node)
            try connections.rotate(to: node)
            taken.renewed.append("peers")
            return taken
        }
    }
}

extension TrustDomains {
    /// Refuses what peers would refuse on the peer port.
    func demandNode(_ identity: TLSIdentity, _ configuration: NodeConfiguration, now: Timestamp)
        async throws(ExchangeError)
    {
        try await Self.demand(identity, networkPolicy, as: .peer(configuration.community), "peers", now: now)
    }

    /// Refuses what clients would refuse on the client port.
    func demandListener(
        _ identity: TLSIdentity, _ home: NodeHome, _ configuration: NodeConfiguration, now: Timestamp,
    ) async throws(ExchangeError) {
        var roots = try CertificatePEM.read(PlainFile.text(home.clientAuthority))
        if let others = try? PlainFile.text(home.listenerAuthority) { roots += try CertificatePEM.read(others) }
        // Where clients call it by no name that is configured, any of its own will do.
        let name = ListenerNames(configuration).called ?? identity.chain.first?.serverNames.first ?? ""
        try await Self.demand(identity, TrustPolicy(roots: roots), as: .server(name), "clients", now: now)
    }

    private static func demand(
        _ identity: TLSIdentity, _ policy: TrustPolicy, as kind: TrustPolicy.Kind, _ use: String, now: Timestamp,
    ) async throws(ExchangeError) {
        if case .refused(let why) = await policy.judge(chain: identity.chain, as: kind, now: now) {
            throw ExchangeError(.badRequest, "the certificate for \(use) cannot be used: \(why)")
        }
    }
}

import ExchangeCore
import NIOCore
import NIOSSL
import SwiftASN1
import Synchronization
import Trust
import X509

/// Who is at the other end of one connection, found out once: judged again, cheaply, for each request (security.md L14).
package final class ConnectionIdentity: Sendable {
    /// The certificate, as it was judged after the handshake.
    package let certificate: TrustedCertificate
    /// The last token verified on this connection: an access token comes again with every request until it expires.
    let verified = Mutex<VerifiedToken?>(nil)

    /// An identity of a judged certificate.
    package init(certificate: TrustedCertificate) { self.certificate = certificate }

    /// For the request log: a client's name or a peer's community.
    package var name: String { certificate.community?.urn ?? certificate.clientName ?? "unnamed" }
}

/// A user token whose signature was verified, with the keys it was verified against.
struct VerifiedToken: Sendable {
    let compact: String
    let token: UserToken
    let issuers: [String: [VerifyingKey]]
    let sets: [String: [JSONWebKey]]
}

/// The identities of the open connections: asking a channel for its certificate hops to its event loop, so it is done once.
package final class ConnectionIdentities: Sendable {
    /// Who is at the other end, or why nobody is.
    package enum Outcome: Sendable {
        /// The connection shows this certificate.
        case identity(ConnectionIdentity)
        /// It shows none that is believed; the reason is for the log.
        case refused(String)
    }

    private struct Known {
        let identity: ConnectionIdentity
        let channel: any Channel
    }

    private let known = Mutex<[ObjectIdentifier: Known]>([:])

    /// Nobody yet.
    package init() {}

    /// Closes the connections of certificates that are not to be served any more; how many there were.
    @discardableResult package func close(where isOver: @Sendable (TrustedCertificate) -> Bool) -> Int {
        let over = known.withLock { known in known.values.filter { isOver($0.identity.certificate) } }
        for one in over { one.channel.close(promise: nil) }
        return over.count
    }

    /// The identity of a request's channel: of the channel itself (HTTP/1.1) or of its parent (HTTP/2 stream).
    package func identity(of channel: any Channel, judge: (Certificate) async -> TrustPolicy.Verdict) async -> Outcome {
        let found = known.withLock { known in
            known[ObjectIdentifier(channel)] ?? channel.parent.flatMap { known[ObjectIdentifier($0)] }
        }
        if let found { return .identity(found.identity) }
        var candidate: (any Channel)? = channel
        while let current = candidate {
            if let presented = try? await current.nioSSL_peerCertificate().get() {
                return await admit(presented, of: current, judge: judge)
            }
            candidate = current.parent
        }
        return .refused("no certificate presented")
    }

    private func admit(
        _ presented: NIOSSLCertificate, of channel: any Channel, judge: (Certificate) async -> TrustPolicy.Verdict,
    ) async -> Outcome {
        guard let der = try? presented.toDERBytes(), let certificate = try? Certificate(derEncoded: der) else {
            return .refused("the certificate cannot be read")
        }
        switch await judge(certificate) {
        case .refused(let refusal): return .refused(refusal.description)
        case .trusted(let trusted):
            let identity = ConnectionIdentity(certificate: trusted)
            known.withLock { $0[ObjectIdentifier(channel)] = Known(identity: identity, channel: channel) }
            // Holds the channel: its key must go before it does, else another connection could inherit the identity.
            channel.closeFuture.whenComplete { _ in self.known.withLock { $0[ObjectIdentifier(channel)] = nil } }
            return .identity(identity)
        }
    }
}

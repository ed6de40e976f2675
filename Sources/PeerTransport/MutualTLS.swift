import ExchangeCore
import NIOCore
import NIOSSL
import SwiftASN1
import Synchronization
import Trust
import X509

/// The one TLS profile of the house: both sides show certificates, and our own policy judges them.
///
/// Between nodes TLS 1.3 alone; on the client port also 1.2 with ECDHE and AEAD. Never the system's roots, no
/// renegotiation, no early data (security.md L13, L14). What resumption skips is judged again on each request.
package enum MutualTLS {
    /// What a server needs: for Hummingbird's `TLSChannelConfiguration(tlsConfiguration:customVerificationCallback:)`.
    package struct Listener: Sendable {
        /// Versions, suites, certificate, roots; a client certificate is required.
        package let configuration: TLSConfiguration
        /// Judges the chain that the other side presents.
        package let verify: @Sendable ([NIOSSLCertificate], EventLoopPromise<NIOSSLVerificationResult>) -> Void
    }

    /// ECDHE with AEAD, for TLS 1.2; TLS 1.3 has its own three.
    static let suites: [NIOTLSCipher] = [
        .TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, .TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        .TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, .TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
        .TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, .TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    ]

    /// The listener for other communities' nodes: TLS 1.3, certificates of the network alone.
    ///
    /// - Parameters:
    ///   - identity: what is shown, read at each handshake.
    ///   - policy: the newest trust policy; asked at each handshake.
    ///   - refused: told why a certificate was refused, for the administrator's log.
    package static func peerListener(
        identity: CurrentIdentity, policy: @escaping @Sendable () -> TrustPolicy, now: @escaping @Sendable () -> Timestamp,
        refused: @escaping @Sendable (TrustRefusal) -> Void = { _ in },
    ) throws(ExchangeError) -> Listener {
        var configuration = try configuration(identity.now, roots: policy().roots, oldest: .tlsv13, isServer: true)
        configuration.sslContextCallback = identity.callback
        configuration.applicationProtocols = [GossipPacket.protocolName, "h2", "http/1.1"]
        return Listener(configuration: configuration) { presented, promise in
            judge(presented, as: .peer(nil), policy: policy, now: now, promise: promise) { verdict in
                if case .refused(let why) = verdict { refused(why) }
            }
        }
    }

    /// The listener for a facility's own systems and staff: TLS 1.2 or 1.3, certificates of the facility alone.
    package static func clientListener(
        identity: CurrentIdentity, policy: @escaping @Sendable () -> TrustPolicy, now: @escaping @Sendable () -> Timestamp,
        refused: @escaping @Sendable (TrustRefusal) -> Void = { _ in },
    ) throws(ExchangeError) -> Listener {
        var configuration = try configuration(identity.now, roots: policy().roots, oldest: .tlsv12, isServer: true)
        configuration.sslContextCallback = identity.callback
        return Listener(configuration: configuration) { presented, promise in
            judge(presented, as: .client, policy: policy, now: now, promise: promise) { verdict in
                if case .refused(let why) = verdict { refused(why) }
            }
        }
    }

    /// The context for calling: another node (TLS 1.3), or a node's client port (1.2 or 1.3).
    ///
    /// - Parameter name: the one protocol offered (ALPN); nil for those that have no name for it.
    package static func callerContext(
        identity: TLSIdentity, roots: [Certificate], isPeer: Bool, speaking name: String? = "http/1.1",
    ) throws(ExchangeError) -> NIOSSLContext {
        var configuration = try configuration(
            identity, roots: roots, oldest: isPeer ? .tlsv13 : .tlsv12, isServer: false)
        configuration.applicationProtocols = name.map { [$0] } ?? []
        do { return try NIOSSLContext(configuration: configuration) } catch {
            throw ExchangeError(.badRequest, "the certificate and key cannot be used for TLS")
        }
    }

    static func configuration(_ identity: TLSIdentity, roots: [Certificate], oldest: TLSVersion, isServer: Bool)
        throws(ExchangeError) -> TLSConfiguration
    {
        do {
            let own = try identity.sources
            var configuration =
                isServer
                ? TLSConfiguration.makeServerConfiguration(certificateChain: own.chain, privateKey: own.key)
                : TLSConfiguration.makeClientConfiguration()
            configuration.certificateChain = own.chain
            configuration.privateKey = own.key
            configuration.minimumTLSVersion = oldest
            configuration.maximumTLSVersion = .tlsv13
            configuration.cipherSuiteValues = suites
            configuration.renegotiationSupport = .none
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates(try roots.map(certificate))
            configuration.applicationProtocols = ["http/1.1"]
            configuration.shutdownTimeout = .seconds(1)
            return configuration
        } catch {
            throw ExchangeError(.badRequest, "the certificate and key cannot be used for TLS")
        }
    }

    static func certificate(_ certificate: Certificate) throws -> NIOSSLCertificate {
        guard let der = CertificatePEM.der(certificate) else {
            throw ExchangeError(.internal, "a certificate cannot be written")
        }
        return try NIOSSLCertificate(bytes: der, format: .der)
    }

    /// Runs the policy on a presented chain, off the event loop, and tells the handshake.
    static func judge(
        _ presented: [NIOSSLCertificate], as kind: TrustPolicy.Kind, policy: @escaping @Sendable () -> TrustPolicy,
        now: @escaping @Sendable () -> Timestamp, promise: EventLoopPromise<NIOSSLVerificationResult>,
        tell: @escaping @Sendable (TrustPolicy.Verdict) -> Void,
    ) {
        var chain: [Certificate] = []
        for certificate in presented.prefix(TrustPolicy.chainMax + 1) {
            guard let der = try? certificate.toDERBytes(), let read = CertificatePEM.read(der: der) else {
                tell(.refused(.unknownAuthority("a certificate cannot be read")))
                promise.succeed(.failed)
                return
            }
            chain.append(read)
        }
        promise.completeWithTask { [chain] in
            let verdict = await policy().judge(chain: chain, as: kind, now: now())
            tell(verdict)
            if case .trusted = verdict { return .certificateVerified }
            return .failed
        }
    }
}

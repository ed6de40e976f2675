import ExchangeCore
import NIOCore
import NIOSSL
import Synchronization

/// What this side of connections shows, as it is now: a renewed certificate is shown from the next handshake on, and the
/// connections that are open stay as they are.
package final class CurrentIdentity: Sendable {
    private struct Shown: Sendable {
        let identity: TLSIdentity
        let override: NIOSSLContextConfigurationOverride

        init(_ identity: TLSIdentity) throws(ExchangeError) {
            self.identity = identity
            var override = NIOSSLContextConfigurationOverride()
            do { (override.certificateChain, override.privateKey) = try identity.sources } catch {
                throw ExchangeError(.badRequest, "the certificate and key cannot be used for TLS")
            }
            self.override = override
        }
    }

    private let shown: Mutex<Shown>

    /// Shows this identity until it is told another; `.badRequest` when TLS cannot use it.
    package init(_ identity: TLSIdentity) throws(ExchangeError) { shown = Mutex(try Shown(identity)) }

    /// What is shown at this moment.
    package var now: TLSIdentity { shown.withLock { $0.identity } }

    /// Shows another from now on; what was shown stays when TLS cannot use it (`.badRequest`).
    package func renew(_ identity: TLSIdentity) throws(ExchangeError) {
        let next = try Shown(identity)
        shown.withLock { $0 = next }
    }

    /// Asked by the TLS library at each handshake.
    var callback: NIOSSLContextCallback {
        { [self] _, promise in promise.succeed(shown.withLock { $0.override }) }
    }
}

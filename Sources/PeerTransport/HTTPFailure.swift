import ExchangeCore
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// How an exchange failed, as far as it decides whether the request may be sent again.
enum HTTPFailure: Error {
    /// The connection was closed or busy before anything was written.
    case notSent
    /// The connection ended after the request was written and before any answer: it may or may not have been acted on.
    case closed(ExchangeError)
    /// Anything else.
    case failed(ExchangeError)

    var error: ExchangeError {
        switch self {
        case .notSent: ExchangeError(.unavailable, "the connection is closed")
        case .closed(let error), .failed(let error): error
        }
    }

    /// Nobody listens there: the host is up and its process is not.
    static let refused = ExchangeError(.unavailable, "no connection came about: the host refuses it")

    private static func isRefusal(_ failure: SingleConnectionFailure) -> Bool {
        (failure.error as? IOError)?.errnoCode == ECONNREFUSED
    }

    /// What NIO's errors mean for the person who must act; never their whole text, which may hold what was received.
    static func readable(_ error: any Error) -> ExchangeError {
        switch error {
        case let error as ExchangeError: error
        case HTTPParserError.invalidEOFState, NIOSSLError.uncleanShutdown:
            .brokenAnswer
        case is HTTPParserError: ExchangeError(.badRequest, "the answer is not HTTP/1.1")
        case is NIOSSLError, is BoringSSLError:
            ExchangeError(.unavailable, "TLS failed: certificate refused, or not the node that was meant")
        case let error as NIOConnectionError where error.connectionErrors.contains(where: isRefusal): refused
        case let error as NIOConnectionError where [error.dnsAError, error.dnsAAAAError].contains { $0 is ExchangeError }:
            GuardedResolver.refused
        case is NIOConnectionError: ExchangeError(.unavailable, "no connection came about")
        case ChannelError.connectTimeout: ExchangeError(.timeout, "no connection before the deadline")
        default: ExchangeError(.unavailable, "the connection failed")
        }
    }
}

extension ExchangeError {
    /// An answer that began and did not end: what came of it is not the whole.
    package static let brokenAnswer = ExchangeError(.unavailable, "the connection broke within the answer")
}

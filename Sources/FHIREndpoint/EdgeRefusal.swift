import ExchangeCore
import HTTPTypes

/// Why a request ends before, or instead of, an answer of the exchange.
enum EdgeRefusal: Error, Sendable {
    /// An error of the exchange, or of what was sent.
    case exchange(ExchangeError)
    /// 401: nobody we can name; the reason is for the log alone.
    case unauthenticated(reason: String)
    /// 404: no such route.
    case unknownRoute
    /// 405, with the methods the path has.
    case otherMethod([HTTPRequest.Method])
    /// 501: FHIR knows it, this node does not do it.
    case notSupported
    /// 406.
    case notAcceptable
    /// 415.
    case unsupportedMediaType
    /// 412: the resource has another version than the caller's, this one when it may be said.
    case preconditionFailed(String)
    /// 408: the body came too slowly.
    case slowBody

    /// The error of a body that crossed the limit.
    static func bodyTooLarge(_ limit: Int) -> EdgeRefusal {
        .exchange(ExchangeError(.tooLarge, "a request body may have \(limit) bytes at the most"))
    }

    /// Whether the rest of the request is not worth reading: the connection closes after the answer.
    var closesConnection: Bool {
        switch self {
        case .exchange(let error): error.code == .tooLarge
        case .slowBody: true
        case .unauthenticated, .unknownRoute, .otherMethod, .notSupported, .notAcceptable, .unsupportedMediaType,
            .preconditionFailed:
            false
        }
    }
}

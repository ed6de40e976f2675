import ExchangeCore
import HTTPTypes
import JSON

/// The socket's wire form of the exchange's errors.
package enum AdminError {
    /// The HTTP status of each code.
    package static func status(_ code: ExchangeError.Code) -> HTTPResponse.Status {
        switch code {
        case .badRequest: .badRequest
        case .unauthenticated: .unauthorized
        case .forbidden: .forbidden
        case .notFound, .unknownPatient: .notFound
        case .conflict: .conflict
        case .gone: .gone
        case .tooLarge: .contentTooLarge
        case .unavailable: .serviceUnavailable
        case .timeout: .gatewayTimeout
        case .corrupted, .internal: .internalServerError
        }
    }

    /// The body of a failed answer.
    package static func json(_ error: ExchangeError) -> JSONValue {
        var object: JSONObject = ["code": .string(error.code.rawValue), "message": .string(error.message)]
        object["location"] = error.location.map { .string($0) }
        return ["error": .object(object)]
    }

    /// Reads a failed answer's body back; nil when it is none.
    package static func error(_ json: JSONValue) -> ExchangeError? {
        guard let error = json["error"], let word = error["code"]?.string, let code = ExchangeError.Code(rawValue: word)
        else { return nil }
        return ExchangeError(code, error["message"]?.string ?? word, at: error["location"]?.string)
    }
}

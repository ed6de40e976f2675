import ExchangeCore
import FHIRModel
import HTTPTypes
import JSON

/// From what went wrong to HTTP's status and FHIR's issue: the closed list, without `default`.
enum OutcomeMapping {
    /// The code system of IHE's error codes; ours, since no normative one exists (ihe.md 9.2).
    static let errorCodes = "https://concordat.example/fhir/CodeSystem/xds-error-code"

    /// A status and an issue type.
    struct Mapped: Equatable, Sendable {
        let status: HTTPResponse.Status
        let issue: String
    }

    /// What a code of the exchange is on the wire.
    static func map(_ code: ExchangeError.Code) -> Mapped {
        switch code {
        case .badRequest: Mapped(status: .badRequest, issue: "invalid")
        case .unauthenticated: Mapped(status: .unauthorized, issue: "login")
        case .forbidden: Mapped(status: .forbidden, issue: "forbidden")
        case .notFound: Mapped(status: .notFound, issue: "not-found")
        case .conflict: Mapped(status: .conflict, issue: "conflict")
        case .gone: Mapped(status: .gone, issue: "deleted")
        case .tooLarge: Mapped(status: .contentTooLarge, issue: "too-long")
        case .unavailable: Mapped(status: .serviceUnavailable, issue: "transient")
        case .timeout: Mapped(status: .gatewayTimeout, issue: "timeout")
        case .corrupted: Mapped(status: .internalServerError, issue: "exception")
        case .unknownPatient: Mapped(status: .unprocessableContent, issue: "not-found")
        case .internal: Mapped(status: .internalServerError, issue: "exception")
        }
    }

    /// What an error is on the wire; IHE's code word at the start of its message is more exact than its code.
    static func map(_ error: ExchangeError) -> Mapped {
        guard let word = codeWord(of: error), let mapped = codeWords[word] else { return map(error.code) }
        return mapped
    }

    /// The answer to an error of the exchange.
    static func answer(to error: ExchangeError) -> Answer {
        let mapped = map(error)
        // Nobody learns from the wire why a credential was refused.
        if error.code == .unauthenticated { return unauthenticated }
        let isPath = error.location.map { $0.utf8.first.map { (0x41...0x5A).contains($0) } ?? false } ?? false
        let issue = OperationOutcome.Issue(
            .error, mapped.issue, details: error.message,
            codings: codeWord(of: error).map { [CodedValue(code: $0, system: errorCodes)] } ?? [],
            diagnostics: isPath ? nil : error.location, expression: isPath ? [error.location].compactMap { $0 } : [])
        var answer = Answer(mapped.status, outcome: OperationOutcome([issue]))
        if error.code == .unavailable { answer.headers[.retryAfter] = "1" }
        return answer
    }

    /// The answer to a refusal of the edge.
    static func answer(to refusal: EdgeRefusal) -> Answer {
        var answer: Answer
        switch refusal {
        case .exchange(let error): answer = self.answer(to: error)
        case .unauthenticated: answer = unauthenticated
        case .unknownRoute: answer = plain(.notFound, "not-found", "there is nothing at this path; see metadata")
        case .otherMethod(let allowed):
            answer = plain(.methodNotAllowed, "not-supported", "this path has other methods; see the Allow header")
            answer.headers[.allow] = allowed.map(\.rawValue).joined(separator: ", ")
        case .notSupported: answer = plain(.notImplemented, "not-supported", "this node does not do that; see metadata")
        case .notAcceptable: answer = plain(.notAcceptable, "not-supported", "answers are application/fhir+json or application/fhir+xml, R4")
        case .unsupportedMediaType:
            answer = plain(
                .unsupportedMediaType, "not-supported",
                "send application/fhir+json or application/fhir+xml in UTF-8 without content coding, or a form to _search")
        case .preconditionFailed(let what): answer = plain(.preconditionFailed, "conflict", what)
        case .slowBody: answer = plain(.requestTimeout, "timeout", "the request body came too slowly")
        }
        if refusal.closesConnection { answer.closesConnection = true }
        return answer
    }

    private static let unauthenticated: Answer = {
        var answer = plain(.unauthorized, "login", "authentication is required")
        answer.headers[.wwwAuthenticate] = "Bearer"
        return answer
    }()

    private static func plain(_ status: HTTPResponse.Status, _ issue: String, _ text: String) -> Answer {
        Answer(status, outcome: OperationOutcome([.init(.error, issue, details: text)]))
    }

    /// The IHE code word a message begins with, as in `XDSDuplicateUniqueIdInRegistry: ...`.
    static func codeWord(of error: ExchangeError) -> String? {
        guard let colon = error.message.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let word = String(error.message[..<colon])
        return codeWords[word] == nil ? nil : word
    }

    /// IHE's code words as ihe.md section 11 puts them on the wire.
    static let codeWords: [String: Mapped] = {
        var words: [String: Mapped] = [:]
        func add(_ status: HTTPResponse.Status, _ issue: String, _ names: String...) {
            for name in names { words[name] = Mapped(status: status, issue: issue) }
        }
        add(.unprocessableContent, "required", "XDSMissingDocument", "XDSMissingDocumentMetadata")
        add(
            .unprocessableContent, "invalid", "XDSRepositoryMetadataError", "XDSRegistryMetadataError",
            "XDSRepositoryDuplicateUniqueIdInMessage", "XDSRegistryDuplicateUniqueIdInMessage", "InvalidDocumentContent")
        add(.preconditionFailed, "conflict", "XDSMetadataVersionError")
        add(.conflict, "duplicate", "XDSDuplicateUniqueIdInRegistry", "XDSNonIdenticalHash", "XDSNonIdenticalSize")
        add(.unprocessableContent, "not-found", "XDSUnknownPatientId", "UnresolvedReferenceException", "UnknownRecipient")
        add(
            .unprocessableContent, "business-rule", "XDSPatientIdDoesNotMatch", "XDSRegistryDeprecatedDocumentError")
        add(.unprocessableContent, "not-supported", "FHIRDocumentNotSupported", "PartialFolderContentNotProcessed")
        add(.badRequest, "required", "XDSStoredQueryMissingParam", "XDSMissingHomeCommunityId")
        add(.badRequest, "invalid", "XDSStoredQueryParamNumber")
        add(.badRequest, "business-rule", "XDSResultNotSinglePatient")
        add(.badRequest, "too-costly", "XDSTooManyResults")
        add(.notFound, "not-found", "XDSUnknownCommunity", "XDSUnknownRepositoryId", "XDSDocumentUniqueIdError")
        add(.serviceUnavailable, "throttled", "XDSRegistryBusy", "XDSRepositoryBusy")
        add(.internalServerError, "exception", "XDSRegistryError", "XDSRepositoryError")
        return words
    }()
}

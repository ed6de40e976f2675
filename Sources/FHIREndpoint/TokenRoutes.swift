import ExchangeCore
import HTTPTypes
import HummingbirdCore
import JSON
import Logging
import NIOCore
import Transactions
import Trust

/// OAuth's side of the client door: the token endpoint and what tells about it.
extension FHIRService {
    /// `POST /token`.
    func issueToken(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        guard let desk = tokens, desk.isOpen, let identity = exchanged.identity else { throw .unknownRoute }
        try Negotiation.demandForm(exchanged.request.headers)
        let body = try await exchanged.body(bodies)
        let fields = try exchanged.reading { () throws(ExchangeError) in try RequestTarget.fields(form: body) }
        let outcome = desk.answer(fields.map { ($0.name, $0.value) }, certificate: identity.certificate.thumbprint)
        switch outcome.result {
        case .failure(let refusal):
            logger.warning(
                "token refused",
                metadata: [
                    "because": "\(outcome.reason ?? refusal.rawValue)", "peer": "\(identity.name)",
                    "trace_id": "\(exchanged.traceID)",
                ])
            return Self.json(refusal == .invalidClient ? .unauthorized : .badRequest, ["error": .string(refusal.rawValue)])
        case .success(let given):
            logger.info(
                "token issued", metadata: ["client": "\(given.client)", "peer": "\(identity.name)", "trace_id": "\(exchanged.traceID)"])
            return Self.json(
                .ok,
                [
                    "access_token": .string(given.token), "token_type": "bearer",
                    "expires_in": .number(String(TokenDesk.lifetime.components.seconds)),
                    "scope": .string(given.scopes.joined(separator: " ")),
                ])
        }
    }

    /// `GET [base]/.well-known/smart-configuration`, and RFC 8414's twin of it.
    func smartConfiguration() throws(EdgeRefusal) -> Answer {
        guard let desk = tokens, desk.isOpen else { throw .unknownRoute }
        let algorithms = JSONValue.array(ClientAssertion.algorithms.map { .string($0.rawValue) })
        return Self.json(
            .ok,
            [
                "issuer": .string(exchange.settings.community.urn), "token_endpoint": .string(desk.endpoint),
                "jwks_uri": .string(String(desk.endpoint.dropLast("/token".count)) + "/.well-known/jwks.json"),
                "grant_types_supported": ["client_credentials"],
                "token_endpoint_auth_methods_supported": ["private_key_jwt"],
                "token_endpoint_auth_signing_alg_values_supported": algorithms,
                "scopes_supported": .array(desk.scopes.map { .string($0) }),
                "tls_client_certificate_bound_access_tokens": true, "response_types_supported": [],
                "capabilities": ["client-confidential-asymmetric", "permission-v1", "permission-v2"],
            ])
    }

    /// `GET /.well-known/jwks.json`.
    func tokenKeys() throws(EdgeRefusal) -> Answer {
        guard let desk = tokens, desk.isOpen else { throw .unknownRoute }
        do throws(ExchangeError) {
            return Self.json(.ok, ["keys": [try desk.publicKey().webKey]])
        } catch { throw .exchange(error) }
    }

    private static func json(_ status: HTTPResponse.Status, _ json: JSONValue) -> Answer {
        var answer = Answer(status, json: ByteBuffer(bytes: JSONWriter.bytes(json)))
        answer.headers[.contentType] = "application/json"
        return answer
    }
}

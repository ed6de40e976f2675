import ExchangeCore
import JSON
import Transactions
import Trust

extension FHIRPeerClient {
    /// Bytes of one answer to the question what waits: one large statement beside small ones.
    private static let pendingBytesMax = 4 << 20

    package func offer(_ statement: String, to peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> String
    {
        var request = ClientRequest(
            .post, "/consent-statements", body: Array(statement.utf8), responseBytesMax: UnverifiedToken.bytesMax,
            isRepeatable: false)
        request.headers = [("Content-Type", "application/jose"), ("Accept", "application/jose")]
        let response = try await ask(request, at: peer, for: context, isBelowBase: false)
        guard let receipt = String(validating: response.body, as: UTF8.self), !receipt.isEmpty else {
            throw ExchangeError(.badRequest, "the peer's receipt cannot be read")
        }
        return receipt
    }

    package func pendingStatements(receipts: [String], at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> [String]
    {
        let body: JSONValue = ["receipts": .array(receipts.map { .string($0) })]
        var request = ClientRequest(
            .post, "/consent-statements/pending", body: JSONWriter.bytes(body), responseBytesMax: Self.pendingBytesMax,
            isRepeatable: false)
        request.headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
        let response = try await ask(request, at: peer, for: context, isBelowBase: false)
        guard let answer = try? JSONReader.read(response.body, limits: JSONLimits(depthMax: 4, nodesMax: 256)),
            case .array(let items)? = answer["statements"]
        else { throw ExchangeError(.badRequest, "the peer's statements cannot be read") }
        var statements: [String] = []
        for item in items {
            guard let text = item.string else {
                throw ExchangeError(.badRequest, "the peer's statements cannot be read")
            }
            statements.append(text)
        }
        return statements
    }

    package func preview(_ draft: ConsentDraft, at peer: PeerNode, for context: AccessContext)
        async throws(ExchangeError) -> ConsentPreview
    {
        var request = ClientRequest(
            .post, "/consent-statements/preview", body: JSONWriter.bytes(.object(draft.json)),
            responseBytesMax: 64 + ConsentDraft.askersMax * 32, isRepeatable: true)
        request.headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
        let response = try await ask(request, at: peer, for: context, isBelowBase: false)
        let limits = JSONLimits(depthMax: 4, nodesMax: 8 + ConsentDraft.askersMax * 4)
        guard let answer = try? JSONReader.read(response.body, limits: limits).object,
            let preview = ConsentPreview(json: answer, askers: draft.askers.count)
        else { throw ExchangeError(.badRequest, "the peer's preview cannot be read") }
        return preview
    }

    /// What is no FHIR lies beside the FHIR base, as directory messages do.
    static func root(of base: String) -> String {
        base.hasSuffix("/fhir") ? String(base.dropLast("/fhir".count)) : base
    }
}

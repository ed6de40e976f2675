import ExchangeCore
import HTTPTypes
import JSON
import NIOCore
import Transactions
import Trust

extension FHIRService {
    /// `POST /consent-statements`: a statement as a compact JWS; the answer is the receipt, another one.
    func receiveStatement(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let reading = BodyReading(
            limits: exchange.settings.limits, bytesMax: TokenType.statement.bytesMax, uptime: exchange.world.uptime)
        let bytes = try await exchanged.body(reading)
        guard let statement = String(validating: bytes, as: UTF8.self) else {
            throw .exchange(ExchangeError(.badRequest, "this is no consent statement"))
        }
        let answered = try await asking { () throws(ExchangeError) in
            try await exchange.receiveStatement(statement, for: context)
        }
        var answer = Answer(.ok, json: ByteBuffer(string: answered.receipt), tickets: answered.tickets)
        answer.headers[.contentType] = "application/jose"
        return answer
    }

    /// `POST /consent-statements/pending`: receipts of the last statements in, the next statements out; none is the end.
    func pendingStatements(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let reading = BodyReading(
            limits: exchange.settings.limits, bytesMax: 32 * UnverifiedToken.bytesMax, uptime: exchange.world.uptime)
        let bytes = try await exchanged.body(reading)
        guard let question = try? JSONReader.read(bytes, limits: JSONLimits(depthMax: 4, nodesMax: 256)).object else {
            throw .exchange(ExchangeError(.badRequest, "the question must be a JSON object"))
        }
        let receipts = (question["receipts"]?.items ?? []).compactMap(\.string)
        let statements = try await asking { () throws(ExchangeError) in
            try await exchange.pendingStatements(receipts: receipts, for: context)
        }
        let body: JSONValue = ["statements": .array(statements.map { .string($0) })]
        var answer = Answer(.ok, json: ByteBuffer(bytes: JSONWriter.bytes(body)))
        answer.headers[.contentType] = "application/json"
        return answer
    }

    /// `POST /consent-statements/preview`: a draft in, what it would change here out, in numbers.
    func previewConsent(_ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        let context = try exchanged.asker()
        let limits = exchange.settings.limits
        let reading = BodyReading(limits: limits, bytesMax: ConsentDraft.bytesMax, uptime: exchange.world.uptime)
        let bytes = try await exchanged.body(reading)
        guard let body = try? JSONReader.read(bytes, limits: JSONLimits(depthMax: limits.nestingMax)).object else {
            throw .exchange(ExchangeError(.badRequest, "the draft must be a JSON object"))
        }
        let draft = try exchanged.reading { () throws(ExchangeError) in try ConsentDraft(json: body) }
        let answered = try await asking { () throws(ExchangeError) in
            try await exchange.previewConsent(draft, for: context)
        }
        var answer = Answer(
            .ok, json: ByteBuffer(bytes: JSONWriter.bytes(.object(answered.preview.json))), tickets: answered.tickets)
        answer.headers[.contentType] = "application/json"
        return answer
    }
}

import ExchangeCore
import HTTPTypes
import HummingbirdCore
import NIOCore
import Transactions
import Trust

extension FHIRService {
    /// `POST /witness/...`: what witnesses of logs ask each other (C2SP tlog-witness, and two questions more); the
    /// certificate alone says who asks, and nothing here is about a patient.
    func answerWitness(_ question: WitnessQuestion, _ exchanged: inout EdgeRequest) async throws(EdgeRefusal) -> Answer {
        guard let peer = exchanged.identity?.certificate.community else {
            throw .unauthenticated(reason: "no community in the certificate")
        }
        let reading = BodyReading(
            limits: exchange.settings.limits, bytesMax: WitnessQuestion.bytesMax, uptime: exchange.world.uptime)
        guard let text = String(validating: try await exchanged.body(reading), as: UTF8.self) else {
            throw .exchange(ExchangeError(.badRequest, "the question is no text"))
        }
        let answered = try await asking { () throws(ExchangeError) in
            try await exchange.answerWitness(question, text, from: peer)
        }
        var answer = Answer(.init(code: answered.status), json: ByteBuffer(string: answered.text))
        // The size a witness knows has a type of its own (tlog-witness).
        answer.headers[.contentType] =
            answered.status == 409 ? "text/x.tlog.size"
            : question == .exchangeHeads ? "application/json" : "text/plain; charset=utf-8"
        return answer
    }
}

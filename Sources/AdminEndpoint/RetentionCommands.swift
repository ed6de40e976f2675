import ExchangeCore
import JSON
import Journal
import Transactions

extension AdminService {
    func retentionPlan(_ call: AdminCall) async throws -> AdminAnswer {
        let now = exchange.world.now()
        let limit = min(max(call.arguments["limit"]?.integer ?? 1000, 1), 1000)
        let after = try call.optionalText("after").flatMap { PatientID($0) }
        let verdicts = try await exchange.retentionPlan(after: after, limit: limit, for: call.context)
        return AdminAnswer([
            "records": .array(
                verdicts.map { verdict in
                    [
                        "patient": .string(verdict.patient.description), "documents": .number(String(verdict.documents.count)),
                        "dueDocuments": .array(verdict.dueDocuments(at: now).map { .string($0.description) }),
                        "ends": .array(verdict.documents.map(Self.json)),
                        "end": verdict.end.map { .string($0.description) } ?? .null,
                        "jurisdictions": .array(verdict.jurisdictions.map { .string($0) }),
                        "held": .bool(verdict.isHeld), "due": .bool(verdict.isDue(at: now)),
                    ]
                }),
            "next": verdicts.count == limit ? verdicts.last.map { .string($0.patient.description) } ?? .null : .null,
        ])
    }

    func applyRetention(_ call: AdminCall) async throws -> AdminAnswer {
        let erased = try await exchange.applyRetention(for: call.context)
        return AdminAnswer([
            "erased": .array(erased.patients.map { .string($0.description) }),
            "documents": .array(erased.documents.map { .string($0.description) }),
        ])
    }

    private static func json(_ row: DocumentRetention) -> JSONValue {
        [
            "document": .string(row.document.description), "code": row.code.map { .string($0) } ?? .null,
            "end": row.end.map { .string($0.description) } ?? .null,
            "jurisdiction": row.jurisdiction.map { .string($0) } ?? .null,
        ]
    }

    func setHold(_ call: AdminCall, isHeld: Bool) async throws -> AdminAnswer {
        let id = try await patient(call)
        let receipt = try await exchange.hold(id, isHeld: isHeld, reason: try call.text("reason"), for: call.context)
        return AdminAnswer([
            "patient": .string(id.description), "held": .bool(isHeld), "entry": .number(String(receipt.position)),
        ])
    }

    func legalHolds() async throws -> AdminAnswer {
        let holds = try await exchange.projection.legalHolds()
        return AdminAnswer([
            "holds": .array(
                holds.map {
                    [
                        "patient": .string($0.patient.description), "reason": .string($0.reason),
                        "user": .string($0.user),
                    ]
                }),
        ])
    }

    /// Erases a patient, or one `document`.
    func erase(_ call: AdminCall) async throws -> AdminAnswer {
        guard let ground = Erasure.Ground(rawValue: try call.text("ground")) else {
            throw ExchangeError(
                .badRequest, "the ground is \(Erasure.Ground.allCases.map(\.rawValue).joined(separator: ", "))", at: "ground")
        }
        if let text = try call.optionalText("document") {
            guard let document = DocumentID(text) else {
                throw ExchangeError(.badRequest, "this is no id of a document; hie document find lists them", at: "document")
            }
            let receipt = try await exchange.eraseDocument(document, ground: ground, for: call.context)
            return AdminAnswer(["document": .string(text), "entry": .number(String(receipt.position))])
        }
        let id = try await patient(call)
        let receipt = try await exchange.erasePatient(id, ground: ground, for: call.context)
        return AdminAnswer(["patient": .string(id.description), "entry": .number(String(receipt.position))])
    }
}

import ExchangeCore
import JSON
import PatientIndex
import Transactions

/// The commands about the matching model; the same for a running node and for a folder at rest.
struct ModelCommands {
    private let desk: IdentityDesk

    init(_ desk: IdentityDesk) { self.desk = desk }

    func models() async throws(ExchangeError) -> JSONValue {
        let (inForce, acts) = try await desk.models()
        return ["inForce": inForce.json, "acts": .array(acts.map { Self.json($0, beside: inForce) })]
    }

    func learn(actor: String) async throws(ExchangeError) -> JSONValue {
        let act = try await desk.learnModel(actor: actor)
        return Self.json(act, beside: try await desk.models().inForce)
    }

    func activate(_ arguments: JSONObject, actor: String) async throws(ExchangeError) -> JSONValue {
        guard let id = arguments["model"]?.string, (1...64).contains(id.utf8.count) else {
            throw ExchangeError(.badRequest, "name a model; hie patient model show lists them", at: "model")
        }
        guard let reason = arguments["reason"]?.string, (1...1024).contains(reason.utf8.count) else {
            throw ExchangeError(.badRequest, "say why, in at most 1,024 bytes", at: "reason")
        }
        let before = try await desk.models().inForce
        return Self.json(try await desk.activateModel(id, actor: actor, reason: reason), beside: before)
    }

    /// An act, with where its model differs from another.
    private static func json(_ act: ModelAct, beside inForce: MatchModel) -> JSONValue {
        func number(_ value: Int) -> JSONValue { .number(String(value)) }
        let shadow = act.shadow
        return [
            "kind": .string(act.kind.rawValue), "model": .string(act.model.id), "actor": .string(act.actor),
            "reason": .string(act.reason),
            "changes": .array(
                inForce.changes(to: act.model).map { change in
                    [
                        "field": .string(change.field), "level": .string(change.level), "before": number(change.before),
                        "after": number(change.after),
                    ]
                }),
            "judged": number(shadow.judged), "differing": number(shadow.differing), "lost": number(shadow.lost),
            "gained": number(shadow.gained), "moved": number(shadow.moved),
            "examples": .array(
                shadow.examples.map { example in
                    [
                        "record": .string(example.record.description), "before": .string(example.before.rawValue),
                        "after": .string(example.after.rawValue), "samePerson": .bool(example.isSamePerson),
                    ]
                }),
        ]
    }
}

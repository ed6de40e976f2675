import ExchangeCore
import JSON
import Journal
import Logging
import Transactions

/// Changes that wait for a second administrator.
extension AdminService {
    /// Instead of doing what was asked, writes down that somebody wants it; answered with status 202.
    func wait(_ command: AdminCommand, _ call: AdminCall, account: UInt32?) async throws -> JSONValue {
        guard desk.persons() > 1 else { throw AdministratorDesk.onlyOne }
        let person = try desk.person(account)
        let draft = try await draft(command, call)
        let request = try await exchange.ask(for: draft, by: person, lasting: desk.lasting, context: call.context)
        return ["waiting": json(request)]
    }

    func changes(_ call: AdminCall) async throws -> AdminAnswer {
        let all = try await exchange.changes(withDecided: call.arguments["all"]?.bool ?? false, for: call.context)
        return AdminAnswer([
            "changes": .array(all.map(json)), "waits": .array(desk.waits.map(\.rawValue).sorted().map { .string($0) }),
        ])
    }

    func change(_ call: AdminCall) async throws -> AdminAnswer {
        let request = try await exchange.change(try call.position("id"), for: call.context)
        var object = json(request).object ?? [:]
        object["arguments"] = .object(request.arguments)
        object["ground"] = request.ground
        return AdminAnswer(.object(object))
    }

    func rejectChange(_ call: AdminCall) async throws -> AdminAnswer {
        let request = try await exchange.reject(
            try call.position("id"), note: try call.optionalText("note") ?? "", by: try desk.person(call.account),
            for: call.context)
        return AdminAnswer(json(request))
    }

    /// Carries out what a second administrator agrees to, on behalf of both.
    func acceptChange(_ call: AdminCall) async throws -> AdminAnswer {
        let person = try desk.person(call.account)
        let id = try call.position("id")
        let outcome = try await exchange.accept(id, by: person, for: call.context) { (request) throws(ExchangeError) in
            try await closed { try await draft(Self.command(of: request), asked(request, call)).ground }
        } perform: { (request) throws(ExchangeError) in
            let both = call.context.on(behalfOf: "\(request.person.name), approved by \(person.name)")
            return try await closed {
                try await answer(Self.command(of: request), AdminCall(arguments: request.arguments, context: both)).json
            }
        }
        var object = json(try await exchange.change(id, for: call.context)).object ?? [:]
        object["outcome"] = outcome
        return AdminAnswer(.object(object))
    }

    private func asked(_ request: ChangeRequest, _ call: AdminCall) -> AdminCall {
        AdminCall(arguments: request.arguments, context: call.context)
    }

    /// A request of another version of the program may name what this one does not know.
    private static func command(of request: ChangeRequest) throws(ExchangeError) -> AdminCommand {
        guard let command = AdminCommand(rawValue: request.command), AdministratorDesk.governable.contains(command) else {
            throw ExchangeError(.notFound, "this version of the program knows no such change; reject it: hie approve reject")
        }
        return command
    }

    /// What is not of the closed list is a fault of ours.
    private func closed<Value>(_ work: () async throws -> Value) async throws(ExchangeError) -> Value {
        do { return try await work() } catch let error as ExchangeError { throw error } catch {
            exchange.logger.error("a change failed", metadata: ["error": "\(type(of: error))"])
            throw ExchangeError(.internal, "the change failed; see the node's log")
        }
    }

    private func json(_ request: ChangeRequest) -> JSONValue {
        var object: JSONObject = [
            "id": .number(String(request.id)), "change": .string(request.command),
            "state": .string(request.state(at: exchange.world.now()).rawValue), "by": .string(request.person.name),
            "account": .number(String(request.person.account)), "asked": .string(request.asked.description),
            "until": .string(request.until.description),
        ]
        object["patient"] = request.subject.map { .string($0.description) }
        object["decisions"] = .array(
            request.acts.map { act in
                [
                    "state": .string(act.state.rawValue), "by": .string(act.person.name),
                    "account": .number(String(act.person.account)), "note": .string(act.note),
                ]
            })
        return .object(object)
    }
}

import ExchangeCore
import JSON
import Journal
import Transactions

extension AdminService {
    func journalEnd() -> AdminAnswer {
        let end = vitals.journalEnd()
        return AdminAnswer([
            "segment": .number(String(end.segment)), "offset": .number(String(end.offset)),
            "entries": .number(String(end.entries)), "root": .string(Hexadecimal.encode(end.root)),
        ])
    }

    /// The rotation is an administrator's act, and stands in the journal.
    func rotateKeyring() async throws -> AdminAnswer {
        let count = try await vitals.rotateKeyring()
        let payload: JSONValue = ["act": "keyring/rotate", "keys": .number(String(count))]
        _ = try await exchange.journal.append(
            EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
        return AdminAnswer(["keys": .number(String(count))])
    }

    /// What changed by it is an administrator's act; values are not written down.
    func reloadConfiguration(_ call: AdminCall) async throws -> AdminAnswer {
        let reload = try await vitals.reloadConfiguration()
        let taken = JSONValue.array(reload.taken.map { .string($0) })
        if !reload.taken.isEmpty {
            let payload: JSONValue = ["act": "config/reload", "user": .string(call.context.user), "keys": taken]
            _ = try await exchange.journal.append(
                EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
        }
        return AdminAnswer(["taken": taken, "waiting": .array(reload.waiting.map { .string($0) })])
    }

    func rotateLogKey(_ call: AdminCall) async throws -> AdminAnswer {
        AdminAnswer(["key": .string(try await vitals.rotateLogKey(call.context.user))])
    }

    func reopen(_ call: AdminCall) async throws -> AdminAnswer {
        let payload: JSONValue = ["act": "node/reopen", "user": .string(call.context.user)]
        _ = try await exchange.journal.append(
            EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
        vitals.reopen()
        return AdminAnswer(["reopening": .bool(true)])
    }
}

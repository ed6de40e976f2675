import ExchangeCore
import JSON
import Journal
import Logging

/// A change as somebody wants it, before it waits.
package struct ChangeDraft: Sendable {
    /// Which command.
    package let command: String
    /// Its arguments, those that count and no others.
    package let arguments: JSONObject
    /// What it is about, as it is now.
    package let ground: JSONValue
    /// The patient it is about, under whose key it is sealed.
    package let subject: PatientID?

    /// A draft from its parts.
    package init(command: String, arguments: JSONObject, ground: JSONValue, subject: PatientID?) {
        self.command = command
        self.arguments = arguments
        self.ground = ground
        self.subject = subject
    }
}

extension Exchange {
    /// Requests that may wait at the same time.
    package static let changesWaitingMax = 100

    /// Writes down that somebody wants a change, for a second administrator to look at. The same one that waits already is
    /// answered instead of a second.
    ///
    /// - Throws: `.conflict` when too many wait.
    package func ask(for draft: ChangeDraft, by person: ChangePerson, lasting: Duration, context: AccessContext)
        async throws(ExchangeError) -> ChangeRequest
    {
        try demandSocket(context)
        return try await alone(withChange: "asking") { () async throws(ExchangeError) in
            let now = world.now()
            let waiting = try await read { try await projection.changes(withDecided: false, limit: 1000) }
                .filter { $0.state(at: now) == .waiting }
            if let same = waiting.first(where: { $0.isSame(as: draft.command, draft.arguments, draft.ground) }) { return same }
            guard waiting.count < Self.changesWaitingMax else {
                throw ExchangeError(.conflict, "\(waiting.count) changes wait already; decide about those first: hie approve list")
            }
            let request = ChangeRequest(
                id: 0, command: draft.command, arguments: draft.arguments, ground: draft.ground, subject: draft.subject,
                person: person, asked: now, until: now + lasting)
            let receipt = try await journal.append(
                EntryDraft(kind: .administration, subject: draft.subject, payload: request.payload))
            logger.notice(
                "a change waits for a second administrator",
                metadata: ["command": "\(draft.command)", "journal.position": "\(receipt.position)"])
            return try await change(receipt.position)
        }
    }

    /// The requests, newest first; those that are decided only when asked for.
    package func changes(withDecided: Bool, for context: AccessContext) async throws(ExchangeError) -> [ChangeRequest] {
        try demandSocket(context)
        let now = world.now()
        return try await read { try await projection.changes(withDecided: withDecided, limit: 1000) }
            .filter { withDecided || $0.state(at: now) == .waiting }
    }

    /// One request.
    package func change(_ id: JournalPosition, for context: AccessContext) async throws(ExchangeError) -> ChangeRequest {
        try demandSocket(context)
        return try await change(id)
    }

    /// A second administrator agrees: it is written down, then carried out.
    ///
    /// - Parameters:
    ///   - ground: what the change is about, as it is now; what it throws says that it is no more.
    ///   - perform: carries it out, on behalf of both.
    /// - Throws: `.notFound`; `.forbidden` for who asked; `.conflict` when it is decided, expired, or about something that
    ///   changed; what `perform` throws.
    package func accept<Outcome>(
        _ id: JournalPosition, by person: ChangePerson, for context: AccessContext,
        ground: (ChangeRequest) async throws(ExchangeError) -> JSONValue,
        perform: (ChangeRequest) async throws(ExchangeError) -> Outcome,
    ) async throws(ExchangeError) -> Outcome {
        try demandSocket(context)
        return try await alone(withChange: String(id)) { () async throws(ExchangeError) in
            let request = try await undecided(id)
            guard request.person.account != person.account else {
                throw ExchangeError(.forbidden, "who asks for a change cannot agree to it; somebody else has to")
            }
            guard try await stands(request, ground) else {
                try await decide(.init(id, .lapsed, by: person), of: request)
                throw ExchangeError(
                    .conflict, "what change \(id) is about has changed since it was asked for; look, and ask for it again")
            }
            try await decide(.init(id, .accepted, by: person), of: request)
            do throws(ExchangeError) {
                return try await perform(request)
            } catch {
                // That it was agreed to and did not come about is worth an entry; the reason is the first to be told.
                do throws(ExchangeError) {
                    try await decide(.init(id, .failed, by: person, note: error.code.rawValue), of: request)
                } catch {
                    logger.error("an accepted change failed, and that could not be written down", metadata: ["code": "\(error.code)"])
                }
                throw error
            }
        }
    }

    /// An administrator rejects a change; who asked takes it back so.
    ///
    /// - Throws: `.notFound`; `.conflict` when it is decided or expired.
    package func reject(_ id: JournalPosition, note: String, by person: ChangePerson, for context: AccessContext)
        async throws(ExchangeError) -> ChangeRequest
    {
        try demandSocket(context)
        guard note.utf8.count <= 500 else { throw ExchangeError(.badRequest, "say why in at most 500 bytes", at: "note") }
        return try await alone(withChange: String(id)) { () async throws(ExchangeError) in
            let request = try await undecided(id)
            try await decide(.init(id, .rejected, by: person, note: note), of: request)
            return try await change(id)
        }
    }

    private func undecided(_ id: JournalPosition) async throws(ExchangeError) -> ChangeRequest {
        let request = try await change(id)
        let state = request.state(at: world.now())
        guard state == .waiting else {
            let how = state == .expired ? "expired at \(request.until)" : "was \(state.rawValue) by \(request.acts.last?.person.name ?? "?")"
            throw ExchangeError(.conflict, "change \(id) \(how); ask for it again if it is still wanted")
        }
        return request
    }

    private func change(_ id: JournalPosition) async throws(ExchangeError) -> ChangeRequest {
        guard let request = try await read({ try await projection.change(id) }) else {
            throw ExchangeError(.notFound, "no such change was asked for here; see hie approve list --all")
        }
        return request
    }

    /// Whether what a change is about is as it was. A failure of the node itself is no answer.
    private func stands(_ request: ChangeRequest, _ ground: (ChangeRequest) async throws(ExchangeError) -> JSONValue)
        async throws(ExchangeError) -> Bool
    {
        do throws(ExchangeError) {
            return try await ground(request) == request.ground
        } catch {
            switch error.code {
            case .badRequest, .notFound, .unknownPatient, .conflict, .gone, .forbidden, .tooLarge: return false
            case .unauthenticated, .unavailable, .timeout, .corrupted, .internal: throw error
            }
        }
    }

    /// Who agreed stands in clear, so that it outlives a patient's key; what somebody wrote is sealed with the request.
    private func decide(_ act: ChangeRequest.Act, of request: ChangeRequest) async throws(ExchangeError) {
        _ = try await journal.append(
            EntryDraft(
                kind: .administration, subject: act.state == .rejected ? request.subject : nil, payload: act.payload))
        logger.notice(
            "a change was decided",
            metadata: ["change": "\(request.id)", "command": "\(request.command)", "state": "\(act.state.rawValue)"])
    }

    private func alone<Value>(
        withChange name: String, _ work: () async throws(ExchangeError) -> Value,
    ) async throws(ExchangeError) -> Value {
        let held = ["change \(name)"]
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "somebody else is at this change right now; look at it again: hie approve list")
        }
        defer { submissions.end(held) }
        return try await work()
    }

    private func demandSocket(_ context: AccessContext) throws(ExchangeError) {
        guard context.door == .administration else {
            throw ExchangeError(.forbidden, "changes are asked for and decided at the node's own socket: hie approve")
        }
    }
}

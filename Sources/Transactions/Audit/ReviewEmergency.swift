import ExchangeCore
import Journal

extension Exchange {
    /// The emergencies of this node, newest first; those that are closed only when asked for. At most 1,000.
    package func emergencyAlerts(withClosed: Bool = false, for context: AccessContext) async throws(ExchangeError)
        -> [EmergencyAlert]
    {
        try demandOfficer(context)
        return try await read { try await projection.alerts(withClosed: withClosed, limit: 1000) }
    }

    /// Writes down what the privacy officer did about an emergency: reviewed it, then closed it.
    ///
    /// - Throws: `.notFound` for an unknown alert; `.conflict` for one that is closed, or is to be closed before it was
    ///   reviewed; `.forbidden` for whoever broke the glass themselves.
    package func actOnAnyAlert(_ id: JournalPosition, _ kind: AlertAct.Kind, note: String, for context: AccessContext)
        async throws(ExchangeError) -> AnyAlert
    {
        try demandOfficer(context)
        guard let alert = try await read({ try await projection.ruleAlert(id) }) else {
            return .emergency(try await actOnAlert(id, kind, note: note, for: context))
        }
        let held = ["alert \(id)"]
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "somebody else is at this alert right now; look at it again")
        }
        defer { submissions.end(held) }
        return .rule(try await actOnRuleAlert(alert, kind, note: note, for: context))
    }

    /// As `actOnAnyAlert`, for an emergency.
    package func actOnAlert(_ id: JournalPosition, _ kind: AlertAct.Kind, note: String, for context: AccessContext)
        async throws(ExchangeError) -> EmergencyAlert
    {
        try demandOfficer(context)
        let held = ["alert \(id)"]
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "somebody else is at this alert right now; look at it again")
        }
        defer { submissions.end(held) }
        guard let alert = try await read({ try await projection.alert(id) }) else { throw Self.unknownAlert }
        guard alert.state != .closed else { throw ExchangeError(.conflict, "the alert is closed already") }
        guard kind == .review || alert.state == .reviewed else {
            throw ExchangeError(.conflict, "the alert has not been reviewed yet; see hie audit alerts review")
        }
        guard context.user != alert.record.user else {
            throw ExchangeError(.forbidden, "nobody judges their own emergency access")
        }
        let act = AlertAct(alert: id, kind: kind, user: context.user, note: note)
        _ = try await journal.append(
            EntryDraft(kind: .administration, subject: alert.patient, payload: act.payload, value: act))
        guard let after = try await read({ try await projection.alert(id) }) else { throw Self.unknownAlert }
        return after
    }

    private static let unknownAlert = ExchangeError(.notFound, "there is no such alert here; see hie audit alerts")

    func demandOfficer(_ context: AccessContext) throws(ExchangeError) {
        guard context.door == .administration else {
            throw ExchangeError(.forbidden, "alerts are read at the node's own socket: hie audit alerts")
        }
    }
}

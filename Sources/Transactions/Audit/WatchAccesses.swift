import ConsentEngine
import ExchangeCore
import JSON
import Journal
import Logging
import PatientIndex
import XDSMetadata

extension Exchange {
    /// Entries looked at again after a start, so that what was under way when the node stopped is not forgotten.
    private static let lookBack: JournalPosition = 10_000

    /// Follows the journal and raises alerts by the rules, until cancelled. Behind the answers, never in their way.
    package func watchAccesses() async throws(ExchangeError) {
        var rules = AlertRules(settings.alerts)
        var next = journal.size > Self.lookBack ? journal.size - Self.lookBack : 0
        while !Task.isCancelled {
            next = try await watchOnce(&rules, from: next)
            do { try await world.sleep(.seconds(2)) } catch { return }
        }
    }

    /// Looks at the entries from a position on, and raises what they show; where to go on.
    package func watchOnce(_ rules: inout AlertRules, from start: JournalPosition) async throws(ExchangeError)
        -> JournalPosition
    {
        var next = start
        while next < journal.size {
            let end = min(next + 512, journal.size)
            let entries = try await reader.entries(in: next..<end) { $0.kind == .access }
            for entry in entries {
                guard let patient = entry.subject, !entry.isErased else { continue }
                let event = AccessEvent(
                    position: entry.position, time: entry.time, record: try AccessRecord(payload: entry.payload))
                // Read only where it decides something: most looks are a second one by the same user.
                let known = rules.wantsFacts(event, of: patient) ? try await known(of: patient) : AccessedPatient()
                for alert in rules.take(event, of: patient, knowing: known) {
                    try await raise(alert)
                }
            }
            next = end
        }
        return next
    }

    private func raise(_ alert: RaisedAlert) async throws(ExchangeError) {
        guard try await read({ try await projection.ruleAlert(key: alert.key) }) == nil else { return }
        do throws(ExchangeError) {
            let receipt = try await journal.append(
                EntryDraft(
                    kind: .administration, subject: alert.subject, payload: JSONWriter.bytes(alert.json)))
            logger.notice(
                "an access is worth a look: see hie audit alerts",
                metadata: ["rule": "\(alert.rule.rawValue)", "journal.position": "\(receipt.position)"])
        } catch  where error.code == .gone {
            return
        }
    }

    /// What the rules need to know of a patient.
    private func known(of patient: PatientID) async throws(ExchangeError) -> AccessedPatient {
        var known = AccessedPatient()
        if let record = try await read({ try await projection.patient(patient) }) {
            known.families = record.demographics.names.compactMap(\.family)
            known.identifiers = Set(record.identifiers.map { "\($0.system)|\($0.value)" })
        }
        let facts = try await read { try await projection.facts(about: patient, matching: DocumentQuery()) }
        // A document that came late, or an imported history, begins its time when it was registered here.
        known.careEnded = facts.documents.compactMap { document in
            document.facts.serviceStop.map { max($0.end, document.registered) }
        }.max()
        return known
    }

    /// The alerts that rules raised, newest first; those that are closed only when asked for. The listing is recorded.
    package func ruleAlerts(withClosed: Bool = false, for context: AccessContext) async throws(ExchangeError)
        -> [RuleAlert]
    {
        try demandOfficer(context)
        let alerts = try await read { try await projection.ruleAlerts(withClosed: withClosed, limit: 1000) }
        let payload: JSONValue = [
            "read": "alerts", "user": .string(context.user), "trace": .string(context.traceID),
            "shown": .number(String(alerts.count)),
        ]
        _ = try await journal.append(
            EntryDraft(kind: .administration, subject: nil, payload: JSONWriter.bytes(payload)))
        return alerts
    }

    /// The documents that the accesses behind an alert showed, each once; what was erased since is left out.
    package func documentsShown(to alert: RuleAlert) async throws(ExchangeError) -> [DocumentID] {
        var shown: [DocumentID] = []
        var known: Set<DocumentID> = []
        for position in alert.raised.evidence {
            for entry in try await reader.entries(in: position..<position + 1, where: { $0.kind == .access }) where !entry.isErased {
                for decision in try AccessRecord(payload: entry.payload).decisions where decision.isPermitted {
                    shown += decision.documents.filter { known.insert($0).inserted }
                }
            }
        }
        return shown
    }

    /// Writes down what the officer did about an alert that a rule raised; as `actOnAlert`.
    func actOnRuleAlert(_ alert: RuleAlert, _ kind: AlertAct.Kind, note: String, for context: AccessContext)
        async throws(ExchangeError) -> RuleAlert
    {
        guard alert.state != .closed else { throw ExchangeError(.conflict, "the alert is closed already") }
        guard kind == .review || alert.state == .reviewed else {
            throw ExchangeError(.conflict, "the alert has not been reviewed yet; see hie audit alerts review")
        }
        guard context.user != alert.raised.user else {
            throw ExchangeError(.forbidden, "nobody judges an alert about themselves")
        }
        let act = AlertAct(alert: alert.id, kind: kind, user: context.user, note: note)
        _ = try await journal.append(
            EntryDraft(kind: .administration, subject: alert.raised.subject, payload: act.payload, value: act))
        guard let after = try await read({ try await projection.ruleAlert(alert.id) }) else {
            throw ExchangeError(.notFound, "there is no such alert here; see hie audit alerts")
        }
        return after
    }
}

import ExchangeCore
import JSON
import Transactions

extension AdminService {
    func alerts(_ call: AdminCall) async throws -> AdminAnswer {
        let alerts = try await exchange.emergencyAlerts(
            withClosed: call.arguments["all"]?.bool ?? false, for: call.context)
        let raised = try await exchange.ruleAlerts(
            withClosed: call.arguments["all"]?.bool ?? false, for: call.context)
        var rows = alerts.map { ($0.id, Self.json($0)) }
        for alert in raised { rows.append((alert.id, Self.json(alert, try await exchange.documentsShown(to: alert)))) }
        return AdminAnswer(["alerts": .array(rows.sorted { $0.0 > $1.0 }.map(\.1))])
    }

    func act(_ kind: AlertAct.Kind, _ call: AdminCall) async throws -> AdminAnswer {
        guard let number = call.arguments["id"]?.integer, let id = UInt64(exactly: number) else {
            throw ExchangeError(.badRequest, "an alert's id is a number; see hie audit alerts", at: "id")
        }
        switch try await exchange.actOnAnyAlert(id, kind, note: try call.text("note"), for: call.context) {
        case .emergency(let alert): return AdminAnswer(Self.json(alert))
        case .rule(let alert): return AdminAnswer(Self.json(alert, try await exchange.documentsShown(to: alert)))
        }
    }

    private static func json(_ alert: EmergencyAlert) -> JSONValue {
        let record = alert.record
        return [
            "id": .number(String(alert.id)), "rule": "emergency", "state": .string(alert.state.rawValue),
            "patient": .string(alert.patient.description), "opened": .string(alert.opened.description),
            "latest": .string(alert.latest.description), "user": .string(record.user),
            "role": record.role.map { .string($0) } ?? .null, "organization": .string(record.organization),
            "community": .string(record.community.urn), "reason": record.reason.map { .string($0) } ?? .null,
            "accesses": .number(String(alert.accesses)),
            "shown": .array(alert.shown.map { .string($0.description) }),
            "notes": Self.json(alert.notes),
        ]
    }

    private static func json(_ alert: RuleAlert, _ shown: [DocumentID]) -> JSONValue {
        let raised = alert.raised
        return [
            "id": .number(String(alert.id)), "rule": .string(raised.rule.rawValue),
            "state": .string(alert.state.rawValue),
            "patient": raised.patient.map { .string($0.description) } ?? .null,
            "opened": .string(alert.opened.description), "latest": .string(raised.time.description),
            "user": .string(raised.user), "role": raised.role.map { .string($0) } ?? .null,
            "organization": .string(raised.organization), "community": .string(raised.community.urn),
            "reason": .string(raised.rule.sentence), "accesses": .number(String(raised.evidence.count)),
            "shown": .array(shown.map { .string($0.description) }),
            "evidence": .array(raised.evidence.map { .number(String($0)) }), "notes": json(alert.notes),
        ]
    }

    private static func json(_ notes: [EmergencyAlert.Note]) -> JSONValue {
        .array(
            notes.map { note in
                [
                    "position": .number(String(note.position)), "time": .string(note.time.description),
                    "act": .string(note.act.kind.rawValue), "user": .string(note.act.user),
                    "note": .string(note.act.note),
                ]
            })
    }
}

import ExchangeCore
import JSON
import Transactions

extension AdminService {
    func alerts(_ call: AdminCall) async throws -> AdminAnswer {
        let alerts = try await exchange.emergencyAlerts(
            withClosed: call.arguments["all"]?.bool ?? false, for: call.context)
        return AdminAnswer(["alerts": .array(alerts.map(Self.json))])
    }

    func act(_ kind: AlertAct.Kind, _ call: AdminCall) async throws -> AdminAnswer {
        guard let number = call.arguments["id"]?.integer, let id = UInt64(exactly: number) else {
            throw ExchangeError(.badRequest, "an alert's id is a number; see hie audit alerts", at: "id")
        }
        return AdminAnswer(Self.json(try await exchange.actOnAlert(id, kind, note: try call.text("note"), for: call.context)))
    }

    private static func json(_ alert: EmergencyAlert) -> JSONValue {
        let record = alert.record
        return [
            "id": .number(String(alert.id)), "state": .string(alert.state.rawValue),
            "patient": .string(alert.patient.description), "opened": .string(alert.opened.description),
            "latest": .string(alert.latest.description), "user": .string(record.user),
            "role": record.role.map { .string($0) } ?? .null, "organization": .string(record.organization),
            "community": .string(record.community.urn), "reason": record.reason.map { .string($0) } ?? .null,
            "accesses": .number(String(alert.accesses)),
            "shown": .array(alert.shown.map { .string($0.description) }),
            "notes": .array(
                alert.notes.map { note in
                    [
                        "position": .number(String(note.position)), "time": .string(note.time.description),
                        "act": .string(note.act.kind.rawValue), "user": .string(note.act.user),
                        "note": .string(note.act.note),
                    ]
                }),
        ]
    }
}

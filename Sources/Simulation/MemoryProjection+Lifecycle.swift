import ExchangeCore
import Journal
import Synchronization
import Transactions

/// Alerts, legal holds and what was erased.
extension MemoryProjection {
    package func alerts(withClosed: Bool, limit: Int) async throws -> [EmergencyAlert] {
        tables.withLock { tables in
            let alerts = tables.alerts.values.filter { withClosed || $0.state != .closed }.sorted { $0.id > $1.id }
            return Array(alerts.prefix(limit))
        }
    }

    package func changes(withDecided: Bool, limit: Int) async throws -> [ChangeRequest] {
        tables.withLock { tables in
            Array(
                tables.changes.values.filter { withDecided || $0.acts.isEmpty }.sorted { $0.id > $1.id }.prefix(limit))
        }
    }

    package func change(_ id: JournalPosition) async throws -> ChangeRequest? { tables.withLock { $0.changes[id] } }

    package func legalHold(of patient: PatientID) async throws -> LegalHold? { tables.withLock { $0.holds[patient] } }

    package func legalHolds() async throws -> [LegalHold] {
        tables.withLock { $0.holds.values.sorted { $0.patient < $1.patient } }
    }

    package func erasedPatients() async throws -> [PatientID] { tables.withLock { $0.erased } }

    package func erasedDocuments() async throws -> [ContentReference] { tables.withLock { $0.erasedDocuments } }

    package func patientIDs(after: PatientID?, limit: Int) async throws -> [PatientID] {
        tables.withLock { tables in
            Array(tables.patients.keys.filter { id in after.map { $0 < id } ?? true }.sorted().prefix(limit))
        }
    }

    package func purge() async throws {}

    package func ruleAlerts(withClosed: Bool, limit: Int) async throws -> [RuleAlert] {
        tables.withLock { tables in
            let alerts = tables.ruleAlerts.values.filter { withClosed || $0.state != .closed }.sorted { $0.id > $1.id }
            return Array(alerts.prefix(limit))
        }
    }

    package func ruleAlert(_ id: JournalPosition) async throws -> RuleAlert? { tables.withLock { $0.ruleAlerts[id] } }

    package func ruleAlert(key: String) async throws -> RuleAlert? {
        tables.withLock { tables in tables.ruleAlerts.values.first { $0.raised.key == key } }
    }

    package func alert(_ id: JournalPosition) async throws -> EmergencyAlert? { tables.withLock { $0.alerts[id] } }
}

import ExchangeCore
import GRDB
import Journal
import Transactions

extension SQLiteProjection {
    package func ruleAlerts(withClosed: Bool, limit: Int) async throws -> [RuleAlert] {
        try await read { database in
            try database.all(
                "SELECT stored FROM rule_alert WHERE closed <= ? ORDER BY id DESC LIMIT ?", [withClosed ? 1 : 0, limit]
            ) { try RuleAlert(stored: $0.bytes(0)) }
        }
    }

    package func ruleAlert(_ id: JournalPosition) async throws -> RuleAlert? {
        guard let number = Int64(exactly: id) else { return nil }
        return try await read { database in
            try database.one("SELECT stored FROM rule_alert WHERE id = ?", [number]) { try RuleAlert(stored: $0.bytes(0)) }
        }
    }

    package func ruleAlert(key: String) async throws -> RuleAlert? {
        try await read { database in
            try database.one("SELECT stored FROM rule_alert WHERE key = ?", [key]) { try RuleAlert(stored: $0.bytes(0)) }
        }
    }
}

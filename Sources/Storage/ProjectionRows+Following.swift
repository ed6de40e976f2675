import ConsentEngine
import ExchangeCore
import GRDB
import Journal
import Transactions
import Trust

extension ProjectionRows {
    /// What another community did with a directive recorded here: its last word counts.
    static func applyDelivery(_ entry: CommittedEntry, _ database: Database) throws {
        let delivery = try entry.decoded { () throws(ExchangeError) in try ConsentDelivery(payload: entry.payload) }
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO consent_delivery(directive, community, version, settled, signed, payload)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            delivery.directive.sql, delivery.community.urn, delivery.version, delivery.outcome == .inForce,
            delivery.signed.milliseconds, entry.payload.sql,
        ])
    }

    /// Where a directive came from, and since when its newest version decides.
    static func applyOrigin(
        _ origin: ConsentOrigin, of id: DirectiveID, _ entry: CommittedEntry, _ subject: PatientID,
        _ database: Database,
    ) throws {
        try database.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO directive_origin(origin, directive, id, patient, since) VALUES (?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            origin.community.urn, origin.directive.sql, id.sql, subject.sql, entry.time.milliseconds,
        ])
    }
}

import ConsentEngine
import ExchangeCore
import GRDB
import Transactions
import Trust

extension SQLiteProjection {
    package func deliveries(of directive: DirectiveID) async throws -> [ConsentDelivery] {
        try await read { database in
            try database.all(
                "SELECT payload FROM consent_delivery WHERE directive = ? ORDER BY community", [directive.sql]
            ) { try ConsentDelivery(payload: $0.bytes(0)) }
        }
    }

    package func undelivered(to community: CommunityID, settledBefore: Timestamp, limit: Int) async throws
        -> [DirectiveID]
    {
        try await read { database in
            try database.all(
                """
                SELECT d.id FROM directive d
                WHERE NOT EXISTS (SELECT 1 FROM directive_origin o WHERE o.id = d.id)
                  AND NOT EXISTS (
                    SELECT 1 FROM consent_delivery c WHERE c.directive = d.id AND c.community = ?
                      AND c.version >= d.version AND (c.settled OR c.signed >= ?))
                ORDER BY d.id LIMIT ?
                """, [community.urn, settledBefore.milliseconds, limit]
            ) { try $0.id(0) }
        }
    }

    package func copies(of directive: DirectiveID, from origin: CommunityID) async throws -> [ConsentCopy] {
        try await read { database in
            try database.all(
                """
                SELECT d.version, d.resource, d.position, o.since FROM directive_origin o
                JOIN directive d ON d.patient = o.patient AND d.id = o.id
                WHERE o.origin = ? AND o.directive = ? ORDER BY o.id
                """, [origin.urn, directive.sql]
            ) { ConsentCopy(version: try Self.version($0), since: Timestamp(milliseconds: $0.integer(3))) }
        }
    }
}

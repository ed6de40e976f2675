import ExchangeCore
import JSON

/// What the journal says before this node asks others about a patient: a question discloses demographics too.
///
/// It is the payload of an `inquiry` entry, sealed under the patient's key, durable before the first byte leaves.
package struct InquiryRecord: Hashable, Sendable {
    /// Which transaction asks, such as `ITI-119`.
    package let transaction: String
    /// On whose behalf.
    package let user: String
    /// For which organisation.
    package let organization: String
    /// What for.
    package let purpose: String?
    /// One id for everything done for the request, at every node.
    package let traceID: String
    /// The communities that are about to be asked.
    package let asked: [CommunityID]
    /// How far the question goes; nil for a question to communities that were named.
    package let scope: String?

    /// The record of a question about to be asked.
    package init(transaction: String, context: AccessContext, asked: [CommunityID], scope: String? = nil) {
        self.scope = scope
        self.transaction = transaction
        user = context.user
        organization = context.organization
        purpose = context.purpose
        traceID = context.traceID
        self.asked = asked
    }

    /// The canonical JSON that is sealed and hashed.
    package var payload: [UInt8] {
        var object = JSONObject()
        object["transaction"] = .string(transaction)
        object["user"] = .string(user)
        object["organization"] = .string(organization)
        object["purpose"] = purpose.map { .string($0) }
        object["trace"] = .string(traceID)
        object["asked"] = .array(asked.map { .string($0.urn) })
        object["scope"] = scope.map { .string($0) }
        return JSONWriter.bytes(.object(object))
    }
}

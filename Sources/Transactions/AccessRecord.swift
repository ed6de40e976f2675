import ConsentEngine
import ExchangeCore
import JSON

/// What the journal says of one disclosure, or of one refusal: who, why, what they got, which rule decided.
///
/// It is the payload of an `access` entry, sealed under the patient's key, and the source of the patient's access log.
package struct AccessRecord: Hashable, Sendable {
    /// What was decided, alike, about some documents.
    package struct Decision: Hashable, Sendable {
        /// The document entries, in the order of the answer.
        package let documents: [DocumentID]
        /// Whether they were disclosed.
        package let isPermitted: Bool
        /// The rules that decided, in order.
        package let rules: [String]

        /// A decision about some documents.
        package init(documents: [DocumentID], isPermitted: Bool, rules: [String]) {
            self.documents = documents
            self.isPermitted = isPermitted
            self.rules = rules
        }

        /// Decisions put together where outcome and rules are the same: most answers have one or two.
        package static func grouped(_ single: [(document: DocumentID, isPermitted: Bool, rules: [String])]) -> [Decision] {
            struct Outcome: Hashable {
                let isPermitted: Bool
                let rules: [String]
            }
            var order: [Outcome] = []
            var documents: [Outcome: [DocumentID]] = [:]
            for one in single {
                let outcome = Outcome(isPermitted: one.isPermitted, rules: one.rules)
                if documents[outcome] == nil { order.append(outcome) }
                documents[outcome, default: []].append(one.document)
            }
            return order.map { .init(documents: documents[$0] ?? [], isPermitted: $0.isPermitted, rules: $0.rules) }
        }
    }

    /// The transaction of a record that what is known of a patient was written into a file.
    package static let export = "export"

    /// Which transaction disclosed, such as `ITI-67`.
    package let transaction: String
    /// Through which door.
    package let door: String
    /// The end user.
    package let user: String
    /// The user's role.
    package let role: String?
    /// The role in the token's own words, where those were others.
    package let presentedRole: String?
    /// The user's organisation.
    package let organization: String
    /// The community the request came from.
    package let community: CommunityID
    /// Purpose of use; nil when none was stated.
    package let purpose: String?
    /// One id for everything done for the request, at every node.
    package let traceID: String
    /// The token or assertion presented.
    package let tokenID: String?
    /// Why an emergency access was needed, in the user's words; nil for every other purpose.
    package let reason: String?
    /// The position the facts were read at.
    package let factsPosition: UInt64
    /// Every record of the person, where there are several: their consents were judged together.
    package let together: [PatientID]
    /// What was decided about the documents that matched the question.
    package let decisions: [Decision]
    /// What other communities contributed: the words of the completeness receipt.
    package let communities: [String]
    /// The policy that held for patients who had said nothing, by its name; nil where nothing was decided by it.
    package let policy: String?
    /// For how long those whom a stay named were taken to treat.
    package let treating: TreatingPeriod
    /// The moment the consents were judged at; nil where none were.
    package let decided: Timestamp?

    /// The record of a request and what came of it.
    package init(
        transaction: String, context: AccessContext, factsPosition: UInt64, together: [PatientID] = [],
        decisions: [Decision], communities: [String] = [], policy: String? = nil,
        treating: TreatingPeriod = .usual, decided: Timestamp? = nil,
    ) {
        self.together = together
        self.policy = policy
        self.treating = treating
        self.decided = decided
        self.transaction = transaction
        door = context.door.rawValue
        user = context.user
        role = context.role
        presentedRole = context.presentedRole
        organization = context.organization
        community = context.community
        purpose = context.purpose
        traceID = context.traceID
        tokenID = context.tokenID
        reason = EmergencyAccess.isDeclared(context) ? context.reason : nil
        self.factsPosition = factsPosition
        self.decisions = decisions
        self.communities = communities
    }

    /// Whether it was asked as an emergency (purpose `BTG`).
    package var isEmergency: Bool { purpose == EmergencyAccess.purpose }

    /// The canonical JSON that is sealed and hashed.
    package var payload: [UInt8] { JSONWriter.bytes(json) }

    /// The record as JSON: stable names, absent parts left out.
    package var json: JSONValue {
        var object = JSONObject()
        object["transaction"] = .string(transaction)
        object["door"] = .string(door)
        object["user"] = .string(user)
        object["role"] = role.map { .string($0) }
        object["presentedRole"] = presentedRole.map { .string($0) }
        object["organization"] = .string(organization)
        object["community"] = .string(community.urn)
        object["purpose"] = purpose.map { .string($0) }
        object["trace"] = .string(traceID)
        object["token"] = tokenID.map { .string($0) }
        if isEmergency { object["emergency"] = true }
        object["reason"] = reason.map { .string($0) }
        object["facts"] = .number(String(factsPosition))
        if !together.isEmpty { object["together"] = .array(together.map { .string($0.description) }) }
        object["policy"] = policy.map { .string($0) }
        if treating != .usual {
            object["treating"] = [
                "daysAfterEnd": .number(String(treating.daysAfterEnd)), "daysWithoutEnd": .number(String(treating.daysWithoutEnd)),
            ]
        }
        object["decided"] = decided.map { .number(String($0.milliseconds)) }
        object["decisions"] = .array(
            decisions.map { decision in
                [
                    "permit": .bool(decision.isPermitted), "rules": .array(decision.rules.map { .string($0) }),
                    "documents": .array(decision.documents.map { .string($0.description) }),
                ]
            })
        if !communities.isEmpty { object["communities"] = .array(communities.map { .string($0) }) }
        return .object(object)
    }

    /// Reads a payload back; `.corrupted` when it is not one.
    package init(payload: [UInt8]) throws(ExchangeError) {
        try self.init(json: try PayloadReading.json(payload))
    }

    /// Reads the record's JSON back; `.corrupted` when it is none.
    package init(json: JSONValue) throws(ExchangeError) {
        transaction = try PayloadReading.text(json, "transaction")
        door = try PayloadReading.text(json, "door")
        user = try PayloadReading.text(json, "user")
        role = json["role"]?.string
        presentedRole = json["presentedRole"]?.string
        organization = try PayloadReading.text(json, "organization")
        guard let community = CommunityID(try PayloadReading.text(json, "community")) else {
            throw PayloadReading.damaged("community")
        }
        self.community = community
        purpose = json["purpose"]?.string
        traceID = try PayloadReading.text(json, "trace")
        tokenID = json["token"]?.string
        reason = json["reason"]?.string
        guard let facts = json["facts"]?.integer, facts >= 0 else { throw PayloadReading.damaged("facts") }
        factsPosition = UInt64(facts)
        together = (json["together"]?.items ?? []).compactMap { $0.string.flatMap { PatientID($0) } }
        policy = json["policy"]?.string
        treating = try Self.treating(json["treating"])
        decided = json["decided"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
        var decisions: [Decision] = []
        for item in json["decisions"]?.items ?? [] {
            guard let permit = item["permit"]?.bool else { throw PayloadReading.damaged("decisions") }
            decisions.append(
                Decision(
                    documents: (item["documents"]?.items ?? []).compactMap { $0.string.flatMap { DocumentID($0) } },
                    isPermitted: permit, rules: (item["rules"]?.items ?? []).compactMap(\.string)))
        }
        self.decisions = decisions
        communities = (json["communities"]?.items ?? []).compactMap(\.string)
    }

    private static func treating(_ json: JSONValue?) throws(ExchangeError) -> TreatingPeriod {
        guard let json else { return .usual }
        guard let after = json["daysAfterEnd"]?.integer, let without = json["daysWithoutEnd"]?.integer else {
            throw PayloadReading.damaged("treating")
        }
        return TreatingPeriod(daysAfterEnd: after, daysWithoutEnd: without)
    }
}

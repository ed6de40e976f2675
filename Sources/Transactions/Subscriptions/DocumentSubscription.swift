import ExchangeCore
import JSON

/// Somebody's wish to hear of a patient's new documents (DSUBm): the payload of a `subscription` entry, sealed under the
/// patient's key. Printing one prints its id alone.
package struct DocumentSubscription: Hashable, Sendable, CustomStringConvertible {
    /// How much a notification says.
    package enum Content: String, Sendable, CaseIterable {
        /// That there is something new.
        case empty
        /// And its id.
        case idOnly = "id-only"
        /// And its metadata, as the subscriber would read it at that moment.
        case fullResource = "full-resource"
    }

    /// On whose behalf: judged by consent each time, as if they asked just then.
    package struct Subscriber: Hashable, Sendable {
        /// The user.
        package let user: String
        /// The user's role.
        package let role: String?
        /// The user's organisation.
        package let organization: String
        /// Purpose of use.
        package let purpose: String?

        /// Whoever asks for it.
        package init(_ context: AccessContext) {
            user = context.user
            role = context.role
            organization = context.organization
            purpose = context.purpose
        }

        init(user: String, role: String?, organization: String, purpose: String?) {
            self.user = user
            self.role = role
            self.organization = organization
            self.purpose = purpose
        }
    }

    /// Its FHIR id.
    package let id: SubscriptionID
    /// Whose documents.
    package let patient: PatientID
    /// Where notifications go: an `https` URL that `NotificationRules` permitted.
    package let endpoint: String
    /// How much they say.
    package let content: Content
    /// The one `Authorization` header that the receiver wants; nil for none.
    package let authorization: String?
    /// Codes of document types; empty for all.
    package let types: [String]
    /// When it ends by itself.
    package let end: Timestamp?
    /// Why it was made, in its maker's words.
    package let reason: String
    /// On whose behalf.
    package let subscriber: Subscriber
    /// When it was made.
    package let recorded: Timestamp
    /// Whether notifications are sent; false once it was deleted.
    package var isActive: Bool

    /// A subscription from its parts.
    package init(
        id: SubscriptionID, patient: PatientID, endpoint: String, content: Content, authorization: String?, types: [String],
        end: Timestamp?, reason: String, subscriber: Subscriber, recorded: Timestamp, isActive: Bool = true,
    ) {
        self.id = id
        self.patient = patient
        self.endpoint = endpoint
        self.content = content
        self.authorization = authorization
        self.types = types
        self.end = end
        self.reason = reason
        self.subscriber = subscriber
        self.recorded = recorded
        self.isActive = isActive
    }

    package var description: String { "subscription \(id)" }

    /// Whether notifications are sent at a moment.
    package func isInForce(at now: Timestamp) -> Bool { isActive && end.map { now < $0 } ?? true }

    /// The canonical JSON that is sealed and hashed.
    package var payload: [UInt8] {
        var object: JSONObject = [
            "id": .string(id.description), "endpoint": .string(endpoint), "content": .string(content.rawValue),
            "reason": .string(reason), "recorded": .number(String(recorded.milliseconds)), "active": .bool(isActive),
            "user": .string(subscriber.user), "organization": .string(subscriber.organization),
        ]
        object["role"] = subscriber.role.map { .string($0) }
        object["purpose"] = subscriber.purpose.map { .string($0) }
        object["authorization"] = authorization.map { .string($0) }
        object["end"] = end.map { .number(String($0.milliseconds)) }
        if !types.isEmpty { object["types"] = .array(types.map { .string($0) }) }
        return JSONWriter.bytes(.object(object))
    }

    /// Reads a payload back; `.corrupted` when it is none.
    package init(payload: [UInt8], patient: PatientID) throws(ExchangeError) {
        let json = try PayloadReading.json(payload)
        guard let id = SubscriptionID(try PayloadReading.text(json, "id")),
            let content = Content(rawValue: try PayloadReading.text(json, "content")),
            let recorded = json["recorded"]?.integer, let isActive = json["active"]?.bool
        else { throw PayloadReading.damaged("subscription") }
        self.init(
            id: id, patient: patient, endpoint: try PayloadReading.text(json, "endpoint"), content: content,
            authorization: json["authorization"]?.string, types: (json["types"]?.items ?? []).compactMap(\.string),
            end: json["end"]?.integer.map { Timestamp(milliseconds: Int64($0)) },
            reason: try PayloadReading.text(json, "reason"),
            subscriber: Subscriber(
                user: try PayloadReading.text(json, "user"), role: json["role"]?.string,
                organization: try PayloadReading.text(json, "organization"), purpose: json["purpose"]?.string),
            recorded: Timestamp(milliseconds: Int64(recorded)), isActive: isActive)
    }
}

/// A subscription, and where in the journal it was made.
package struct RecordedSubscription: Hashable, Sendable {
    /// As it stands now.
    package let subscription: DocumentSubscription
    /// The entry that made it: what comes behind it is told.
    package let position: UInt64

    /// A subscription and the position of its first entry.
    package init(_ subscription: DocumentSubscription, position: UInt64) {
        self.subscription = subscription
        self.position = position
    }
}

import ConsentEngine
import ExchangeCore
import JSON

/// A directive that nobody has signed yet, on its way to another community that says what it would change there.
///
/// It is no statement and can never become one: it has no signature, and its route records nothing but that it was
/// asked. Like a statement it holds the Consent without any node's own patient id, and the patient's demographics.
package struct ConsentDraft: Sendable, Hashable {
    /// Somebody who might ask for the patient's documents.
    package struct Asker: Sendable, Hashable {
        /// For whom, as the URN of a community or an organisation's identifier.
        package let organization: String
        /// Behind which community's node.
        package let community: CommunityID
        /// In which role.
        package let role: String?
        /// What for, a code of v3-ActReason.
        package let purpose: String?

        /// What a request of theirs says of who asks.
        package init(_ context: AccessContext) {
            organization = context.organization
            community = context.community
            role = context.role
            purpose = context.purpose
        }

        fileprivate init?(_ json: JSONValue) {
            guard let organization = json["organization"]?.string, !organization.isEmpty,
                let community = json["community"]?.string.flatMap({ CommunityID($0) })
            else { return nil }
            self.organization = organization
            self.community = community
            role = json["role"]?.string
            purpose = json["purpose"]?.string
        }

        fileprivate var json: JSONValue {
            var object: JSONObject = ["organization": .string(organization), "community": .string(community.urn)]
            object["role"] = role.map { .string($0) }
            object["purpose"] = purpose.map { .string($0) }
            return .object(object)
        }
    }

    /// Askers in one draft at the most.
    package static let askersMax = 4096
    /// Bytes of one draft as JSON at the most.
    package static let bytesMax = 2 << 20

    /// The recorded directive whose next version it would be; nil for a new one.
    package let directive: DirectiveID?
    /// The FHIR Consent, without its patient.
    package let consent: JSONObject
    /// A FHIR Patient without id: whom the receiver's own index must know with certainty.
    package let subject: JSONObject
    /// Who is compared.
    package let askers: [Asker]

    /// A draft from its parts.
    package init(directive: DirectiveID?, consent: JSONObject, subject: JSONObject, askers: [Asker]) {
        self.directive = directive
        self.consent = consent
        self.subject = subject
        self.askers = askers
    }

    /// The body of `POST /consent-statements/preview`.
    package var json: JSONObject {
        var object: JSONObject = [
            "consent": .object(consent), "subject": .object(subject), "askers": .array(askers.map(\.json)),
        ]
        object["directive"] = directive.map { .string($0.description) }
        return object
    }

    /// Reads such a body; throws `.badRequest` naming the member that is wrong, `.tooLarge` for too many askers.
    package init(json: JSONObject) throws(ExchangeError) {
        guard let consent = json["consent"]?.object else { throw Self.fault("consent") }
        guard let subject = json["subject"]?.object else { throw Self.fault("subject") }
        guard case .array(let items)? = json["askers"] else { throw Self.fault("askers") }
        guard items.count <= Self.askersMax else {
            throw ExchangeError(.tooLarge, "at most \(Self.askersMax) askers can be compared", at: "askers")
        }
        var askers: [Asker] = []
        for item in items {
            guard let asker = Asker(item) else { throw Self.fault("askers") }
            askers.append(asker)
        }
        var directive: DirectiveID?
        if let given = json["directive"] {
            guard let id = given.string.flatMap({ DirectiveID($0) }) else { throw Self.fault("directive") }
            directive = id
        }
        self.init(directive: directive, consent: consent, subject: subject, askers: askers)
    }

    private static func fault(_ member: String) -> ExchangeError {
        ExchangeError(.badRequest, "this is no draft of a directive", at: member)
    }
}

/// What a draft would change at one community, in numbers: which documents they are is not said.
package struct ConsentPreview: Sendable, Hashable {
    /// What changes for one asker.
    package struct Change: Sendable, Hashable {
        /// Documents permitted after and not before.
        package let gained: Int
        /// Documents permitted before and not after.
        package let lost: Int
        /// How many are permitted after.
        package let permitted: Int

        /// A change from its numbers.
        package init(gained: Int, lost: Int, permitted: Int) {
            self.gained = gained
            self.lost = lost
            self.permitted = permitted
        }
    }

    /// Documents that were compared: those which the community that asks may be shown at present.
    package let documents: Int
    /// One for each asker of the draft, in its order.
    package let changes: [Change]

    /// A preview from its parts.
    package init(documents: Int, changes: [Change]) {
        self.documents = documents
        self.changes = changes
    }

    /// The answer to `POST /consent-statements/preview`.
    package var json: JSONObject {
        func number(_ value: Int) -> JSONValue { .number(String(value)) }
        return [
            "documents": number(documents),
            "changes": .array(changes.map { .array([number($0.gained), number($0.lost), number($0.permitted)]) }),
        ]
    }

    /// Reads such an answer; nil for anything else, and when it is not about `askers` askers.
    package init?(json: JSONObject, askers: Int) {
        guard let documents = json["documents"]?.integer, documents >= 0,
            case .array(let items)? = json["changes"], items.count == askers
        else { return nil }
        var changes: [Change] = []
        for item in items {
            let numbers = item.items.compactMap(\.integer)
            guard numbers.count == 3, numbers.allSatisfy({ (0...documents).contains($0) }) else { return nil }
            changes.append(Change(gained: numbers[0], lost: numbers[1], permitted: numbers[2]))
        }
        self.init(documents: documents, changes: changes)
    }
}

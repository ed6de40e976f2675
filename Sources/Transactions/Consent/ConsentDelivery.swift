import ExchangeCore
import JSON
import Trust

/// What one community did with one version of a directive recorded here, as its signed receipt says.
///
/// It is the payload of a `delivery` entry, sealed under the patient's key.
package struct ConsentDelivery: Hashable, Sendable {
    /// The directive.
    package let directive: DirectiveID
    /// Which version of it.
    package let version: Int
    /// Who received it.
    package let community: CommunityID
    /// What became of it there.
    package let outcome: StatementReceipt.Outcome
    /// When the receipt was signed, by that community's clock.
    package let signed: Timestamp
    /// From when it decides there, by that community's clock; for `.inForce` alone.
    package let since: Timestamp?
    /// Why it was refused, or what of it was not understood.
    package let reason: String?
    /// The receipt as it came, for anybody to check.
    package let receipt: String

    /// A delivery from a verified receipt.
    package init(directive: DirectiveID, version: Int, receipt: StatementReceipt, compact: String) {
        self.directive = directive
        self.version = version
        community = receipt.issuer
        outcome = receipt.outcome
        signed = receipt.issued
        since = receipt.since
        reason = receipt.reason
        self.receipt = compact
    }

    /// Whether the directive need not be offered there again soon.
    func settles(_ version: Int) -> Bool { self.version >= version && outcome == .inForce }

    /// Whether another receipt says the same.
    func saysSame(as other: ConsentDelivery) -> Bool {
        (version, outcome, since, reason) == (other.version, other.outcome, other.since, other.reason)
    }

    /// The canonical JSON that is sealed and hashed.
    package var payload: [UInt8] {
        var object: JSONObject = [
            "directive": .string(directive.description), "version": .number(String(version)),
            "community": .string(community.urn), "outcome": .string(outcome.rawValue),
            "signed": .number(String(signed.milliseconds)),
        ]
        object["since"] = since.map { .number(String($0.milliseconds)) }
        object["reason"] = reason.map { .string($0) }
        object["receipt"] = .string(receipt)
        return JSONWriter.bytes(.object(object))
    }

    /// Reads a payload back; `.corrupted` when it is not one.
    package init(payload: [UInt8]) throws(ExchangeError) {
        let json = try PayloadReading.json(payload)
        guard let directive = DirectiveID(try PayloadReading.text(json, "directive")),
            let community = CommunityID(try PayloadReading.text(json, "community")),
            let outcome = StatementReceipt.Outcome(rawValue: try PayloadReading.text(json, "outcome")),
            let version = json["version"]?.integer, let signed = json["signed"]?.integer
        else { throw PayloadReading.damaged("delivery") }
        self.directive = directive
        self.version = version
        self.community = community
        self.outcome = outcome
        self.signed = Timestamp(milliseconds: Int64(signed))
        since = json["since"]?.integer.map { Timestamp(milliseconds: Int64($0)) }
        reason = json["reason"]?.string
        receipt = try PayloadReading.text(json, "receipt")
    }
}

/// How a directive stands at one community: what `hie consent show` lists.
package struct ConsentStanding: Hashable, Sendable {
    /// The states of the list.
    package enum State: Hashable, Sendable {
        /// It decides there since then; what of it was not understood and so denies, if anything.
        case inForce(since: Timestamp, remark: String?)
        /// It has not arrived, or no receipt came back; why.
        case pending(String)
        /// It was not taken; why.
        case refused(String)
        /// Nobody there is certainly this patient.
        case none

        /// The state's stable word: `in-force`, `pending`, `refused`, `none`.
        package var word: String {
            switch self {
            case .inForce: "in-force"
            case .pending: "pending"
            case .refused: "refused"
            case .none: "none"
            }
        }
    }

    /// The community.
    package let community: CommunityID
    /// Its name, for people.
    package let name: String
    /// How the newest version stands there.
    package let state: State
    /// The version that decides there while the newest is pending; nil when none does.
    package let earlier: Int?
}

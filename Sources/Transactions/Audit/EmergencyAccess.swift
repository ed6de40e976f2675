import ExchangeCore

/// Emergency access ("break the glass"): purpose `BTG`, a stated reason, a mark in the entry and an alert.
///
/// Whether it opens anything is for the policy and the directives to say, like any other purpose. PCF names no way to
/// state the reason (its open issue 20): here it is a claim of the token, or a header of the request.
package enum EmergencyAccess {
    /// The purpose of use that declares an emergency (v3-ActReason).
    package static let purpose = "BTG"
    /// Bytes of a reason.
    package static let reasonBytes = 10...500
    /// Accesses of one user to one patient for one reason within this time of the first are one emergency.
    package static let lasts = Duration.seconds(4 * 3600)

    /// Whether a request declares an emergency.
    package static func isDeclared(_ context: AccessContext) -> Bool { context.purpose == purpose }

    /// A reason that says something: two words at least, of the right length, without control characters; else nil.
    package static func words(_ reason: String) -> String? {
        guard reasonBytes.contains(reason.utf8.count), reason.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }),
            reason.split(separator: " ").count >= 2
        else { return nil }
        return reason
    }

    /// Refuses an emergency without its reason, before anybody is looked up.
    static func demandReason(_ context: AccessContext) throws(ExchangeError) {
        guard isDeclared(context), context.reason.flatMap(words) == nil else { return }
        throw ExchangeError(
            .forbidden,
            "an emergency access says why, in \(reasonBytes.lowerBound) to \(reasonBytes.upperBound) bytes: the claim "
                + "concordat.emergency_reason of the token, or the header X-Emergency-Reason")
    }
}

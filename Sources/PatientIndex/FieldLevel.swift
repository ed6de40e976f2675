/// How alike two names are in one field, from best to worst; what each is worth stands in `MatchModel`.
package enum NameLevel: String, Sendable, CaseIterable {
    case exact, nickname, similar, initial
    /// The other's middle name, or a double name of which the second part is left out: EDMUND JAVIER and JAVIER.
    case compound
    /// First and middle name in each other's place: ETHAN PAUL and PAUL ETHAN.
    case reordered
    /// Another name by custom: HOANG at home, JASON at work.
    case alias
    case partial, swapped, resembling, unlike, missing
}

/// How alike two birth dates are.
package enum DateLevel: String, Sendable, CaseIterable {
    case exact
    case oneEdit = "one-edit"
    case twoEdits = "two-edits"
    case sameYear = "same-year"
    case unlike, consistent, missing
}

/// Whether a field says the same.
package enum Agreement: String, Sendable, CaseIterable { case same, close, different, missing }

/// How alike social security numbers are.
package enum SocialSecurityLevel: String, Sendable, CaseIterable {
    case same
    case lastFour = "last-four"
    /// One slip apart in a digit that tells families apart, so no twin's next number.
    case slip
    /// The last four digits but for one slip: says little, and is no conflict.
    case lastFourClose = "last-four-close"
    case close, different, missing
}

/// What two registrations share of a household.
package struct HouseholdLevel: Sendable, Hashable {
    var phone = false
    var email = false
    var address = false
    var insurance = false
    var postalCode = false
    var city = false
    /// Whether there was anything to compare.
    var isComparable = false

    /// Telephone, e-mail, street address and insurance family in common.
    var items: Int { (phone ? 1 : 0) + (email ? 1 : 0) + (address ? 1 : 0) + (insurance ? 1 : 0) }

    var name: String {
        if items > 0 {
            return [
                phone ? "phone" : nil, email ? "email" : nil, address ? "address" : nil,
                insurance ? "insurance" : nil,
            ].compactMap(\.self).joined(separator: "+")
        }
        if postalCode { return "postal-code" }
        if city { return "city" }
        return isComparable ? "none" : "missing"
    }
}

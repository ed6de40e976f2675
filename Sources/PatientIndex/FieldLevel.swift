/// How alike two registrations are in one field, from best to worst; what each is worth stands in `FellegiSunter`.
enum NameLevel: String, Sendable {
    case exact, nickname, similar, initial, partial, resembling, swapped, unlike, missing
}

/// How alike two birth dates are.
enum DateLevel: String, Sendable {
    case exact
    case oneEdit = "one-edit"
    case twoEdits = "two-edits"
    case sameYear = "same-year"
    case unlike, consistent, missing
}

/// Whether a field says the same.
enum Agreement: String, Sendable { case same, close, different, missing }

/// What two registrations share of a household.
struct HouseholdLevel: Sendable {
    let phone: Bool
    let email: Bool
    let address: Bool
    let postalCode: Bool
    let city: Bool
    /// Whether there was anything to compare.
    let isComparable: Bool

    /// Telephone, e-mail and street address in common.
    var items: Int { (phone ? 1 : 0) + (email ? 1 : 0) + (address ? 1 : 0) }

    var name: String {
        if items > 0 {
            return [phone ? "phone" : nil, email ? "email" : nil, address ? "address" : nil].compactMap(\.self)
                .joined(separator: "+")
        }
        if postalCode { return "postal-code" }
        if city { return "city" }
        return isComparable ? "none" : "missing"
    }
}

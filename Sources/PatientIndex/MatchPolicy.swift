/// What a score alone may not do: join two registrations without evidence about the individual (patient-matching.md
/// 6.5).
///
/// Families share names, birth dates (twins), telephones and addresses; a score that multiplies them links relatives.
package struct MatchPolicy: Sendable {
    /// The score from which on a match is probable, and certain if the evidence passes; thousandths of a bit.
    package var certainMillibits: Int
    /// The score from which on a match is possible.
    package var possibleMillibits: Int
    /// How far the next person must be behind, unless shown to be the same.
    package var lead: Int
    /// People who could be meant, for the prior; 5 million is a catchment, whatever is registered here.
    package var peopleAtRisk: Int

    /// Name and birth date alone, or with a postal code, are never certain.
    package static let strict = MatchPolicy(
        certainMillibits: 6_000, possibleMillibits: 0, lead: 8_000, peopleAtRisk: 5_000_000)

    /// -log2 of one in so many, in thousandths of a bit, rounded up to the next power of two and so never too
    /// hopeful.
    var priorMillibits: Int {
        var bits = 0
        while bits < 40, 1 << bits < peopleAtRisk { bits += 1 }
        return bits * 1000
    }

    /// Whether the evidence is enough for nobody to look at it; each line is a row of the table in
    /// patient-matching.md 6.5.
    func passes(_ comparison: PersonComparison) -> Bool {
        let hasIdentifier = comparison.sharedIdentifiers > 0
        guard !comparison.hasPlaceholderName, comparison.suffix != .different, comparison.single != .different else {
            return false
        }
        if comparison.socialSecurity == .different, comparison.single != .same { return false }
        let sameFirst = comparison.first == .exact || comparison.first == .nickname
        let noConflict = comparison.middle != .different && comparison.sex != .different
        switch comparison.birthDate {
        case .unlike, .sameYear: return comparison.sharedIdentifiers > 1 && sameFirst
        case .missing, .consistent, .twoEdits:
            // A question by identifier alone names nobody: the identifier then speaks for itself.
            let isBare = comparison.first == .missing && comparison.family == .missing && comparison.assigned == .same
            return hasIdentifier && (isBare || sameFirst && comparison.family != .unlike)
                && comparison.middle != .different
        case .oneEdit:
            if comparison.first == .unlike { return false }
            if hasIdentifier { return true }
            let hasContact =
                comparison.household.items > 0
                || comparison.household.postalCode && comparison.middle == .same
            return sameFirst && comparison.family != .unlike && hasContact && noConflict
        case .exact: return passesWithBirthDate(comparison, sameFirst: sameFirst, noConflict: noConflict)
        }
    }

    private func passesWithBirthDate(_ comparison: PersonComparison, sameFirst: Bool, noConflict: Bool) -> Bool {
        let hasIdentifier = comparison.sharedIdentifiers > 0
        switch comparison.first {
        case .unlike, .missing:
            return hasIdentifier && noConflict
                && (comparison.family == .exact || comparison.family == .partial || comparison.family == .missing)
        case .resembling, .initial, .partial:
            // The twin rule: JESSICA and JESSENIA of one birthday and one telephone.
            if comparison.household.items > 0, !hasIdentifier { return false }
        case .similar:
            if !hasIdentifier, comparison.socialSecurity != .missing { return false }
        case .exact, .nickname, .swapped: break
        }
        if !noConflict, !sameFirst { return false }
        if hasIdentifier || comparison.household.items > 0 { return true }
        return comparison.household.postalCode && comparison.middle == .same
    }
}

import ExchangeCore

/// What the demographics in a document say about the patient who is registered under its identifier: is it the same
/// person? Identifiers do not count: they are what is to be confirmed.
package struct PatientAgreement: Sendable, Hashable {
    /// A field of both, and how grave it is that they differ.
    package enum Difference: String, Sendable, CaseIterable {
        case placeholder, nothing, birthDate, nearBirthDate, firstName, familyName, likeName, suffix, sex, socialSecurity

        /// Whether it speaks for two persons rather than for a slip or a changed name.
        package var isGrave: Bool {
            switch self {
            case .birthDate, .firstName, .suffix, .socialSecurity: true
            case .placeholder, .nothing, .nearBirthDate, .familyName, .likeName, .sex: false
            }
        }
    }

    /// What differs, the gravest first; empty where all that both say agrees.
    package let differences: [Difference]

    /// Whether the document is more likely somebody else's.
    package var isOther: Bool { differences.contains(where: \.isGrave) || differences.count > 1 && speaksForTwo }

    /// Another family name and another sex together.
    private var speaksForTwo: Bool { differences.contains(.familyName) && differences.contains(.sex) }

    /// Compares a document's patient with every record of the person, who is known as whichever of them agrees best.
    package init(_ stated: Demographics, with registered: [Demographics], names: NameFrequencies = NameFrequencies()) {
        let evidence = PackedRecord(stated, identifiers: []).read { stated in
            var fold = EvidenceFold(stated, names: names)
            for record in registered { PackedRecord(record, identifiers: []).read { fold.add($0) } }
            return fold.finished()
        }
        differences = Self.differences(evidence).sorted { $0.isGrave && !$1.isGrave }
    }

    private static func differences(_ evidence: Evidence) -> [Difference] {
        guard !evidence.hasPlaceholderName else { return [.placeholder] }
        var found: [Difference] = []
        switch evidence.birthDate {
        case .unlike, .sameYear, .twoEdits: found.append(.birthDate)
        case .oneEdit: found.append(.nearBirthDate)
        case .exact, .consistent, .missing: break
        }
        switch evidence.first {
        // Siblings share birth dates and families, never both names.
        case .unlike: found.append(.firstName)
        case .resembling, .similar, .initial, .partial: found.append(.likeName)
        case .exact, .nickname, .compound, .reordered, .alias, .swapped, .missing: break
        }
        switch evidence.family {
        case .unlike: found.append(.familyName)
        case .resembling, .initial: if !found.contains(.likeName) { found.append(.likeName) }
        case .exact, .nickname, .similar, .compound, .reordered, .alias, .partial, .swapped, .missing: break
        }
        if evidence.suffix == .different { found.append(.suffix) }
        if evidence.sex == .different { found.append(.sex) }
        if evidence.socialSecurity == .different { found.append(.socialSecurity) }
        if found.isEmpty, evidence.birthDate == .missing || evidence.first == .missing && evidence.family == .missing {
            found.append(.nothing)
        }
        return found
    }
}

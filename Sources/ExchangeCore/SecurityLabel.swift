/// How confidential a document is (HL7 v3 Confidentiality), from least to most.
package enum Confidentiality: String, Sendable, Comparable, CaseIterable {
    case unrestricted = "U"
    case low = "L"
    case moderate = "M"
    case normal = "N"
    case restricted = "R"
    case veryRestricted = "V"

    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }

    private var rank: Int {
        switch self {
        case .unrestricted: 0
        case .low: 1
        case .moderate: 2
        case .normal: 3
        case .restricted: 4
        case .veryRestricted: 5
        }
    }
}

/// The security labels of one document: how confidential, and sensitive in which way.
package struct SecurityLabels: Hashable, Sendable {
    /// The confidentiality in force; a document that cannot be labelled is restricted, never normal.
    package let confidentiality: Confidentiality
    /// Sensitivity codes of v3-ActCode (ETH, PSY, HIV, ...), sorted.
    package let sensitivities: [String]

    /// Labels as given; sensitivities are sorted and made unique.
    package init(confidentiality: Confidentiality, sensitivities: [String] = []) {
        self.confidentiality = confidentiality
        self.sensitivities = Set(sensitivities).sorted()
    }

    /// Reads the labels from metadata: the highest confidentiality named, `restricted` when none is or one is unknown.
    package init(codes: [CodedValue]) {
        var highest: Confidentiality?
        var unknown = false
        var sensitivities: [String] = []
        for code in codes {
            if code.system == CodeSystems.confidentiality {
                guard let level = Confidentiality(rawValue: code.code) else {
                    unknown = true
                    continue
                }
                highest = max(highest ?? level, level)
            } else if code.system == CodeSystems.actCode {
                sensitivities.append(code.code)
            } else {
                unknown = true
            }
        }
        let stated = highest ?? .restricted
        // A sensitive document labelled merely normal would slip through "permit N" (ihe.md 6, the label trap).
        let doubtful = unknown || !sensitivities.isEmpty
        self.init(confidentiality: doubtful ? max(stated, .restricted) : stated, sensitivities: sensitivities)
    }
}

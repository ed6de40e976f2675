import ExchangeCore

/// What a community does when no directive speaks: IHE PCF's implicit policies, known by their URIs.
package enum ConsentPolicyDefault: String, Sendable, CaseIterable {
    /// Nothing without the patient's permission.
    case deny = "https://profiles.ihe.net/ITI/PCF/Policy-deny"
    /// Normal documents for treatment, payment and operations.
    case basicNormal = "https://profiles.ihe.net/ITI/PCF/Policy-basic-normal"
    /// Normal documents for any stated purpose.
    case allNormal = "https://profiles.ihe.net/ITI/PCF/Policy-all-normal"
    /// Only for a declared emergency.
    case breakGlassOnly = "https://profiles.ihe.net/ITI/PCF/Policy-break-glass-only"

    /// Deny unless permitted: `Policy-deny`.
    package static let optIn = Self.deny
    /// Permit normal documents for the basic purposes unless denied: `Policy-basic-normal`.
    package static let optOut = Self.basicNormal

    /// Reads `opt-in`, `opt-out`, a policy's last part such as `basic-normal`, or its whole URI; nil for anything
    /// else.
    package init?(name: String) {
        switch name {
        case "opt-in": self = .optIn
        case "opt-out": self = .optOut
        default:
            guard let policy = Self(rawValue: name) ?? Self(rawValue: Self.prefix + name) else { return nil }
            self = policy
        }
    }

    static let prefix = "https://profiles.ihe.net/ITI/PCF/Policy-"
}

extension ConsentPolicyDefault {
    /// The last part of the URI, such as `basic-normal`.
    var name: String { String(rawValue.dropFirst(Self.prefix.count)) }

    /// Whether the default alone lets a document go.
    func permits(purpose: String, labels: SecurityLabels) -> Bool {
        switch self {
        case .deny: false
        case .basicNormal:
            labels.confidentiality <= .normal
                && (same("TREAT", purpose) || same("HPAYMT", purpose) || same("HOPERAT", purpose))
        case .allNormal: labels.confidentiality <= .normal
        case .breakGlassOnly: same(purpose, "BTG")
        }
    }
}

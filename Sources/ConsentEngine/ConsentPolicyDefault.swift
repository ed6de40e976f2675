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

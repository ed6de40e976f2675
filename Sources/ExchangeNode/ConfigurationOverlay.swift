import Foundation

/// Values that stand before those of `node.yaml`: of the environment, and of flags before these.
///
/// `limits.request-bytes` is `HIE_LIMITS_REQUEST_BYTES` in the environment and `--set limits.request-bytes=VALUE` as a flag; a
/// list is written with commas. What lies within a list (a feed, an issuer) stands in the file alone. Secrets are files.
package struct ConfigurationOverlay: Sendable, Equatable {
    /// Where a value in force was stated.
    package enum Origin: String, Sendable {
        /// `--set`.
        case flag
        /// `HIE_...`.
        case environment
        /// The file.
        case file = "node.yaml"
        /// Nowhere.
        case builtIn = "default"
    }

    /// Values of flags, by key.
    package let flags: [String: String]
    /// The process's environment; only what begins with `HIE_` counts.
    package let environment: [String: String]

    /// Nothing before the file.
    package static let none = ConfigurationOverlay()

    /// An overlay from its two layers.
    package init(flags: [String: String] = [:], environment: [String: String] = [:]) {
        self.flags = flags
        self.environment = environment.filter { $0.key.hasPrefix("HIE_") && !$0.value.isEmpty }
    }

    /// The environment's name of a key.
    package static func variable(_ key: String) -> String {
        "HIE_" + String(decoding: key.utf8.map { byte in
            switch byte {
            case 0x61...0x7A: byte - 0x20
            case 0x30...0x39, 0x41...0x5A: byte
            default: UInt8(ascii: "_")
            }
        }, as: UTF8.self)
    }

    /// What stands before the file for a key; nil when nothing does.
    func value(_ key: String) -> (text: String, origin: Origin)? {
        if let text = flags[key] { return (text, .flag) }
        return environment[Self.variable(key)].map { ($0, .environment) }
    }

    /// Whether anything stands before the file below a section.
    func holds(below section: String) -> Bool {
        flags.keys.contains { $0.hasPrefix(section + ".") }
            || environment.keys.contains { $0.hasPrefix(Self.variable(section) + "_") }
    }
}

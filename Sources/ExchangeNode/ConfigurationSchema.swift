import ExchangeCore
import JSON
import Transactions

/// One key of `node.yaml`, for people and for editors (`hie config schema`).
package struct ConfigurationKey: Sendable {
    /// What may stand there.
    package enum Form: Sendable {
        /// A text.
        case text
        /// `HOST:PORT`.
        case address
        /// true or false.
        case flag
        /// A whole number within bounds.
        case integer(ClosedRange<Int>)
        /// One of these words.
        case choice([String])
        /// A list of texts.
        case list
    }

    /// Its name with those of its sections before; `[]` stands for each row of a list: `feeds[].name`.
    package let name: String
    /// What may stand there.
    package let form: Form
    /// What it means.
    package let meaning: String
    /// Whether it must be there.
    package let isRequired: Bool
    /// Whether a running node takes it up on `hie config reload`; others wait until it opens itself anew.
    package let isReloadable: Bool

    init(_ name: String, _ form: Form, _ meaning: String, isRequired: Bool = false, isReloadable: Bool = false) {
        self.name = name
        self.form = form
        self.meaning = meaning
        self.isRequired = isRequired
        self.isReloadable = isReloadable
    }

    /// Its name in the environment; nil within a list.
    package var variable: String? { name.utf8.contains(UInt8(ascii: "[")) ? nil : ConfigurationOverlay.variable(name) }

    /// The form in words.
    package var formText: String {
        switch form {
        case .text: "text"
        case .address: "host:port"
        case .flag: "true | false"
        case .integer(let range): "\(range.lowerBound)...\(range.upperBound)"
        case .choice(let words): words.joined(separator: " | ")
        case .list: "list"
        }
    }
}

/// Every key of `node.yaml`.
package enum ConfigurationSchema {
    /// In the order of the file.
    package static let keys: [ConfigurationKey] = node + TreatingKeys.schema + issuers + RoleKeys.schema + PinnedListeners.schema
        + alerts + retention + repository + TraceSettings.schema + AdministratorKeys.schema + feeds + ReceiverKeys.schema
        + SubscriptionSettings.schema + AskerKeys.schema
        + LimitKeys.all.map { ConfigurationKey("limits." + $0.name, .integer($0.range), $0.meaning) }

    private static let node: [ConfigurationKey] = [
        ConfigurationKey("name", .text, "the facility's name", isRequired: true),
        ConfigurationKey("community", .text, "the community the node speaks for, an OID", isRequired: true),
        ConfigurationKey("clients", .address, "where the facility's own systems connect", isRequired: true),
        ConfigurationKey("peers", .address, "where other facilities connect", isRequired: true),
        ConfigurationKey("health", .address, "where supervisors on this machine ask; nowhere when not stated"),
        ConfigurationKey("client-base", .text, "the FHIR base URL clients use; by default from clients"),
        ConfigurationKey("peer-base", .text, "the FHIR base URL peers use; by default from peers"),
        ConfigurationKey("peer-also", .list, "at most three further FHIR base URLs, the preferred first"),
        ConfigurationKey(
            "consent", .choice(["opt-in", "opt-out", "basic-normal", "all-normal", "break-glass-only", "deny"]),
            "what holds for patients who have said nothing", isRequired: true),
        ConfigurationKey("withheld-notice", .flag, "whether every list says that something may be withheld"),
        ConfigurationKey("sensitivity", .text, "a sensitivity table of one's own; the standard one when not stated"),
        ConfigurationKey("seeds", .list, "peers to ask first, host:port"),
        ConfigurationKey("admissions", .list, "admission files to take in at every start", isReloadable: true),
        ConfigurationKey("log", .choice(NodeConfiguration.logLevels), "the least important line that is written", isReloadable: true),
    ]

    private static let issuers = [
        ConfigurationKey("issuers[].iss", .text, "a token issuer, as its tokens name it", isRequired: true, isReloadable: true),
        ConfigurationKey("issuers[].key", .text, "its P-256 public key, a PEM file", isReloadable: true),
        ConfigurationKey("issuers[].jwks", .text, "or its key set, a file (RFC 7517)", isReloadable: true),
        ConfigurationKey("issuers[].jwks-url", .text, "or its key set's https URL"),
        ConfigurationKey("issuers[].jwks-authority", .text, "PEM file of the authority of that URL's server"),
        ConfigurationKey("systems[].client", .text, "a system that gets tokens by itself", isRequired: true, isReloadable: true),
        ConfigurationKey("systems[].jwks", .text, "its key set, a file (RFC 7517)", isRequired: true, isReloadable: true),
        ConfigurationKey("systems[].role", .text, "the role of its tokens", isRequired: true, isReloadable: true),
        ConfigurationKey("systems[].purpose", .text, "their purpose of use; HOPERAT when not stated", isReloadable: true),
        ConfigurationKey("systems[].scopes", .list, "what it may ask for: system/Patient.rs", isRequired: true, isReloadable: true),
    ]

    private static let alerts = [ConfigurationKey("alerts.on", .flag, "whether accesses are watched")]
        + AlertKeys.keys.map { ConfigurationKey("alerts." + $0.name, .integer($0.range), "when an access is worth a look") }
        + [
            ConfigurationKey("alerts.night-roles", .list, "roles that work at night"),
            ConfigurationKey("alerts.staff[].user", .text, "a member of staff", isRequired: true),
            ConfigurationKey("alerts.staff[].family", .text, "the family name"),
            ConfigurationKey("alerts.staff[].identifiers", .list, "the own patient numbers"),
        ]

    private static let retention = [
        ConfigurationKey("retention.majority-age", .integer(14...25), "the age of majority"),
        ConfigurationKey("retention.rules[].code", .text, "a document's type; any when not stated"),
        ConfigurationKey("retention.rules[].jurisdiction", .text, "whose law", isRequired: true),
        ConfigurationKey("retention.rules[].years", .integer(0...200), "years after the last care", isRequired: true),
        ConfigurationKey("retention.rules[].years-after-majority", .integer(0...100), "years after the majority"),
    ]

    private static let repository = [
        ConfigurationKey("audit-repository.url", .text, "where every audit event goes, too (ITI-20)"),
        ConfigurationKey("audit-repository.authority", .text, "PEM file of its authority"),
        ConfigurationKey("audit-repository.certificate", .text, "PEM file of what this node shows"),
        ConfigurationKey("audit-repository.key", .text, "the key to it"),
        ConfigurationKey("audit-repository.token", .text, "a file with a bearer token"),
    ]

    private static let feeds = [
        ConfigurationKey("feeds[].name", .text, "the feed's name", isRequired: true),
        ConfigurationKey("feeds[].listen", .address, "its port", isRequired: true),
        ConfigurationKey("feeds[].clients", .list, "certificates that may send"),
        ConfigurationKey("feeds[].in-clear", .flag, "without TLS, on this machine alone"),
        ConfigurationKey("feeds[].messages", .list, "ADT, MDM, ORU, VXU"),
        ConfigurationKey("feeds[].sequence", .flag, "messages are counted (MSH-13)"),
        ConfigurationKey("feeds[].processing", .list, "P, T, D (MSH-11)"),
        ConfigurationKey("feeds[].character-set", .text, "where MSH-18 says nothing"),
        ConfigurationKey("feeds[].confidentiality", .choice(["U", "L", "M", "N", "R", "V"]), "of documents that do not say"),
        ConfigurationKey("feeds[].authorities[].name", .text, "an assigning authority, as the sender writes it"),
        ConfigurationKey("feeds[].authorities[].system", .text, "and as the exchange knows it", isRequired: true),
        ConfigurationKey("feeds[].otherwise", .text, "whose the identifiers are that name no authority"),
    ] + FeedKeys.keys.map { ConfigurationKey("feeds[]." + $0.name, .integer($0.range), "a limit of the feed") }

    /// The names of `HIE_...` in an environment that no key and no command knows: perhaps misspelt.
    package static func unknownVariables(of environment: [String: String]) -> [String] {
        let known = Set(keys.compactMap(\.variable)).union(commandVariables)
        return environment.keys.filter { $0.hasPrefix("HIE_") && !known.contains($0) }.sorted()
    }

    /// What commands read from the environment, beside a node's configuration.
    private static let commandVariables: Set<String> = [
        "HIE_HOME", "HIE_AS", "HIE_SERVER", "HIE_CACERT", "HIE_CERT", "HIE_KEY", "HIE_TOKEN_FILE", "HIE_TERMINOLOGY",
        "HIE_SOCKET", "HIE_CONTEXT",
    ]
}

extension ConfigurationSchema {
    /// The file as a JSON Schema (draft 2020-12), which editors check YAML by.
    package static var json: JSONValue {
        var root = Object()
        for key in keys { root.add(key, below: key.name.split(separator: ".").map(String.init)[...]) }
        var object = root.json.object ?? [:]
        object["$schema"] = "https://json-schema.org/draft/2020-12/schema"
        object["title"] = "node.yaml of a Concordat node"
        return .object(object)
    }

    private struct Object {
        private var names: [String] = []
        private var leaves: [String: ConfigurationKey] = [:]
        private var nested: [String: Object] = [:]
        private var lists: Set<String> = []
        private var required: [String] = []

        mutating func add(_ key: ConfigurationKey, below path: ArraySlice<String>) {
            guard let first = path.first else { return }
            let isList = first.hasSuffix("[]")
            let name = isList ? String(first.dropLast(2)) : first
            if !names.contains(name) { names.append(name) }
            guard path.count > 1 else {
                leaves[name] = key
                if key.isRequired { required.append(name) }
                return
            }
            if isList { lists.insert(name) }
            nested[name, default: Object()].add(key, below: path.dropFirst())
        }

        var json: JSONValue {
            var properties = JSONObject()
            for name in names {
                if let leaf = leaves[name] {
                    properties[name] = Self.form(leaf)
                } else if let object = nested[name] {
                    properties[name] = lists.contains(name) ? ["type": "array", "items": object.json] : object.json
                }
            }
            var object: JSONObject = ["type": "object", "properties": .object(properties), "additionalProperties": false]
            if !required.isEmpty { object["required"] = .array(required.map { .string($0) }) }
            return .object(object)
        }

        private static func form(_ key: ConfigurationKey) -> JSONValue {
            var object: JSONObject = switch key.form {
            case .text, .address: ["type": "string"]
            case .flag: ["type": "boolean"]
            case .integer(let range):
                [
                    "type": "integer", "minimum": .number(String(range.lowerBound)),
                    "maximum": .number(String(range.upperBound)),
                ]
            case .choice(let words): ["enum": .array(words.map { .string($0) })]
            case .list: ["type": "array", "items": ["type": "string"]]
            }
            object["description"] = .string(key.meaning)
            return .object(object)
        }
    }
}

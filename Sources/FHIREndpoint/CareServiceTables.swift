import JSON
import Transactions

/// The search parameters and includes of mCSD's types (mCSD 4.0, ITI-90), in tables that search and CapabilityStatement read.
enum CareServiceTables {
    /// A reference that may be followed, either way.
    struct Inclusion: Sendable {
        /// `Source:parameter`.
        let name: String
        let values: @Sendable (JSONObject) -> [JSONValue]
    }

    private typealias Parameter = CareServiceSearch.Parameter
    private static let hl7 = "http://hl7.org/fhir/SearchParameter/"

    /// A type's own parameters; `_id` and `_lastUpdated` stand beside them for all.
    static func parameters(of type: CareServiceType) -> [CareServiceSearch.Parameter] { table[type] ?? [] }

    /// Every parameter of a type as the CapabilityStatement lists it.
    static func criteria(of type: CareServiceType) -> [(name: String, kind: SearchParameter.Kind, definition: String?)] {
        [("_id", .token, hl7 + "Resource-id"), ("_lastUpdated", .date, hl7 + "Resource-lastUpdated")]
            + parameters(of: type).map { ($0.name, $0.kind, $0.definition) }
    }

    /// What `_include` may name in a search for a type.
    static func forward(of type: CareServiceType) -> [String] { (includes[type] ?? []).map(\.name) }

    /// What `_revinclude` may name in a search for a type.
    static func reverse(of type: CareServiceType) -> [String] {
        switch type {
        case .organization:
            [
                "Endpoint:organization", "Location:organization", "OrganizationAffiliation:participating-organization",
                "OrganizationAffiliation:primary-organization",
            ]
        case .endpoint: ["Location:endpoint", "Organization:endpoint", "OrganizationAffiliation:endpoint"]
        case .affiliation, .location: []
        }
    }

    private static let table: [CareServiceType: [CareServiceSearch.Parameter]] = [
        .organization: [
            Parameter(name: "active", kind: .token, definition: hl7 + "Organization-active") { Self.of($0["active"]) },
            identifier("Organization"), name("Organization"),
            Parameter(name: "partof", kind: .reference, definition: hl7 + "Organization-partof") {
                Self.of($0["partOf"]?["reference"])
            },
            codes("type", "Organization", "type"),
        ],
        .endpoint: [
            identifier("Endpoint"),
            Parameter(name: "organization", kind: .reference, definition: hl7 + "Endpoint-organization") {
                Self.of($0["managingOrganization"]?["reference"])
            },
            Parameter(name: "status", kind: .token, definition: hl7 + "Endpoint-status") { Self.of($0["status"]) },
        ],
        .affiliation: [
            Parameter(name: "active", kind: .token, definition: hl7 + "OrganizationAffiliation-active") {
                Self.of($0["active"])
            },
            Parameter(name: "date", kind: .date, definition: hl7 + "OrganizationAffiliation-date") {
                Self.of($0["period"]?["start"]) + Self.of($0["period"]?["end"])
            },
            identifier("OrganizationAffiliation"),
            Parameter(
                name: "participating-organization", kind: .reference,
                definition: hl7 + "OrganizationAffiliation-participating-organization"
            ) { Self.of($0["participatingOrganization"]?["reference"]) },
            Parameter(
                name: "primary-organization", kind: .reference,
                definition: hl7 + "OrganizationAffiliation-primary-organization"
            ) { Self.of($0["organization"]?["reference"]) },
            codes("role", "OrganizationAffiliation", "code"),
        ],
        .location: [
            identifier("Location"), name("Location"),
            Parameter(name: "organization", kind: .reference, definition: hl7 + "Location-organization") {
                Self.of($0["managingOrganization"]?["reference"])
            },
            Parameter(name: "partof", kind: .reference, definition: hl7 + "Location-partof") {
                Self.of($0["partOf"]?["reference"])
            },
            Parameter(name: "status", kind: .token, definition: hl7 + "Location-status") { Self.of($0["status"]) },
            codes("type", "Location", "type"),
        ],
    ]

    /// The references of each type.
    static let includes: [CareServiceType: [Inclusion]] = [
        .organization: [
            Inclusion(name: "Organization:endpoint", values: endpoints),
        ],
        .endpoint: [
            Inclusion(name: "Endpoint:organization") { Self.of($0["managingOrganization"]?["reference"]) },
        ],
        .affiliation: [
            Inclusion(name: "OrganizationAffiliation:endpoint", values: endpoints),
            Inclusion(name: "OrganizationAffiliation:participating-organization") {
                Self.of($0["participatingOrganization"]?["reference"])
            },
            Inclusion(name: "OrganizationAffiliation:primary-organization") { Self.of($0["organization"]?["reference"]) },
        ],
        .location: [
            Inclusion(name: "Location:endpoint", values: endpoints),
            Inclusion(name: "Location:organization") { Self.of($0["managingOrganization"]?["reference"]) },
        ],
    ]

    private static let endpoints: @Sendable (JSONObject) -> [JSONValue] = { resource in
        (resource["endpoint"]?.items ?? []).compactMap { $0["reference"] }
    }

    private static func of(_ value: JSONValue?) -> [JSONValue] { value.map { [$0] } ?? [] }

    private static func identifier(_ type: String) -> CareServiceSearch.Parameter {
        Parameter(name: "identifier", kind: .token, definition: hl7 + "\(type)-identifier") {
            $0["identifier"]?.items ?? []
        }
    }

    private static func name(_ type: String) -> CareServiceSearch.Parameter {
        Parameter(name: "name", kind: .string, definition: hl7 + "\(type)-name") {
            Self.of($0["name"]) + ($0["alias"]?.items ?? [])
        }
    }

    private static func codes(_ name: String, _ type: String, _ member: String) -> CareServiceSearch.Parameter {
        Parameter(name: name, kind: .token, definition: hl7 + "\(type)-\(name)") { resource in
            (resource[member]?.items ?? []).flatMap { $0["coding"]?.items ?? [] }
        }
    }
}

import ExchangeCore
import JSON

/// Where a directive was recorded when that was not here: it came as a signed statement and follows the patient.
package struct ConsentOrigin: Hashable, Sendable {
    /// The community that recorded it, and alone can change it.
    package let community: CommunityID
    /// Its id there.
    package let directive: DirectiveID
    /// Its version there; a lower one never overrides it.
    package let version: Int

    /// An origin from its parts.
    package init(community: CommunityID, directive: DirectiveID, version: Int) {
        self.community = community
        self.directive = directive
        self.version = version
    }

    /// The extension of a stored Consent that says so; ours. What anybody else sends under this name is dropped.
    package static let url = "https://concordat.example/fhir/StructureDefinition/consent-origin"

    /// As that extension.
    package var json: JSONValue {
        [
            "url": .string(Self.url),
            "extension": [
                ["url": "community", "valueUri": .string(community.urn)],
                ["url": "directive", "valueId": .string(directive.description)],
                ["url": "version", "valuePositiveInt": .number(String(version))],
            ],
        ]
    }

    /// The origin a stored Consent names; nil for a directive that was recorded here.
    package init?(of consent: JSONObject) {
        guard let found = consent["extension"]?.items.first(where: { $0["url"]?.string == Self.url }) else { return nil }
        func part(_ name: String) -> JSONValue? {
            found["extension"]?.items.first { $0["url"]?.string == name }
        }
        guard let community = part("community")?["valueUri"]?.string.flatMap({ CommunityID($0) }),
            let directive = part("directive")?["valueId"]?.string.flatMap({ DirectiveID($0) }),
            let version = part("version")?["valuePositiveInt"]?.integer, version > 0
        else { return nil }
        self.init(community: community, directive: directive, version: version)
    }
}

import ExchangeCore
import GossipDirectory
import JSON
import Trust

/// A community of the directory as FHIR resources of mCSD: a facility's Organization and Location, its part in the network
/// (OrganizationAffiliation), and where it answers (Endpoint).
///
/// From admission and record alone: whether a node answers just now is this node's own observation and changes nothing here.
struct CareServiceRendering {
    private static let mCSD = "https://profiles.ihe.net/ITI/mCSD/"
    private static let types = mCSD + "CodeSystem/IHE.mCSD.Organization.Location.Types"

    /// The network: the thumbprint of its founding authority's key.
    let network: Thumbprint

    /// The network's own Organization id.
    var networkID: String { "network-" + Hexadecimal.encode(Array(network.bytes.prefix(16))) }

    /// The network as an Organization: the primary one of every affiliation.
    var networkOrganization: JSONObject {
        [
            "resourceType": "Organization", "id": .string(networkID),
            "identifier": [["system": "urn:concordat:network", "value": .string(network.text)]], "active": true,
            "type": [Self.concept("http://terminology.hl7.org/CodeSystem/organization-type", "other")],
            "name": .string("Concordat network \(network.text.prefix(8))"),
        ]
    }

    /// The id of one of a community's endpoints, by its place in the record: it stays when the address changes.
    static func endpointID(_ community: CommunityID, _ place: Int) -> String {
        let hash = Thumbprint(of: "Endpoint \(community.urn) fhir".utf8)
        return Hexadecimal.encode(Array(hash.bytes.prefix(16))) + "-\(place)"
    }

    /// Everything of one community, by type and id.
    func resources(_ row: DirectoryCommunity) -> [(type: CareServiceType, id: String, resource: JSONObject)] {
        guard row.admission != nil else { return [] }
        let oid = row.community.oid.dotted
        let addresses = row.endpoints("fhir")
        let endpoints = addresses.indices.map { Self.endpointID(row.community, $0) }
        var rows: [(type: CareServiceType, id: String, resource: JSONObject)] = [
            (.organization, oid, organization(row, endpoints)), (.location, oid, location(row, endpoints)),
            (.affiliation, oid, affiliation(row, endpoints)),
        ]
        for (id, address) in zip(endpoints, addresses) {
            rows.append((.endpoint, id, endpoint(row, id, address)))
        }
        return rows
    }

    /// Whether the authority lets it take part and it has not left.
    private static func isActive(_ row: DirectoryCommunity) -> Bool {
        switch row.standing {
        case .active, .silent, .stale, .maintenance, .quarantined: true
        case .retired, .unadmitted, .revoked, .blocked: false
        }
    }

    private func organization(_ row: DirectoryCommunity, _ endpoints: [String]) -> JSONObject {
        var identifiers: [JSONValue] = [
            [
                "type": Self.concept(Self.mCSD + "CodeSystem/MCSDOrganizationIdentifierTypes", "HCID"),
                "system": "urn:ietf:rfc:3986", "value": .string(row.community.urn),
            ],
        ]
        for identifier in row.record?.statement.profile.identifiers ?? [] where identifier != row.community.oid {
            identifiers.append(["system": "urn:ietf:rfc:3986", "value": .string(identifier.urn)])
        }
        var resource: JSONObject = [
            "resourceType": "Organization", "id": .string(row.community.oid.dotted),
            "meta": ["profile": [.string(Self.mCSD + "StructureDefinition/IHE.mCSD.FacilityOrganization")]],
            "identifier": .array(identifiers), "active": .bool(Self.isActive(row)),
            "type": [Self.concept(Self.types, "facility")], "name": .string(row.name),
        ]
        if let admitted = row.admission?.grant.organization, admitted != row.name {
            resource["alias"] = [.string(admitted)]
        }
        if !endpoints.isEmpty { resource["endpoint"] = Self.references(endpoints) }
        return resource
    }

    private func location(_ row: DirectoryCommunity, _ endpoints: [String]) -> JSONObject {
        let status = Self.isActive(row) ? (row.standing == .maintenance ? "suspended" : "active") : "inactive"
        var resource: JSONObject = [
            "resourceType": "Location", "id": .string(row.community.oid.dotted),
            "meta": ["profile": [.string(Self.mCSD + "StructureDefinition/IHE.mCSD.FacilityLocation")]],
            "identifier": [["system": "urn:ietf:rfc:3986", "value": .string(row.community.urn)]],
            "status": .string(status), "name": .string(row.name), "mode": "instance",
            "type": [Self.concept(Self.types, "facility")],
            "physicalType": Self.concept("http://terminology.hl7.org/CodeSystem/location-physical-type", "si"),
            "managingOrganization": ["reference": .string("Organization/\(row.community.oid.dotted)")],
        ]
        if !endpoints.isEmpty { resource["endpoint"] = Self.references(endpoints) }
        return resource
    }

    private func affiliation(_ row: DirectoryCommunity, _ endpoints: [String]) -> JSONObject {
        var resource: JSONObject = [
            "resourceType": "OrganizationAffiliation", "id": .string(row.community.oid.dotted),
            "identifier": [["system": "urn:ietf:rfc:3986", "value": .string(row.community.urn)]],
            "active": .bool(Self.isActive(row)),
        ]
        if let grant = row.admission?.grant {
            resource["period"] = ["start": .string(grant.notBefore.description), "end": .string(grant.expires.description)]
        }
        resource["organization"] = ["reference": .string("Organization/\(networkID)")]
        resource["participatingOrganization"] = ["reference": .string("Organization/\(row.community.oid.dotted)")]
        resource["code"] = [Self.concept("http://terminology.hl7.org/CodeSystem/organization-role", "member")]
        if !endpoints.isEmpty { resource["endpoint"] = Self.references(endpoints) }
        return resource
    }

    private func endpoint(_ row: DirectoryCommunity, _ id: String, _ address: EndpointURL) -> JSONObject {
        [
            "resourceType": "Endpoint", "id": .string(id),
            "identifier": [
                [
                    "type": Self.concept("urn:ihe:iti:xca:2010", "homeCommunityId"), "system": "urn:ietf:rfc:3986",
                    "value": .string(row.community.urn),
                ],
            ],
            "status": .string(Self.status(row)),
            // No code of mCSD's says "MHD Document Responder" (ihe.md 9.7).
            "connectionType": ["system": .string(Self.mCSD + "CodeSystem/MCSDEndpointTypes"), "code": "ihe-mhd"],
            "managingOrganization": ["reference": .string("Organization/\(row.community.oid.dotted)")],
            "payloadType": [Self.concept("http://terminology.hl7.org/CodeSystem/endpoint-payload-type", "any")],
            "payloadMimeType": ["application/fhir+json"], "address": .string(address.description),
        ]
    }

    /// What the owner says of itself, and what its admission and the clock make of that.
    private static func status(_ row: DirectoryCommunity) -> String {
        switch row.standing {
        case .active: "active"
        case .maintenance: "suspended"
        case .quarantined: "error"
        case .silent, .stale, .retired, .unadmitted, .revoked, .blocked: "off"
        }
    }

    private static func concept(_ system: String, _ code: String) -> JSONValue {
        ["coding": [["system": .string(system), "code": .string(code)]]]
    }

    private static func references(_ endpoints: [String]) -> JSONValue {
        .array(endpoints.map { ["reference": .string("Endpoint/\($0)")] })
    }
}

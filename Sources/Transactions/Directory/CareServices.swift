import ExchangeCore
import GossipDirectory
import JSON
import Synchronization
import Trust

/// The FHIR types the directory is served as (mCSD).
package enum CareServiceType: String, CaseIterable, Sendable {
    /// A facility, or the network.
    case organization = "Organization"
    /// Where a facility answers.
    case endpoint = "Endpoint"
    /// A facility's part in the network.
    case affiliation = "OrganizationAffiliation"
    /// The facility as a place.
    case location = "Location"
}

/// One resource of the directory in its newest version.
package struct CareService: Hashable, Sendable {
    /// Its type.
    package let type: CareServiceType
    /// Its FHIR id.
    package let id: String
    /// The resource with its `meta`; nil for one that is there no longer.
    package let resource: JSONObject?
    /// Names the version: a hash of what it says.
    package let version: String
    /// When this node noticed that it had changed; never before the node's start.
    package let updated: Timestamp

    /// `Type/id`.
    package var reference: String { "\(type.rawValue)/\(id)" }
}

/// The directory as mCSD resources with the time each last changed here (ITI-90, ITI-91).
///
/// What changed is noticed when somebody asks: nobody can have asked in between. The times begin anew with the node, so
/// that whoever asks for changes since before gets everything once, and never too little.
package final class CareServices: Sendable {
    private struct State {
        var begun: Timestamp?
        var services: [String: CareService] = [:]
        /// What each community looked like when its resources were rendered.
        var faces: [CommunityID: String] = [:]
        var owned: [CommunityID: Set<String>] = [:]
        var communities: [CommunityID] = []
    }

    private let state = Mutex(State())

    init() {}

    /// Everything, the deleted too, in the order of types and ids; brought up to date with the directory first.
    func all(_ rows: [DirectoryCommunity], network: Thumbprint, now: Timestamp) -> [CareService] {
        state.withLock { state in
            let rendering = CareServiceRendering(network: network)
            if state.begun == nil {
                state.begun = now
                Self.put(.organization, rendering.networkID, rendering.networkOrganization, now, &state)
            }
            for row in rows {
                let face = Self.face(row)
                guard state.faces[row.community] != face else { continue }
                state.faces[row.community] = face
                var held: Set<String> = []
                for (type, id, resource) in rendering.resources(row) {
                    held.insert("\(type.rawValue)/\(id)")
                    Self.put(type, id, resource, now, &state)
                }
                for gone in (state.owned[row.community] ?? []).subtracting(held) {
                    guard let service = state.services[gone], service.resource != nil else { continue }
                    state.services[gone] = CareService(
                        type: service.type, id: service.id, resource: nil, version: "deleted", updated: now)
                }
                state.owned[row.community] = held
            }
            state.communities = rows.map(\.community)
            return state.services.values.sorted { ($0.type.rawValue, $0.id) < ($1.type.rawValue, $1.id) }
        }
    }

    /// Deletions that may have happened before this node started: the places of endpoints that no record fills.
    ///
    /// A client that last asked before the start cannot otherwise learn that an endpoint it holds has gone.
    func deletedBefore(_ since: Timestamp) -> [CareService] {
        state.withLock { state in
            guard let begun = state.begun, since < begun else { return [] }
            return state.communities.flatMap { community in
                (0..<DirectoryRecord.endpointsPerRole).compactMap { place in
                    let id = CareServiceRendering.endpointID(community, place)
                    guard state.services["Endpoint/\(id)"] == nil else { return nil }
                    return CareService(type: .endpoint, id: id, resource: nil, version: "deleted", updated: begun)
                }
            }
        }
    }

    private static func face(_ row: DirectoryCommunity) -> String {
        "\(row.standing.rawValue) \(row.record?.token.hash.text ?? "") \(row.admission?.token.hash.text ?? "")"
    }

    private static func put(
        _ type: CareServiceType, _ id: String, _ resource: JSONObject, _ now: Timestamp, _ state: inout State,
    ) {
        let hash = Thumbprint(of: JSONWriter.bytes(.object(resource)))
        let version = Hexadecimal.encode(Array(hash.bytes.prefix(12)))
        let key = "\(type.rawValue)/\(id)"
        if let held = state.services[key], held.version == version { return }
        var resource = resource
        var meta: JSONObject = ["versionId": .string(version), "lastUpdated": .string(now.description)]
        if let profile = resource["meta"]?["profile"] { meta["profile"] = profile }
        resource["meta"] = .object(meta)
        state.services[key] = CareService(type: type, id: id, resource: resource, version: version, updated: now)
    }
}

extension Exchange {
    /// The whole directory as mCSD resources of this moment (ITI-90); the deleted are among them, without a resource.
    ///
    /// Holds nothing about patients, so no consent is asked and nothing is journalled.
    package func findCareServices() -> [CareService] { directory.careServices(at: world.now()) }

    /// What changed at or after a moment (ITI-91), newest first; everything when nil.
    package func careServiceHistory(_ type: CareServiceType, since: Timestamp?) -> [CareService] {
        var services = findCareServices().filter { $0.type == type }
        if let since {
            services = services.filter { $0.updated >= since }
            if type == .endpoint { services += directory.careServicesDeleted(before: since) }
        }
        return services.sorted { ($1.updated, $1.id) < ($0.updated, $0.id) }
    }
}

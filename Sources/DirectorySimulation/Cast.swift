import ExchangeCore
import GossipDirectory
import JSON
import Trust

/// The facilities of a simulated network with their keys and admissions; made once, played by every seed.
package final class Cast: Sendable {
    /// When every simulation begins: 2026-03-02T10:00:00Z.
    static let epoch = Timestamp(milliseconds: 1_772_445_600_000)

    /// One facility.
    struct Facility: Sendable {
        let community: CommunityID
        let url: EndpointURL
        let key: SigningKey
        let name: String
    }

    let authority: SigningKey
    let facilities: [Facility]
    let admissions: [Admission]
    let memo = ReadingMemo()
    private let numbers: [CommunityID: Int]

    var network: Thumbprint { authority.publicKey.thumbprint }

    /// So many facilities, named or numbered, each an organisation of its own.
    package init(nodes: Int, names: [String] = []) throws {
        // Always the same keys, so that a seed's replay is the same to the last tie between two hashes.
        var chance = SplitMix64(seed: 0x5EED)
        let authority = Self.key(using: &chance)
        self.authority = authority
        var facilities: [Facility] = []
        var admissions: [Admission] = []
        for number in 0..<nodes {
            guard let community = CommunityID("1.3.6.1.4.1.21367.2026.\(number + 10)"),
                let url = EndpointURL("https://n\(number).sim:9443")
            else { continue }
            let name = number < names.count ? names[number] : "Facility \(number)"
            let facility = Facility(community: community, url: url, key: Self.key(using: &chance), name: name)
            facilities.append(facility)
            admissions.append(try Self.admit(facility, keys: [facility.key], epoch: 1, at: Self.epoch - .seconds(3600), by: authority))
        }
        self.facilities = facilities
        self.admissions = admissions
        numbers = Dictionary(uniqueKeysWithValues: facilities.enumerated().map { ($1.community, $0) })
    }

    /// A key drawn from a generator.
    static func key(using chance: inout SplitMix64) -> SigningKey {
        while true {
            // A scalar above the group's order is no key; one in four thousand million draws is.
            let scalar = (0..<32).map { _ in UInt8.random(in: 0...255, using: &chance) }
            if let key = SigningKey(scalar: scalar) { return key }
        }
    }

    /// The facilities' names.
    package var names: [String] { facilities.map(\.name) }

    func number(_ community: CommunityID) -> Int? { numbers[community] }

    static func admit(_ facility: Facility, keys: [SigningKey], epoch: UInt32, at: Timestamp, by authority: SigningKey)
        throws -> Admission
    {
        try Admission(
            granting: Admission.Grant(
                network: authority.publicKey.thumbprint, community: facility.community, organization: facility.name,
                keys: keys.map(\.publicKey), epoch: epoch, issued: at), key: authority)
    }

    func profile(_ number: Int, version: Int) -> DirectoryProfile {
        let facility = facilities[number]
        return DirectoryProfile(
            organization: version == 0 ? facility.name : "\(facility.name) v\(version)",
            identifiers: [facility.community.oid],
            endpoints: [
                DirectoryEndpoint(role: "gossip", url: facility.url), DirectoryEndpoint(role: "fhir", url: facility.url),
            ], capabilities: ["mhd/4.2", "pdqm/3.2"])
    }

    /// The state of a facility's directory that has just been installed.
    func directory(_ number: Int, key: SigningKey? = nil, seeds: [Int], store: UInt64, limits: DirectoryLimits)
        -> DirectoryState
    {
        DirectoryState(
            identity: DirectoryIdentity(
                authorities: [authority.publicKey], community: facilities[number].community,
                key: key ?? facilities[number].key,
                seeds: seeds.map { DirectoryTarget(community: nil, url: facilities[$0].url) }),
            limits: limits, store: store, reading: memo.reading)
    }
}

import ConsentEngine
import DocumentExchange
import ExchangeCore
import GossipDirectory
import RecordLocation
import Simulation
import Transactions
import Trust
import XDSMetadata

/// One node that asks, the production exchange over memory stores, and other communities as a script has them.
struct LocatorScene: Sendable {
    /// A community in the directory.
    struct Other: Sendable {
        let community: CommunityID
        let bases: [String]
        /// False for one of which only the admission is known: in the directory, and nowhere to be asked.
        let isListed: Bool
    }

    let world: World
    let peers: ScriptedPeers
    let node: SimulatedNode
    let others: [Other]
    let people: [PatientID]

    /// A node whose directory lists others, and people whom some of them know.
    init(_ world: World) async throws {
        self.world = world
        var random = world.random
        let authority = SigningKey()
        let own = try SimulatedFacility(
            community: SmallWorld.community(0), name: "Asking", consent: .optOut, authority: authority, world: world)
        var facts: [DirectoryFact] = []
        var others: [Other] = []
        for number in 1...Int.random(in: 2...8, using: &random) {
            let community = SmallWorld.community(number)
            let count = Int.random(in: 1...3, using: &random)
            let other = Other(
                community: community, bases: (0..<count).map { "https://h\(number)-\($0).sim/fhir" },
                isListed: Int.random(in: 0..<10, using: &random) > 0)
            let regions = Int.random(in: 0..<3, using: &random)
            facts += try Self.facts(of: other, region: ["east", "west", nil][regions], authority: authority, world: world)
            others.append(other)
        }
        self.others = others
        peers = ScriptedPeers(world: world, liar: SmallWorld.community(99))
        node = try await SimulatedNode(
            own, seeds: [], authority: authority.publicKey, network: SimulatedNetwork(world: world), peers: peers,
            remembering: facts, world: world)
        var people: [PatientID] = []
        for number in 0..<3 { people.append(try await Self.register(number, at: node, world)) }
        self.people = people
        for person in people {
            for other in others where Bool.random(using: &random) { change(person, at: other, using: &random) }
        }
    }

    private static func facts(
        of other: Other, region: String?, authority: SigningKey, world: World,
    ) throws -> [DirectoryFact] {
        let key = SigningKey()
        let admission = try Admission(
            granting: .init(
                network: authority.publicKey.thumbprint, community: other.community,
                organization: "Facility \(other.community.oid.dotted)", keys: [key.publicKey], issued: world.now()),
            key: authority)
        let admitted = DirectoryFact(kind: .admission, community: other.community, compact: admission.token.compact)
        guard other.isListed else { return [admitted] }
        let record = try DirectoryRecord(
            stating: .init(
                network: authority.publicKey.thumbprint, community: other.community, epoch: 1,
                sequence: UInt64(world.now().milliseconds), previous: nil, issued: world.now(),
                expires: world.now() + .seconds(48 * 3600), status: .active,
                profile: DirectoryProfile(
                    organization: "Facility \(other.community.oid.dotted)",
                    endpoints: other.bases.enumerated().compactMap { number, base in
                        EndpointURL(base).map {
                            DirectoryEndpoint(role: "fhir", url: $0, region: region, weight: 10 - number)
                        }
                    }),
                keys: [key.publicKey.thumbprint], admission: admission.token.hash),
            key: key)
        return [admitted, DirectoryFact(kind: .record, community: other.community, compact: record.token.compact)]
    }

    private static func register(_ number: Int, at node: SimulatedNode, _ world: World) async throws -> PatientID {
        let record = try await node.exchange.registerPatient(
            PatientRegistration(
                identifiers: [PatientIdentifier(system: "\(node.facility.community.urn).1", value: "MRN-\(number)")].compactMap(\.self),
                demographics: Demographics(
                    names: [PersonName(family: "Quill \(number)", given: ["Ada"])],
                    birthDate: PartialDate("195\(number)-03-14"), sex: .female)),
            for: context(node, door: .administration, within: .seconds(30), world))
        return record.id
    }

    static func context(
        _ node: SimulatedNode, door: AccessContext.Door = .client, user: String = "dr.sim", within time: Duration,
        _ world: World,
    ) -> AccessContext {
        AccessContext(
            door: door, user: user, role: "physician", organization: node.facility.community.urn,
            community: node.facility.community, purpose: "TREAT", deadline: world.uptime() + time,
            traceID: world.newTraceID())
    }

    /// Gives a community another chart of a person: other documents, perhaps another id, perhaps nothing any more.
    func change(_ person: PatientID, at other: Other, using random: inout some RandomNumberGenerator) {
        let old = peers.chart(of: person, at: other.community)
        if old != nil, Int.random(in: 0..<5, using: &random) == 0 {
            return peers.set(nil, of: person, at: other.community)
        }
        let keepsID = Bool.random(using: &random)
        let id = keepsID ? old?.id ?? .random(using: &random) : .random(using: &random)
        let index = people.firstIndex(of: person) ?? 0
        let documents = (0..<Int.random(in: 0...4, using: &random)).map { _ -> DocumentEntry in
            // One of twelve documents of the person: copies of the same lie at several communities.
            let number = UInt8(Int.random(in: 0..<12, using: &random))
            var entry = DocumentEntry(
                id: .random(using: &random), uniqueID: "urn:oid:1.2.3.\(index).\(number)", patient: id,
                home: other.community, mimeType: "text/xml", sha1: [UInt8](repeating: number, count: 20),
                sha256: [UInt8](repeating: number, count: 32), size: 42,
                registered: world.now() - .seconds(Int64.random(in: 0...5, using: &random)))
            entry.typeCode = CodedValue(code: "18842-5", system: CodeSystems.loinc)
            return entry
        }
        var unique: [String: DocumentEntry] = [:]
        for document in documents { unique[document.uniqueID] = document }
        peers.set(
            .init(id: id, documents: unique.values.sorted { $0.uniqueID < $1.uniqueID }), of: person, at: other.community)
    }
}

import ConsentEngine
import ExchangeCore
import GossipDirectory
import Journal
import Logging
import Transactions
import Trust

/// What a simulated node is, before and after it crashes: its name, its keys, and its disk.
package struct SimulatedFacility: Sendable {
    /// The community it speaks for.
    package let community: CommunityID
    /// Its name.
    package let name: String
    /// What holds for patients who have said nothing.
    package let consent: ConsentPolicyDefault
    let key: SigningKey
    let admission: Admission
    let store: MemoryJournalStore
    let keyring: MemoryKeyring
    let logKey: NoteSigner
    let witnessed = MemoryWitnessStore()

    /// A facility with an empty disk, admitted by the network's authority.
    package init(
        community: CommunityID, name: String, consent: ConsentPolicyDefault, authority: SigningKey, world: World,
    ) throws(ExchangeError) {
        self.community = community
        self.name = name
        self.consent = consent
        key = SigningKey()
        admission = try Admission(
            granting: .init(
                network: authority.publicKey.thumbprint, community: community, organization: name,
                keys: [key.publicKey], issued: world.now()),
            key: authority)
        store = MemoryJournalStore(
            origin: "oid/\(community.oid.dotted)", world: world, syncDelay: .microseconds(300))
        keyring = MemoryKeyring(world: world)
        logKey = try NoteSigner(name: "oid/\(community.oid.dotted)", privateKey: world.randomBytes(32))
    }

    /// A facility that is this one but for its disk: what an older copy of the disk makes of it.
    package func with(disk: MemoryJournalStore) -> SimulatedFacility { SimulatedFacility(self, store: disk) }

    private init(_ other: SimulatedFacility, store: MemoryJournalStore) {
        community = other.community
        name = other.name
        consent = other.consent
        key = other.key
        admission = other.admission
        self.store = store
        keyring = other.keyring
        logKey = other.logKey
    }

    /// Its FHIR base URL as the directory states it.
    package var base: String { "https://h\(community.oid.dotted).sim/fhir" }

    /// The journal's disk, to make it fail or crash.
    package var disk: MemoryJournalStore { store }
}

/// A running simulated node: the production exchange over memory stores and a simulated network.
package struct SimulatedNode: Sendable {
    /// What it is.
    package let facility: SimulatedFacility
    /// Its exchange, with every transaction.
    package let exchange: Exchange
    /// Signs the heads of its journal.
    package let checkpoints: CheckpointAuthor
    private let network: SimulatedNetwork
    private let world: World

    /// Starts a node from its disk: recovers the journal, makes the projection anew, and attaches it to the network.
    ///
    /// - Parameters:
    ///   - facts: what it had kept of the directory; empty as after the loss of its tables.
    ///   - peers: its way to others, where it is not the simulated network.
    ///   - notifications: where notifications of new documents may go.
    package init(
        _ facility: SimulatedFacility, seeds: [SimulatedFacility], authority: VerifyingKey, network: SimulatedNetwork,
        peers: (any PeerClient)? = nil, remembering facts: [DirectoryFact] = [], limits: ExchangeLimits = ExchangeLimits(),
        notifications: NotificationRules = NotificationRules(), world: World,
    ) async throws {
        self.facility = facility
        self.network = network
        self.world = world
        let projection = MemoryProjection(base: facility.base) {
            var random = world.random
            try? await world.sleep(.microseconds(Int64.random(in: 10...2000, using: &random)))
        }
        let reader = JournalReader(store: facility.store, keyring: facility.keyring)
        _ = try await reader.bringUpToDate(projection)
        for fact in facts { try await projection.keep(fact) }
        let writer = try await JournalWriter(
            store: facility.store, keyring: facility.keyring, projection: projection, world: world)
        let identity = DirectoryIdentity(
            authorities: [authority], community: facility.community, key: facility.key,
            seeds: seeds.compactMap { seed in
                EndpointURL(seed.base).map { DirectoryTarget(community: seed.community, url: $0) }
            })
        var state = DirectoryState(identity: identity, store: world.randomBits())
        _ = state.restore(try await projection.directoryFacts(), now: world.now())
        let directory = DirectoryBook(state, world: world)
        checkpoints = try await CheckpointAuthor(store: facility.store, signer: facility.logKey, now: world.now)
        let witness = try await WitnessBook(
            signer: facility.logKey, journal: facility.store, proofs: ProofAuthor(store: facility.store),
            store: facility.witnessed, keys: { directory.logKey($0, at: world.now()) },
            cosigners: { directory.logKeys(at: world.now()) }, world: world)
        exchange = Exchange(
            settings: ExchangeSettings(
                community: facility.community, name: facility.name, clientBase: facility.base,
                consentDefault: facility.consent, notifications: notifications, limits: limits),
            world: world, journal: writer, reader: reader, projection: projection,
            directory: directory, peers: peers ?? SimulatedPeerClient(of: facility.community, network: network),
            witness: witness,
            logger: Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() }))
        network.attach(exchange)
    }

    /// Begins its life in the directory: admission, its own record, the loops that push and pull, and the one by which
    /// consent follows patients; ends on cancellation.
    package func gossip() async throws {
        try await exchange.advanceDirectory(.admitted(facility.admission.token.compact))
        if let url = EndpointURL(facility.base) {
            try await exchange.advanceDirectory(
                .profiled(
                    DirectoryProfile(
                        organization: facility.name,
                        endpoints: [
                            DirectoryEndpoint(role: "fhir", url: url), DirectoryEndpoint(role: "gossip", url: url),
                        ], capabilities: [DirectoryBook.capability(facility.logKey.verifier)])))
        }
        try await exchange.advanceDirectory(.started)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.sendOutgoing() }
            group.addTask { await self.exchange.followPatients() }
            group.addTask { await self.exchange.conductSearches() }
            group.addTask {
                while true {
                    let wait = self.exchange.directory.nextWake - self.world.uptime()
                    try await self.world.sleep(max(.milliseconds(10), min(wait, .milliseconds(500))))
                    try await self.exchange.advanceDirectory(.timer)
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func sendOutgoing() async throws {
        for await outgoing in exchange.directory.outgoing {
            let own = facility.community
            guard let target = outgoing.target.community else { continue }
            do throws(ExchangeError) {
                let bytes = outgoing.frame.bytes
                let answer = try await network.carry(from: own, to: target, before: world.uptime() + .seconds(2)) {
                    exchange throws(ExchangeError) in try await exchange.exchangeDirectory(bytes, from: own)
                }
                try await exchange.advanceDirectory(
                    .answered(try DirectoryFrame(answer), from: target, target: outgoing.target))
            } catch {
                try await exchange.advanceDirectory(.failed(outgoing.target, .silent))
            }
        }
    }
}

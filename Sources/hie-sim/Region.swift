import ConsentEngine
import DocumentExchange
import ExchangeCore
import FHIREndpoint
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOEmbedded
import Simulation
import Transactions
import Trust
import XDSMetadata

/// One request to one door of one node.
struct Asking: Sendable {
    var node: Int
    var door: AccessContext.Door
    var requester: Requester
    var method = HTTPRequest.Method.get
    var path: String
    var headers = HTTPFields()
    var body: [UInt8] = []
}

extension Duration {
    fileprivate var wholeMicroseconds: Int64 { components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000 }
}

/// A simulated region: nodes that know one another, their FHIR doors, all on one thread, in a time of its own.
///
/// Every step stands at its own moment and has its own randomness, by its number alone. So two regions that differ in
/// some steps agree in all others, fresh identifiers and times included.
struct Region: Sendable {
    let scheduler: SeededScheduler
    let world: World
    let network: SimulatedNetwork
    let nodes: [SimulatedNode]
    private let seed: UInt64
    private let loop: EmbeddedEventLoop
    private let services: [[AccessContext.Door: FHIRService]]
    private let identity: ConnectionIdentity
    private static let firstStep = Duration.seconds(100)

    /// Starts the nodes and lets them meet.
    init(
        seed: UInt64, defaults: [ConsentPolicyDefault], limits: ExchangeLimits, identity: ConnectionIdentity,
    ) throws {
        let scheduler = SeededScheduler(seed: seed)
        let world = scheduler.world
        let network = SimulatedNetwork(world: world)
        self.scheduler = scheduler
        self.world = world
        self.network = network
        self.seed = seed
        self.identity = identity
        loop = EmbeddedEventLoop()
        nodes = try scheduler.run { try await Self.meet(defaults, limits, network, world) }
        let silent = Logger(label: "simulation", factory: { _ in SwiftLogNoOpLogHandler() })
        services = nodes.map { node in
            var doors: [AccessContext.Door: FHIRService] = [:]
            for door in [AccessContext.Door.client, .peer] {
                doors[door] = FHIRService(
                    exchange: node.exchange, door: door, authenticator: TokenReader(door: door), logger: silent,
                    base: node.facility.base)
            }
            return doors
        }
    }

    private static func meet(
        _ defaults: [ConsentPolicyDefault], _ limits: ExchangeLimits, _ network: SimulatedNetwork, _ world: World,
    ) async throws -> [SimulatedNode] {
        let authority = SigningKey()
        var facilities: [SimulatedFacility] = []
        var nodes: [SimulatedNode] = []
        for (number, policy) in defaults.enumerated() {
            let facility = try SimulatedFacility(
                community: SmallWorld.communities[number], name: "Facility \(number)", consent: policy, authority: authority,
                world: world)
            facilities.append(facility)
            nodes.append(
                try await SimulatedNode(
                    facility, seeds: number == 0 ? [] : [facilities[0]], authority: authority.publicKey,
                    network: network, limits: limits, world: world))
        }
        let all = nodes
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in all { group.addTask { try? await node.gossip() } }
            for _ in 0..<900 {
                if all.allSatisfy({ $0.exchange.directory.peers(at: world.now()).count == all.count }) { break }
                try await world.sleep(.milliseconds(100))
            }
            group.cancelAll()
        }
        guard all.allSatisfy({ $0.exchange.directory.peers(at: world.now()).count == all.count }) else {
            throw ExchangeError(.internal, "the simulated nodes did not find one another")
        }
        return nodes
    }

    /// Does one step: at its moment, with its randomness.
    func step<Value: Sendable>(_ number: Int, _ body: @escaping @Sendable () async throws -> Value) throws -> Value {
        scheduler.advance(to: Self.firstStep + .seconds(30 * number))
        var mixed = SplitMix64(seed: seed &+ UInt64(number) &* 0x2545_F491_4F6C_DD1D)
        scheduler.reseed(mixed.next())
        let (loop, world) = (loop, world)
        return try scheduler.run(
            whenIdle: {
                let nanoseconds = world.uptime().wholeMicroseconds * 1000
                loop.advanceTime(to: .uptimeNanoseconds(UInt64(clamping: nanoseconds)))
            }, body)
    }

    /// Sends one request and waits for its answer; `leaving` hears of each piece as it leaves the node.
    func send(
        _ asking: Asking, pace: Pace = .brisk,
        leaving: @escaping @Sendable (SlowKernel.Group) -> Void = { _ in },
    ) async -> Received {
        let kernel = SlowKernel()
        let started = world.uptime()
        guard let service = services[asking.node][asking.door] else { return Received() }
        let channel = EmbeddedChannel(handlers: [kernel], loop: loop)
        var headers = asking.headers
        headers[.authorization] = "Bearer \(asking.requester.token)"
        let request = Request(
            head: HTTPRequest(
                method: asking.method, scheme: "https", authority: "sim", path: asking.path, headerFields: headers),
            body: RequestBody(buffer: ByteBuffer(bytes: asking.body)))
        await withTaskGroup(of: Void.self) { group in
            let world = world
            group.addTask { await kernel.take(world: world, pace: pace, leaving: leaving) }
            // What Hummingbird does with an answer that throws.
            let isCut = (try? await service.respond(to: request, on: channel, identity: { .identity(identity) })) == nil
            if isCut { channel.close(promise: nil) }
            kernel.finish()
        }
        // Not `finish`, which would cancel the timers of every other connection.
        channel.close(promise: nil)
        var received = kernel.received
        received.duration = world.uptime() - started
        return received
    }

    /// Ends what still waits in the event loop.
    func end() { loop.advanceTime(by: .hours(1)) }

    /// The administrator of one node.
    func administrator(of node: Int) -> AccessContext {
        let community = nodes[node].facility.community
        return AccessContext(
            door: .administration, user: "admin", role: nil, organization: community.urn, community: community,
            purpose: "HOPERAT", deadline: world.uptime() + .seconds(30), traceID: world.newTraceID())
    }
}

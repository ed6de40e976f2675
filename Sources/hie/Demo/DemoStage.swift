import ExchangeCore
import ExchangeNode
import Glibc
import JSON

/// The place the demonstration plays in: its folder, its nodes, its material, and what has been seen so far.
actor DemoStage {
    /// One act of the scene, as the summary tells it.
    struct Outcome: Sendable {
        let act: DemoAct
        /// Nil when it was not reached.
        let held: Bool?
        let seen: String
        let took: Duration
        let checks: [(holds: Bool, text: String)]
    }

    let topology: Topology
    let scene: Topology.Scene
    let folder: String
    let plan: DemoPlan
    let teller: DemoTeller
    /// Values for every node, as `hie run --set` takes them.
    let settings: [String]
    let world = World.system
    var nodes: [DemoNode]
    /// The published documents of the plan: the id each got.
    var published: [(document: DemoPlan.Document, id: String)] = []
    /// The refused ones, with their reasons.
    var refused: [(document: DemoPlan.Document, reason: String)] = []
    /// The scene's patient at the facility that asks.
    var patient = ""
    /// What the clinician saw when all was well.
    var record = DemoRecord()
    private(set) var outcomes: [Outcome] = []
    private var checks: [(holds: Bool, text: String)] = []
    private var commands = 0

    init(topology: Topology, scene: Topology.Scene, folder: String, plan: DemoPlan, settings: [String] = [], teller: DemoTeller)
        throws(CommandFailure)
    {
        self.topology = topology
        self.scene = scene
        self.folder = folder
        self.plan = plan
        self.teller = teller
        self.settings = settings
        let ports = try DemoPorts.free(topology.communities.count * 2, world: .system)
        nodes = topology.communities.enumerated().map { index, facility in
            DemoNode(
                facility: facility, home: folder + "/" + facility.slug, clients: ports[2 * index],
                peers: ports[2 * index + 1])
        }
        try LocalFile.makeFolder(folder + "/words")
    }

    /// Plays every act in order; one that could not be finished ends the play.
    func play() async {
        var isBroken = false
        for act in DemoAct.allCases {
            guard !isBroken else {
                outcomes.append(Outcome(act: act, held: nil, seen: "not reached", took: .zero, checks: []))
                continue
            }
            checks = []
            let began = world.uptime()
            teller.heading(act.rawValue, act.title)
            teller.prose(act.about)
            do {
                let seen = try await perform(act)
                let fault = checks.first { !$0.holds }
                outcomes.append(
                    Outcome(
                        act: act, held: fault == nil, seen: fault?.text ?? seen, took: world.uptime() - began,
                        checks: checks))
            } catch {
                isBroken = true
                let reason = (error as? CommandFailure)?.line ?? (error as? ExchangeError)?.description ?? "interrupted"
                check(false, reason)
                outcomes.append(
                    Outcome(act: act, held: false, seen: reason, took: world.uptime() - began, checks: checks))
            }
        }
    }

    private func perform(_ act: DemoAct) async throws -> String {
        switch act {
        case .network: try await openNetwork()
        case .patients: try await registerPatients()
        case .documents: try await publishDocuments()
        case .question: try await askForRecord()
        case .refusal: try await refuse()
        case .outage: try await stopAndKill()
        case .proof: try await prove()
        }
    }

    /// Says whether something held that had to, and remembers it for the summary.
    func check(_ holds: Bool, _ text: String) {
        teller.check(holds, text)
        checks.append((holds, text))
    }

    /// The node of a facility.
    func node(_ slug: String) throws(CommandFailure) -> DemoNode {
        guard let node = nodes.first(where: { $0.facility.slug == slug }) else {
            throw CommandFailure(.usage, "the topology has no facility \(slug)", hint: "correct its scene")
        }
        return node
    }

    /// Runs one of this program's commands to its end; the process is in the demonstration's folder (`DemoCommand`).
    ///
    /// - Parameter shown: whether and how the command is told; `--json` is left out of what is told.
    func hie(
        _ arguments: [String], json: Bool = false, telling shown: Telling = .command,
        within limit: Duration = .seconds(120),
    ) async throws -> DemoTranscript {
        switch shown {
        case .command: teller.command(arguments)
        case .instead(let other): teller.command(other)
        case .nothing: break
        }
        let command = try start(arguments + (json ? ["--json"] : []))
        return try await command.transcript(within: limit)
    }

    /// What is told of a command that is run.
    enum Telling: Sendable {
        case command
        case instead([String])
        case nothing
    }

    /// Starts one of this program's commands.
    func start(_ arguments: [String]) throws(CommandFailure) -> DemoCommandRun {
        commands += 1
        let stem = "\(folder)/words/\(commands)"
        let began = world.uptime()
        let process = try DemoProcess.start(arguments, out: stem + ".out", errors: stem + ".err")
        return DemoCommandRun(process: process, out: stem + ".out", errors: stem + ".err", began: began)
    }

    /// Stops every node in order; with `keeping` they go on.
    func close(keeping: Bool) async {
        if keeping { return DemoChildren.all.release() }
        for node in nodes { node.process?.signal(SIGTERM) }
        for node in nodes {
            if let process = node.process, (try? await process.ended(within: .seconds(10))) == nil {
                process.signal(SIGKILL)
                _ = try? await process.ended(within: .seconds(5))
            }
        }
    }
}

/// The acts, in their order.
enum DemoAct: Int, CaseIterable, Sendable {
    case network = 1
    case patients, documents, question, refusal, outage, proof

    var title: String {
        switch self {
        case .network: "Three facilities form a network"
        case .patients: "The same people, registered at each facility in its own way"
        case .documents: "Facilities publish their documents"
        case .question: "A clinician elsewhere asks for the whole record"
        case .refusal: "The patient refuses, and takes it back"
        case .outage: "A facility is gone; then it is killed under load"
        case .proof: "Who looked, and is the journal whole?"
        }
    }

    var about: String {
        switch self {
        case .network:
            """
            A network authority certifies one node for each facility. Each node is a process of its own and is
            told of one other at the most; the rest it learns by gossip, from records their owners signed.
            """
        case .patients:
            """
            Every facility has its own medical record numbers, and its own way of writing names, addresses and
            telephone numbers. No common number joins them.
            """
        case .documents:
            """
            The node derives each document's metadata from the C-CDA itself. Published means: durable on disk.
            What cannot be published is refused with the reason.
            """
        case .question:
            """
            She knows who her patient is, nothing more. Her node asks every facility over mutual TLS and says
            what each answered.
            """
        case .refusal:
            """
            Consent is enforced where the documents are. What the patient refuses must look exactly like what
            does not exist.
            """
        case .outage:
            """
            An answer with a gap says so, in time and by name. And what was acknowledged survives kill -9 at any
            moment.
            """
        case .proof:
            """
            Every access stands in the journal of the node that holds the documents, written before the answer
            left. Anyone can verify that nothing in it was changed.
            """
        }
    }

    /// The title in a few words, for the summary.
    var short: String {
        switch self {
        case .network: "network and directory"
        case .patients: "registrations"
        case .documents: "publishing"
        case .question: "one record from all"
        case .refusal: "refusal and return"
        case .outage: "outage and kill -9"
        case .proof: "access log and journals"
        }
    }
}

import AdminEndpoint
import ExchangeCore
import ExchangeNode
import Glibc
import JSON

/// The first act: authority, nodes, and a directory that gossip carried.
extension DemoStage {
    func openNetwork() async throws -> String {
        _ = try await hie(["certificate", "init", "--network", "network", "--name", topology.network])
            .demanded("the authority was not made")
        for (index, node) in nodes.enumerated() { try await initialise(node, telling: index < 2) }
        if nodes.count > 2 { teller.output("... and so for \(Self.names(nodes.dropFirst(2).map(\.slug)))") }
        try await issueTokens()
        for index in nodes.indices {
            try await run(index, telling: index == 0)
        }
        let started = world.uptime()
        if nodes.count > 1 { teller.output("... and so for \(Self.names(nodes.dropFirst().map(\.slug)))") }
        teller.line()
        var table = Table("NODE", "PROCESS", "CLIENTS AT", "PEERS AT", "TOLD OF")
        for node in nodes {
            table.add(
                .init(node.slug), .init(node.process.map { String($0.pid) } ?? ""), .init("127.0.0.1:\(node.clients)"),
                .init("127.0.0.1:\(node.peers)"), .init(Self.names(told(node).map(\.slug), empty: "nobody")))
        }
        teller.output(table)
        let took = try await converge(since: started)
        try await tellDirectory(nodes.last ?? nodes[0])
        check(
            true,
            "every node lists all \(nodes.count) facilities, \(DemoTeller.time(took)) after the last one was ready")
        return "\(nodes.count) nodes, directory complete in \(DemoTeller.time(took))"
    }

    /// Makes a node's folder, certified and admitted by the network's authority.
    private func initialise(_ node: DemoNode, telling isTold: Bool) async throws {
        var arguments = [
            "init", "--home", node.slug, "--name", node.facility.name, "--community",
            node.facility.community.oid.dotted,
            "--consent", node.facility.consent, "--clients", "127.0.0.1:\(node.clients)", "--peers",
            "127.0.0.1:\(node.peers)",
        ]
        for seed in told(node) { arguments += ["--seed", "127.0.0.1:\(seed.peers)"] }
        arguments += ["--network", "network"]
        _ = try await hie(arguments, telling: isTold ? .command : .nothing)
            .demanded("the node of \(node.slug) was not made")
    }

    /// Those a node is told of: one at the most.
    private func told(_ node: DemoNode) -> [DemoNode] {
        nodes.filter { node.facility.seeds.prefix(1).contains($0.slug) }
    }

    /// Certifies everybody's application, and signs a token for each.
    private func issueTokens() async throws {
        for node in nodes {
            for person in node.staff {
                let telling: Telling = node.slug == scene.at && person.user == scene.clinician ? .command : .nothing
                _ = try await hie(
                    ["certificate", "issue", "--home", node.slug, "--client", person.user], telling: telling
                ).demanded("\(person.user) was not certified")
                _ = try await hie(
                    [
                        "token", "issue", "--home", node.slug, "--client", person.user, "--user", person.user, "--name",
                        person.name, "--role", person.role, "--organization", person.organization, "--purpose",
                        person.purpose,
                    ], telling: telling
                ).demanded("\(person.user) got no token")
            }
        }
    }

    /// Starts a node and waits until it answers its administrator.
    func run(_ index: Int, telling isTold: Bool) async throws {
        let node = nodes[index]
        let arguments = ["run", "--home", node.slug] + settings.flatMap { ["--set", $0] }
        if isTold { teller.command(arguments, remark: "2>> \(node.slug)/node.log &") }
        let process = try DemoProcess.start(arguments, out: node.log, errors: node.log)
        nodes[index].process = process
        let admin = AdminClient(home: node.home)
        let began = world.uptime()
        while await !admin.isRunning() {
            guard process.end == nil else {
                throw CommandFailure(.failed, "the node of \(node.slug) ended at once", hint: "see \(node.log)")
            }
            guard world.uptime() - began < .seconds(60) else {
                throw CommandFailure(
                    .unreachable, "the node of \(node.slug) does not answer after 60 s", hint: "see \(node.log)")
            }
            try await world.sleep(.milliseconds(20))
        }
    }

    /// Waits until every node has every facility's own signed record; how long that took.
    private func converge(since started: Duration) async throws -> Duration {
        let everybody = Set(nodes.map(\.facility.community.urn))
        for node in nodes {
            let admin = AdminClient(home: node.home)
            while true {
                let answer = try await admin.ask(.directoryList)
                let known = (answer["communities"]?.items ?? []).filter {
                    $0.text("standing") == "active" && !($0["endpoints"]?.items ?? []).isEmpty
                }
                if everybody.isSubset(of: known.map { $0.text("community") }) { break }
                guard world.uptime() - started < .seconds(60) else {
                    throw CommandFailure(
                        .unreachable, "\(node.slug) lists \(known.count) of \(everybody.count) facilities after 60 s",
                        hint: "see \(node.log)")
                }
                try await world.sleep(.milliseconds(20))
            }
        }
        return world.uptime() - started
    }

    private func tellDirectory(_ node: DemoNode) async throws {
        let answer = try await hie(["directory", "list", "--home", node.slug], json: true)
            .demanded("the directory was not listed").json
        var table = Table("NAME", "COMMUNITY", "STANDING")
        for row in answer["communities"]?.items ?? [] {
            table.add(
                .init(row.text("name") + (row["own"]?.bool == true ? " (this node)" : "")),
                .init(row.text("community")),
                .init(row.text("standing")))
        }
        teller.output(table)
    }

    /// `clinic`, `clinic and emergency`, `a, b and c`.
    static func names(_ names: [String], empty: String = "") -> String {
        guard let last = names.last else { return empty }
        let others = names.dropLast()
        return others.isEmpty ? last : others.joined(separator: ", ") + " and " + last
    }
}

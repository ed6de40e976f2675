import ExchangeCore
import ExchangeNode
import JSON

/// The end of the demonstration: what held, and where to look further.
struct DemoSummary: Sendable {
    let outcomes: [DemoStage.Outcome]
    let nodes: [DemoNode]
    let folder: String
    let scene: Topology.Scene
    let isKept: Bool

    /// Whether every step held.
    var isHeld: Bool { outcomes.allSatisfy { $0.held == true } }

    /// Prints the table, and the commands to look further.
    func tell(on teller: DemoTeller) {
        teller.line()
        teller.line("Summary", .heading)
        var table = Table("STEP", "", "HELD", "SEEN", "TIME")
        for outcome in outcomes {
            table.add(
                .init(String(outcome.act.rawValue)), .init(outcome.act.short),
                .init(outcome.held.map { $0 ? "yes" : "NO" } ?? "-"), .init(DemoTeller.short(outcome.seen, 52)),
                .init(outcome.held == nil ? "" : DemoTeller.time(outcome.took)))
        }
        for (index, text) in table.lines(paint: { text, _ in Terminal.clean(text) }).enumerated() {
            let held = index == 0 ? nil : outcomes[index - 1].held
            teller.line("   " + text, index == 0 ? .quiet : held == true ? .good : .bad)
        }
        teller.line()
        let count = outcomes.count { $0.held == true }
        teller.line(
            "   " + (isHeld ? "Every step held." : "\(count) of \(outcomes.count) steps held."), isHeld ? .good : .bad)
        tellFurther(on: teller)
    }

    private func tellFurther(on teller: DemoTeller) {
        let at = nodes.first { $0.slug == scene.at } ?? nodes[0]
        teller.line()
        teller.line("Look further", .heading)
        teller.line("   cd \(folder); alias hie=\(DemoProcess.executable)")
        if isKept {
            for node in nodes where node.process?.end == nil {
                teller.line("   hie status --home \(node.slug)")
            }
            teller.line("   hie document find --as \(at.slug)/clients/\(scene.clinician) --help")
            teller.line(
                "   kill \(nodes.compactMap { $0.process.map { String($0.pid) } }.joined(separator: " "))   # when done"
            )
        } else {
            teller.line("   hie audit verify --home \(scene.refusesAt)   # reads the files; the node is stopped")
            teller.line("   hie config show --home \(scene.refusesAt)")
            teller.line("   hie run --home \(at.slug)   # each node starts again; tokens last an hour")
        }
        teller.line("   less \(at.slug)/node.log")
        teller.line("   rm -r \(folder)   # nothing else was touched")
    }

    /// The summary as JSON, stable names.
    func json(of stage: DemoStage) async -> JSONValue {
        let (published, refused) = await (stage.published.count, stage.refused)
        return [
            "held": .bool(isHeld), "folder": .string(folder), "kept": .bool(isKept),
            "documents": [
                "published": .number(String(published)), "refused": .number(String(refused.count)),
                "reasons": .array(
                    refused.map { ["file": .string($0.document.path), "reason": .string($0.reason)] }),
            ],
            "nodes": .array(
                nodes.map { node in
                    [
                        "slug": .string(node.slug), "community": .string(node.facility.community.urn),
                        "home": .string(node.home), "clients": .string("127.0.0.1:\(node.clients)"),
                        "peers": .string("127.0.0.1:\(node.peers)"),
                        "process": node.process.map { .number(String($0.pid)) } ?? .null,
                    ]
                }),
            "steps": .array(
                outcomes.map { outcome in
                    [
                        "step": .number(String(outcome.act.rawValue)), "title": .string(outcome.act.title),
                        "held": outcome.held.map { .bool($0) } ?? .null, "seen": .string(outcome.seen),
                        "milliseconds": .number(String(Self.milliseconds(outcome.took))),
                        "checks": .array(
                            outcome.checks.map { ["holds": .bool($0.holds), "what": .string($0.text)] }),
                    ]
                }),
        ]
    }

    private static func milliseconds(_ duration: Duration) -> Int64 {
        duration.components.seconds * 1000 + duration.components.attoseconds / 1_000_000_000_000_000
    }
}

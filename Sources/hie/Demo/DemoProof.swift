import ExchangeCore
import ExchangeNode
import JSON

/// The last act: who looked, and whether every journal is what was written.
extension DemoStage {
    func prove() async throws -> String {
        let holder = try node(scene.refusesAt)
        guard let registration = plan.registration(of: plan.subject, at: holder.slug) else {
            throw CommandFailure(.failed, "the scene's patient is not registered at \(holder.slug)")
        }
        let log = try await hie(
            ["audit", "patient", "--home", holder.slug, "--identifier", registration.number, "--limit", "1000"],
            json: true
        ).demanded("the access log was not read").json
        let events = log["events"]?.items ?? []
        tell(events)
        let asking = try node(scene.at).facility
        let hers = events.filter { $0.text("user") == scene.clinician && $0.text("community") == asking.community.urn }
        let shown = hers.filter { !($0["shown"]?.items ?? []).isEmpty }
        check(
            !shown.isEmpty
                && shown.allSatisfy { !$0.text("purpose").isEmpty && !($0["rules"]?.items ?? []).isEmpty },
            "\(scene.clinician) of \(asking.name): who, from where, why, what, and the rule that decided")
        check(
            hers.contains { ($0["shown"]?.items ?? []).isEmpty && !($0["withheld"]?.items ?? []).isEmpty },
            "the refusal, too: what was withheld, and the patient's directive that decided")
        var entries = 0
        for node in nodes {
            let verdict = try await hie(["audit", "verify", "--home", node.slug], json: true, within: .seconds(600))
            let json = verdict.json
            teller.output(
                "\(json["verified"]?.bool == true ? "verified" : "DAMAGED")  \(json.text("entries")) entries, "
                    + "root \(json.text("root").prefix(16)), signed to entry \(json.text("checkpoint"))")
            for damage in (json["damage"]?.items ?? []).compactMap(\.string) { teller.output(damage, .bad) }
            entries += json["entries"]?.integer ?? 0
            check(
                verdict.isDone && json["verified"]?.bool == true,
                verdict.isDone
                    ? "\(node.facility.name): every entry, every document's bytes, the tree, its signed head"
                    : "\(node.facility.name): \(verdict.codeText): \(verdict.complaint)")
        }
        return "\(events.count) accesses in the log; \(entries) entries verified"
    }

    private func tell(_ events: [JSONValue]) {
        var table = Table("TIME", "USER", "COMMUNITY", "WHY", "WHAT", "SHOWN", "WITHHELD", "DECIDED BY")
        for event in events.prefix(20) {
            let rules = (event["rules"]?.items ?? []).compactMap(\.string)
            let community = nodes.first { $0.facility.community.urn == event.text("community") }?.slug
            table.add(
                .init(String(event.text("time").dropFirst(11).prefix(8))),
                .init(DemoTeller.short(event.text("user"), 16)),
                .init(community ?? event.text("community")), .init(event.text("purpose")),
                .init(event.text("transaction")), .init(String(event["shown"]?.items.count ?? 0)),
                .init(String(event["withheld"]?.items.count ?? 0)),
                .init(DemoTeller.short(rules.first ?? "", 36)))
        }
        teller.output(table)
        if events.count > 20 { teller.output("... and \(events.count - 20) earlier ones") }
    }
}

import ConsentEngine
import ExchangeCore
import Simulation
import Transactions
import XDSMetadata

/// Directives, a requester, and what these hide from that requester: the rest of a plan, once documents have their ids.
struct ConsentScene: Sendable {
    private(set) var directives: [(node: Int, directive: ConsentDirective)] = []
    private(set) var revoked: Set<DirectiveID> = []
    /// One user, for one purpose or two, and once for none.
    private(set) var requesters: [Requester] = []
    /// Numbers of documents that only one of the regions has.
    private(set) var hidden: Set<Int> = []
    let ground: AskingGround
    /// Every identifier that both regions agree about.
    let known: Set<String>

    /// Tries until something is hidden and something is not, at most 12 times.
    init(_ chance: inout Chance, plan: TwinPlan, twin: Twin) {
        let communities = Array(SmallWorld.communities.prefix(plan.defaults.count))
        let documents = twin.entries.sorted { $0.key < $1.key }.map(\.value)
        ground = AskingGround(communities: communities, patients: twin.patients, documents: documents)
        known = Set(
            documents.map(\.id.description) + twin.patients.flatMap { $0.compactMap { $0?.description } })
        for _ in 0..<12 {
            drawDirectives(&chance, plan: plan, twin: twin)
            for _ in 0..<6 {
                drawRequesters(&chance)
                drawHidden(&chance, plan: plan, twin: twin)
                if !hidden.isEmpty, hidden.count < documents.count { return }
            }
        }
    }

    private mutating func drawDirectives(_ chance: inout Chance, plan: TwinPlan, twin: Twin) {
        directives = []
        revoked = []
        for (node, patients) in twin.patients.enumerated() {
            for (person, patient) in patients.enumerated() {
                guard let patient else { continue }
                for _ in 0..<chance.number(0...(person == 0 ? 3 : 1)) {
                    let own = plan.documents.indices.filter {
                        plan.documents[$0].node == node && plan.documents[$0].person == person
                    }.compactMap { twin.entries[$0] }
                    // The day before: the order of recording is the order of the list.
                    let recorded = twin.region.world.now() - .seconds(86_400 - directives.count)
                    let directive = RandomDirective.make(
                        &chance, patient: patient, documents: own, recorded: recorded)
                    if chance.oneIn(8) { revoked.insert(directive.id) }
                    directives.append((node, directive))
                }
            }
        }
    }

    private mutating func drawRequesters(_ chance: inout Chance) {
        guard let first = Requester.drawn(&chance, communities: ground.communities) else { return }
        requesters = [first]
        if chance.oneIn(2) { requesters.append(first.with(purpose: chance.one(of: SmallWorld.purposes))) }
        if chance.oneIn(6) { requesters.append(first.with(purpose: nil)) }
    }

    /// Of what is denied to the requester at every door, some; never what shows in the metadata of what stays.
    private mutating func drawHidden(_ chance: inout Chance, plan: TwinPlan, twin: Twin) {
        hidden = []
        for (number, entry) in twin.entries.sorted(by: { $0.key < $1.key }) {
            let node = plan.documents[number].node
            if requesters.allSatisfy({ !isPermitted(entry, at: node, to: $0, plan: plan, now: twin.region.world.now()) }) {
                hidden.insert(number)
            }
        }
        // Sorted: a set's own order is another one in every process.
        if chance.oneIn(2) { hidden = Set(hidden.sorted().filter { _ in !chance.oneIn(3) }) }
        var isStable = false
        while !isStable {
            isStable = true
            for (number, document) in plan.documents.enumerated() {
                guard let relation = document.relation, twin.entries[number] != nil, twin.entries[relation.target] != nil
                else { continue }
                // What stays names what it relates to, and what was replaced says so.
                let mustStay = hidden.contains(number) ? nil : relation.target
                if let mustStay, hidden.remove(mustStay) != nil { isStable = false }
                if relation.kind == .replaces, !hidden.contains(relation.target), hidden.remove(number) != nil {
                    isStable = false
                }
            }
        }
    }

    private func isPermitted(
        _ entry: DocumentEntry, at node: Int, to requester: Requester, plan: TwinPlan, now: Timestamp,
    ) -> Bool {
        let own = directives.filter { $0.directive.patient == entry.patient && !revoked.contains($0.directive.id) }
        let consent = CompiledConsent(own.map(\.directive), policy: plan.defaults[node], now: now)
        let door: AccessContext.Door = requester.community == ground.communities[node] ? .client : .peer
        return consent.decide(requester.context(door, at: .zero), document: DocumentFacts(entry)).isPermitted
    }

    /// The scene in words, for a replay.
    func story(_ plan: TwinPlan) -> String {
        var lines = ["defaults: \(plan.defaults.map { "\($0)" }.joined(separator: ", "))"]
        for (number, document) in plan.documents.enumerated() {
            let relation = document.relation.map { ", \($0.kind.rawValue) \($0.target)" } ?? ""
            lines.append(
                "document \(number): node \(document.node), person \(document.person)\(relation)"
                    + (hidden.contains(number) ? ", left out in the second region" : ""))
        }
        for (node, directive) in directives {
            let state = revoked.contains(directive.id) ? "revoked" : directive.status.rawValue
            lines.append("directive at node \(node), \(state): \(directive.base), exceptions \(directive.exceptions)")
        }
        for requester in requesters { lines.append("requester: \(requester)") }
        return lines.joined(separator: "\n")
    }
}

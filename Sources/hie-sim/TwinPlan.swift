import ConsentEngine
import DocumentExchange
import ExchangeCore
import FHIREndpoint
import Simulation
import Transactions
import XDSMetadata

/// What a seed makes of a region before anybody asks: who is registered, what is published, what is laid down.
struct TwinPlan: Sendable {
    let seed: UInt64
    let defaults: [ConsentPolicyDefault]
    let limits: ExchangeLimits
    /// Which people each node registers.
    let people: [[Int]]
    let documents: [RandomDocument]

    /// The plan of a seed.
    init(seed: UInt64) {
        var chance = Chance(seed: seed, salt: 1)
        self.seed = seed
        let count = chance.number(2...3)
        defaults = (0..<count).map { _ in chance.one(of: ConsentPolicyDefault.allCases, or: .optOut) }
        var limits = ExchangeLimits()
        if chance.oneIn(2) { limits.pageEntriesMax = chance.number(1...4) }
        if chance.oneIn(4) { limits.documentsPerSearchMax = chance.number(1...4) }
        self.limits = limits
        people = (0..<count).map { node in
            [0] + (1...2).filter { _ in chance.oneIn(node == 0 ? 2 : 3) }
        }
        var documents: [RandomDocument] = []
        for number in 0..<chance.number(4...10) {
            let node = chance.number(0...(count - 1))
            let person = chance.oneIn(5) ? chance.one(of: people[node], or: 0) : 0
            let earlier = documents.indices.filter { documents[$0].node == node && documents[$0].person == person }
            let target = chance.oneIn(4) ? chance.one(of: earlier) : nil
            documents.append(RandomDocument(&chance, number: number, node: node, person: person, target: target))
        }
        self.documents = documents
    }
}

/// A region made by a plan, with some documents left out or none.
struct Twin: Sendable {
    let region: Region
    /// The people's records, by node and person.
    private(set) var patients: [[PatientID?]]
    /// What was published, by the plan's number.
    private(set) var entries: [Int: DocumentEntry] = [:]

    /// Builds a region; the steps of what is left out pass without anything.
    init(_ plan: TwinPlan, without hidden: Set<Int> = [], identity: ConnectionIdentity) throws {
        region = try Region(seed: plan.seed, defaults: plan.defaults, limits: plan.limits, identity: identity)
        let region = region
        patients = plan.people.map { _ in [nil, nil, nil] }
        for (node, people) in plan.people.enumerated() {
            for person in people {
                patients[node][person] = try region.step(node * 3 + person) {
                    try await region.register(person, at: node)
                }
            }
        }
        for (number, document) in plan.documents.enumerated() where !hidden.contains(number) {
            guard let patient = patients[document.node][document.person] else { continue }
            let published = entries
            let entry = try region.step(10 + number) {
                try await region.publish(document, for: patient, published: published)
            }
            if let entry { entries[number] = entry }
        }
    }

    /// Records directives, each with the node that does; some are revoked afterwards.
    func record(_ directives: [(node: Int, directive: ConsentDirective)], revoked: Set<DirectiveID>) throws {
        let region = region
        for (number, (node, directive)) in directives.enumerated() {
            try region.step(40 + number) {
                let exchange = region.nodes[node].exchange
                try await exchange.recordConsent(directive, for: region.administrator(of: node))
                if revoked.contains(directive.id) {
                    _ = try await exchange.revokeConsent(directive.id, for: region.administrator(of: node))
                }
            }
        }
    }
}

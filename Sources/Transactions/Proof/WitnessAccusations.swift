import ExchangeCore
import GossipDirectory
import JSON
import Journal

/// Evidence that witnesses show each other: so that a log that tells two peers two stories is known to both.
extension WitnessBook {
    /// Rounds in which a log gave no answer, after which two heads stand against it: a log that falls silent clears nothing.
    static let silenceMax = 10
    private static let openMax = 64

    /// Everything held against others, for another node.
    var shownEvidence: JSONValue { .array(evidence.prefix(64).map { .string($0.text) }) }

    /// Hears what another node holds against logs.
    func hearEvidence(_ json: JSONValue?) async throws(ExchangeError) {
        for item in (json?.items ?? []).prefix(64) {
            guard let text = item.string, let accusation = try? WitnessEvidence(text: text), let log = LogOrigin(accusation.origin)
            else { continue }
            if accusation.origin == origin {
                for note in [accusation.first, accusation.second] { try await compareOwn(note) }
                continue
            }
            guard let key = logKey(log, accusation.origin), !dismissed.contains(Self.content(accusation)),
                accusation.kind != .unproven || !isSucceeded(accusation.origin)
            else { continue }
            if case .askForProof(let open) = witness.hear(accusation, key: key, now: world.now()) {
                if accusations.count < Self.openMax { accusations[Self.content(open)] = accusations[Self.content(open)] ?? (open, 0) }
            }
        }
        try await keepEvidence()
    }

    /// What logs are to be asked to clear: what others showed, and what is held already.
    func openAccusations() -> [WitnessEvidence] {
        (accusations.values.map(\.evidence) + witness.evidence.filter { $0.kind == .unproven && $0.origin != origin })
            .filter { !isSucceeded($0.origin) }
    }

    /// Takes what a log answered when it was asked to clear itself; nil when it gave no answer.
    func settle(_ accusation: WitnessEvidence, answer: WitnessAnswer?) async throws(ExchangeError) {
        let content = Self.content(accusation)
        guard let answer, answer.status == 200 || answer.status == 404 else {
            guard let open = accusations[content] else { return }
            accusations[content] = (open.evidence, open.silences + 1)
            if open.silences + 1 >= Self.silenceMax {
                accusations[content] = nil
                _ = witness.settle(accusation, nil, now: world.now())
                try await keepEvidence()
            }
            return
        }
        accusations[content] = nil
        let proof = answer.status == 200 ? try? ProofLines.hashes(of: answer.text) : nil
        let wasHeld = witness.evidence.contains(accusation)
        if witness.settle(accusation, proof, now: world.now()) { return try await keepEvidence() }
        if dismissed.count >= 10_000 { dismissed = [] }
        dismissed.insert(content)
        if wasHeld { try await forget(accusation) }
    }

    /// The same heads against the same log, whoever found them, and when.
    private static func content(_ evidence: WitnessEvidence) -> String {
        "\(evidence.kind.rawValue) \(evidence.origin)\n\(evidence.first.text)\n\(evidence.second.text)"
    }
}

extension Exchange {
    /// Asks every log that something stands against, and that can be reached, to clear itself.
    func settleAccusations(_ witness: WitnessBook, by client: any WitnessClient) async throws(ExchangeError) {
        for accusation in await witness.openAccusations() {
            guard let log = LogOrigin(accusation.origin), let sizes = accusation.sizes else { continue }
            var answer: WitnessAnswer?
            if let target = target(log.community) {
                answer = try? await client.ask(
                    .proveConsistency, "from \(sizes.smaller)\nto \(sizes.larger)\n", of: target)
            }
            try await witness.settle(accusation, answer: answer)
        }
    }
}

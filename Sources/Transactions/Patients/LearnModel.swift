import ExchangeCore
import JSON
import Journal
import PatientIndex

/// The model's life: learnt from the index, shown beside the one in force, put in force by a person; all of it journalled.
extension IdentityDesk {
    /// Registrations that learning looks at, at most.
    private static let learnedFrom = 200_000

    /// The model in force, and what was done about models, newest first.
    package func models() async throws(ExchangeError) -> (inForce: MatchModel, acts: [ModelAct]) {
        try await read { try await projection.persons { ($0.model, try $0.modelActs(limit: 100)) } }
    }

    /// Learns a model from one snapshot, judges the latest registrations by it, and records both; nothing is decided by it.
    package func learnModel(actor: String) async throws(ExchangeError) -> ModelAct {
        let policy = policy
        let seed = world.randomBits()
        let act = try await read {
            try await projection.persons { snapshot -> ModelAct? in
                guard let model = try Self.learn(snapshot, seed: seed) else { return nil }
                return ModelAct(
                    .learned, model, shadow: try ModelShadow(snapshot, against: model, policy: policy), actor: actor)
            }
        }
        guard let act else {
            throw ExchangeError(
                .conflict, "too few patients are registered to learn from; \(ModelLearning.pairsMin) pairs are the least")
        }
        return try await keep(act)
    }

    /// Puts a model in force that was learnt before, or `initial`; what was decided stays decided.
    package func activateModel(_ id: String, actor: String, reason: String) async throws(ExchangeError) -> ModelAct {
        let (inForce, acts) = try await models()
        guard let model = id == MatchModel.initial.id ? .initial : acts.first(where: { $0.model.id == id })?.model else {
            throw ExchangeError(.notFound, "no model of that name was learnt here; see hie patient model show")
        }
        guard model != inForce else { throw ExchangeError(.conflict, "this model is in force already") }
        return try await keep(ModelAct(.activated, model, actor: actor, reason: reason))
    }

    private func keep(_ act: ModelAct) async throws(ExchangeError) -> ModelAct {
        _ = try await journal.append(
            EntryDraft(kind: .administration, subject: nil, payload: ModelEntry.payload(act)))
        return act
    }

    /// Random pairs tell what strangers have in common; pairs from one posting what neighbours have.
    private static func learn(_ snapshot: any PersonSnapshot, seed: UInt64) throws -> MatchModel? {
        var records: [PackedRecord] = []
        var postings: [UInt64: Int] = [:]
        var learning = ModelLearning(base: snapshot.model, names: snapshot.names)
        try snapshot.everyRecord { _, _, packed in
            guard records.count < learnedFrom else { return }
            let place = records.count
            records.append(packed)
            // The last one under the same key: each record meets at most a few.
            var met: Set<Int> = []
            for key in packed.read({ BlockingKey.keys(of: $0, reach: .near, secret: snapshot.secret) }) {
                if let other = postings.updateValue(place, forKey: key), met.count < 4, met.insert(other).inserted {
                    learning.addNeighbours(packed, records[other])
                }
            }
        }
        guard records.count > 1 else { return nil }
        var random = PairDraw(state: seed)
        for _ in 0..<min(records.count * 4, 200_000) {
            let (one, other) = (random.below(records.count), random.below(records.count))
            if one != other { learning.addStrangers(records[one], records[other]) }
        }
        return learning.learned()
    }
}

/// Draws places from a seed (SplitMix64): learning is repeated exactly from the seed it was given.
private struct PairDraw {
    var state: UInt64

    mutating func below(_ count: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((mixed ^ (mixed >> 31)) % UInt64(count))
    }
}

import ExchangeCore
import Journal
import PatientIndex

extension Exchange {
    /// Says again, under the keys of the other records, whose they are and from whom they are kept apart.
    ///
    /// An entry is sealed under the key of one record. Where that is about to be destroyed, what the entry says of others
    /// would be lost when the tables are made anew.
    func restate(without patient: PatientID, actor: String) async throws(ExchangeError) {
        let acts = try await read {
            try await projection.persons { try Self.restatements(without: patient, actor: actor, $0) }
        }
        guard !acts.isEmpty else { return }
        _ = try await journal.append(
            acts.map { act in
                let entry = IdentityEntry.act(act)
                return EntryDraft(kind: .identity, subject: act.records.first, payload: entry.payload, value: entry)
            })
    }

    private static func restatements(without patient: PatientID, actor: String, _ snapshot: any PersonSnapshot) throws
        -> [IdentityAct]
    {
        var others = try snapshot.person(of: patient).map { try snapshot.members(of: $0) } ?? []
        var pairs: [IdentityAct.Pair] = []
        for position in try snapshot.acts(about: patient) {
            guard let act = try snapshot.act(at: position), act.records.first == patient else { continue }
            others += act.records
            pairs += try act.apart.filter { pair in
                try pair.one != patient && pair.other != patient && snapshot.areApart(pair.one, pair.other)
            }
        }
        var seen: Set<PatientID> = [patient]
        return try others.filter { seen.insert($0).inserted }.compactMap { other in
            guard let person = try snapshot.person(of: other).map({ try snapshot.id(of: $0) }) else { return nil }
            return IdentityAct(
                .restate, moves: [RecordMove(record: other, from: person, to: person)],
                apart: pairs.filter { $0.one == other }, actor: actor, reason: "another record is erased")
        }
    }
}

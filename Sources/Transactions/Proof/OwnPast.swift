import ExchangeCore
import GossipDirectory
import JSON
import Journal

extension Exchange {
    /// Asks others, before anything is served or signed, what they hold of this node's own log; shows them nothing. How many
    /// answered.
    ///
    /// Throws `.corrupted` when one holds a head that this node signed and its journal does not continue (security.md T48,
    /// T69).
    package func hearOfOwnLog(
        from others: [DirectoryTarget], by client: any WitnessClient,
    ) async throws(ExchangeError) -> Int {
        guard let witness else { return 0 }
        try await demandNoPast(witness)
        let nothing = String(decoding: JSONWriter.bytes(["heads": .array([])]), as: UTF8.self)
        let answers = await withTaskGroup(of: WitnessAnswer?.self, returning: [WitnessAnswer].self) { group in
            for other in others {
                group.addTask { try? await client.ask(.exchangeHeads, nothing, of: other) }
            }
            var answers: [WitnessAnswer] = []
            for await answer in group { if let answer, answer.status == 200 { answers.append(answer) } }
            return answers
        }
        var heard = 0
        for answer in answers {
            do throws(ExchangeError) {
                _ = try await witness.hear(answer.text)
                heard += 1
            } catch where error.code == .badRequest {
                continue
            }
        }
        try await demandNoPast(witness)
        return heard
    }
}

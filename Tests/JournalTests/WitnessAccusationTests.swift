import ExchangeCore
import Journal
import Testing

/// Evidence that witnesses pass on: what needs nobody's word, what a log may clear itself of.
@Suite struct WitnessAccusationTests {
    private func evidence(_ kind: WitnessEvidence.Kind, _ first: SignedNote, _ second: SignedNote, _ log: WitnessScene)
        -> WitnessEvidence
    {
        WitnessEvidence(kind: kind, key: log.signer.verifier, first: first, second: second, found: WitnessScene.now)
    }

    @Test func `a fork or a rollback that another shows is taken, and false charges are not`() throws {
        let log = try WitnessScene(entries: 9)
        let forged = try WitnessScene(entries: 9, branch: 7, common: 3)
        let stranger = try WitnessScene(community: 2, entries: 9)
        let key = log.signer.verifier
        let fork = evidence(.fork, try log.head(5), try forged.head(5), log)
        let rollback = evidence(.rollback, try log.head(9, at: 10), try log.head(5, at: 20), log)
        for accusation in [fork, rollback] {
            var witness = Witness()
            let taken = witness.hear(accusation, key: key, now: WitnessScene.now)
            #expect(taken == .taken && witness.evidence.map(\.kind) == [accusation.kind])
            let again = witness.hear(accusation, key: key, now: WitnessScene.now)
            #expect(again == .nothing, "once")
        }
        let false_ = [
            evidence(.fork, try log.head(5), try log.head(5), log),
            evidence(.fork, try log.head(5), try log.head(6), log),
            evidence(.fork, try log.head(5), try stranger.head(5), log),
            evidence(.rollback, try log.head(5, at: 10), try log.head(9, at: 20), log),
            evidence(.rollback, try log.head(9, at: 20), try log.head(5, at: 20), log),
            evidence(.unproven, try log.head(5), try log.head(5), log),
        ]
        for accusation in false_ {
            var witness = Witness()
            let heard = witness.hear(accusation, key: key, now: WitnessScene.now)
            #expect(heard == .nothing, "\(accusation.kind)")
            let foreign = witness.hear(fork, key: stranger.signer.verifier, now: WitnessScene.now)
            #expect(foreign == .nothing && witness.evidence.isEmpty, "another's key")
        }
    }

    @Test func `two heads without a proof stand against a log until it gives one, at every pair of sizes`() throws {
        let log = try WitnessScene(entries: 16)
        let forged = try WitnessScene(entries: 16, branch: 7, common: 3)
        let key = log.signer.verifier
        for smaller in 1..<16 {
            for larger in (smaller + 1)...16 {
                let honest = evidence(.unproven, try log.head(larger), try log.head(smaller), log)
                var witness = Witness()
                let heard = witness.hear(honest, key: key, now: WitnessScene.now)
                #expect(heard == .askForProof(honest) && witness.evidence.isEmpty, "nobody is accused before it was asked")
                let proof = try #require(log.tree.consistencyProof(from: UInt64(smaller), to: UInt64(larger)))
                let isAccused = witness.settle(honest, proof, now: WitnessScene.now)
                #expect(!isAccused && witness.evidence.isEmpty)
                // A lie is told apart where the forged log differs, whatever it answers.
                let lie = evidence(.unproven, try log.head(smaller), try forged.head(larger), log)
                let answers = [nil, [], proof, forged.tree.consistencyProof(from: UInt64(smaller), to: UInt64(larger))]
                for answer in answers where smaller > 3 {
                    var other = Witness()
                    let stands = other.settle(lie, answer, now: WitnessScene.now)
                    #expect(stands && other.evidence.map(\.kind) == [.unproven], "\(smaller) to \(larger)")
                }
                // Accused while it was silent, and cleared once it answers.
                var third = Witness()
                let isSilent = third.settle(honest, nil, now: WitnessScene.now)
                let held = try #require(third.evidence.first)
                let stillStands = third.settle(held, proof, now: WitnessScene.now)
                #expect(isSilent && !stillStands && third.evidence.isEmpty)
            }
        }
    }
}

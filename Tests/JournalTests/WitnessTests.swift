import ExchangeCore
import Journal
import Testing

@Suite struct WitnessTests {
    @Test func `a cosignature says what and when, and stands only for its text, its time and its key`() throws {
        let log = try WitnessScene(entries: 5)
        let other = try WitnessScene(community: 2, entries: 0)
        let note = try log.head(5, at: 77)
        let both = note.adding([try other.signer.cosign(note.text, time: 99)])
        let read = try SignedNote(parsing: both.description)
        #expect(log.signer.verifier.verifies(read) && read.signatures.count == 3)
        #expect(log.signer.verifier.cosigned(read) == 77 && other.signer.verifier.cosigned(read) == 99)
        #expect(other.signer.verifier.verifies(read) == false, "a cosignature is no signature of the log")
        let newer = read.adding([try other.signer.cosign(note.text, time: 100)])
        #expect(newer.signatures.count == 3 && other.signer.verifier.cosigned(newer) == 100)
        for index in 0..<72 {
            var bytes = read.signatures[2].bytes
            bytes[index] ^= 1
            let line = SignedNote.Signature(name: "oid/1.2.3.2", keyID: other.signer.verifier.cosigningKeyID, bytes: bytes)
            #expect(other.signer.verifier.cosigned(SignedNote(text: note.text, signatures: [line])) == nil)
        }
        let key = other.signer.verifier
        #expect(NoteVerifier(cosigningText: key.cosigningText) == key && NoteVerifier(text: key.cosigningText) == nil)
        #expect(try SignedNote.lines(SignedNote.line(read.signatures[2])) == [read.signatures[2]])
    }

    @Test func `a submission reads back as written, and nothing else reads as one`() throws {
        let log = try WitnessScene(entries: 300)
        for (old, size) in [(0, 5), (5, 5), (3, 300), (256, 300), (299, 300)] {
            let made = try log.submission(size, from: old)
            #expect(try CheckpointSubmission(parsing: made.text) == made)
        }
        let text = try log.submission(300, from: 3).text
        for bad in ["", "old 3", "old -1\n\n", "old 03\n\n" + text, "new 3\n" + text, "old 3\nAAAA\n\n" + text,
            text.replacing("old 3\n", with: "old 3\nnot base64!\n"), String(text.dropLast())] {
            #expect(throws: ExchangeError(.badRequest, "")) { try CheckpointSubmission(parsing: bad) }
        }
    }

    @Test func `T59 a witness takes honest growth of every kind, and cosigns nothing that does not continue`() throws {
        let log = try WitnessScene(entries: 33)
        for old in 0...33 {
            for size in old...33 {
                var witness = Witness()
                try log.submit(old, from: 0, to: &witness)
                let verdict = try log.submit(size, from: old, to: &witness)
                guard case .accepted = verdict else {
                    Issue.record("\(old) to \(size): \(verdict)")
                    continue
                }
                #expect(witness.heads["oid/1.2.3.1"]?.checkpoint.size == UInt64(size) && witness.evidence.isEmpty)
            }
        }
    }

    @Test func `T49 T50 a rewritten log is refused at every size, and the evidence stands by itself`() throws {
        let honest = try WitnessScene(entries: 24)
        for size in 1...24 {
            for changed in 0..<size {
                let forged = try WitnessScene(entries: 24, branch: 1, common: changed)
                var witness = Witness()
                try honest.submit(size, from: 0, to: &witness)
                let verdict = try forged.submit(24, from: size, to: &witness)
                #expect(size == 24 ? verdict == .conflict(24) : verdict == .unproven, "\(changed) of \(size)")
                let found = try #require(witness.evidence.first)
                #expect(found.kind == (size == 24 ? .fork : .unproven) && found.isSound)
                #expect(try WitnessEvidence(text: found.text) == found)
                #expect(witness.heads["oid/1.2.3.1"]?.checkpoint.size == UInt64(size), "the head known stays")
            }
        }
    }

    @Test func `T48 a log that went back is told by its own clock`() throws {
        let log = try WitnessScene(entries: 20)
        var witness = Witness()
        try log.submit(20, from: 0, to: &witness, at: 1_790_000_000 - 30)
        #expect(try log.submit(12, from: 0, to: &witness, at: 1_790_000_000 - 40) == .conflict(20))
        #expect(witness.evidence.isEmpty, "an old head that comes late says nothing")
        #expect(try log.submit(12, from: 0, to: &witness, at: 1_790_000_000 - 20) == .conflict(20))
        let found = try #require(witness.evidence.first)
        #expect(found.kind == .rollback && found.isSound)
        let turned = WitnessEvidence(
            kind: .rollback, key: found.key, first: try log.head(20, at: 50), second: try log.head(12, at: 40),
            found: found.found)
        #expect(!turned.isSound, "the same heads the other way round are honest")
    }

    @Test func `T50 a fork shown to two honest witnesses is found when they exchange what they hold`() throws {
        let one = try WitnessScene(entries: 30)
        let two = try WitnessScene(entries: 30, branch: 9, common: 17)
        for (left, right) in [(20, 20), (20, 25), (25, 20), (18, 30)] {
            var b = Witness()
            var c = Witness()
            try one.submit(left, from: 0, to: &b)
            try two.submit(right, from: 0, to: &c)
            let notes = (b.heads["oid/1.2.3.1"]?.note, c.heads["oid/1.2.3.1"]?.note)
            let atB = b.hear(try #require(notes.1), key: one.signer.verifier, cosigners: [], now: WitnessScene.now)
            let atC = c.hear(try #require(notes.0), key: one.signer.verifier, cosigners: [], now: WitnessScene.now)
            if left == right {
                #expect(b.evidence.map(\.kind) == [.fork] && c.evidence.map(\.kind) == [.fork])
                continue
            }
            // Whoever knows the smaller head asks the log for a proof, which it cannot give.
            guard case .askForProof(let head) = left < right ? atB : atC else {
                Issue.record("nobody asked")
                continue
            }
            let proof = two.tree.consistencyProof(from: UInt64(min(left, right)), to: UInt64(max(left, right))) ?? []
            let isProven = left < right
                ? b.prove(head, proof, now: WitnessScene.now) : c.prove(head, proof, now: WitnessScene.now)
            #expect(!isProven)
            #expect((left < right ? b : c).evidence.map(\.kind) == [.unproven])
        }
    }

    @Test func `an honest head that others pass on is proven, kept, and its cosignatures are gathered`() throws {
        let log = try WitnessScene(entries: 30)
        let friend = try WitnessScene(community: 2, entries: 0).signer
        let stranger = try WitnessScene(community: 3, entries: 0).signer
        var witness = Witness()
        try log.submit(10, from: 0, to: &witness)
        let note = try log.head(24)
        let cosigned = note.adding([try friend.cosign(note.text, time: 5), try stranger.cosign(note.text, time: 6)])
        let heard = witness.hear(
            cosigned, key: log.signer.verifier, cosigners: [friend.verifier], now: WitnessScene.now)
        guard case .askForProof(let head) = heard else { throw ExchangeError(.internal, "\(heard)") }
        #expect(head.note.signatures.count == 3, "the log's two and the friend's")
        let isProven = witness.prove(head, log.tree.consistencyProof(from: 10, to: 24) ?? [], now: WitnessScene.now)
        #expect(isProven)
        witness.take(head)
        let again = witness.hear(note, key: log.signer.verifier, cosigners: [], now: WitnessScene.now)
        #expect(again == .nothing)
        let more = note.adding([try stranger.cosign(note.text, time: 6)])
        guard
            case .keep(let merged) = witness.hear(
                more, key: log.signer.verifier, cosigners: [stranger.verifier], now: WitnessScene.now)
        else { throw ExchangeError(.internal, "not merged") }
        #expect(merged.note.signatures.count == 4)
        #expect(try WitnessedHead(text: merged.text) == merged)
        #expect(witness.evidence.isEmpty)
    }

    @Test func `what is not the log's own, or is dated ahead, is refused and leaves nothing behind`() throws {
        let log = try WitnessScene(entries: 9)
        let other = try WitnessScene(community: 2, entries: 9)
        var witness = Witness()
        let foreign = witness.judge(try log.submission(9, from: 0), key: other.signer.verifier, now: WitnessScene.now)
        #expect(foreign == .untrusted)
        let ahead = try log.submission(9, from: 0, at: 1_790_000_100)
        guard case .malformed = witness.judge(ahead, key: log.signer.verifier, now: WitnessScene.now) else {
            throw ExchangeError(.internal, "dated ahead and taken")
        }
        let heard = witness.hear(ahead.note, key: log.signer.verifier, cosigners: [], now: WitnessScene.now)
        #expect(heard == .nothing)
        #expect(try log.submit(9, from: 4, to: &witness) == .conflict(0))
        #expect(witness == Witness())
        #expect(LogOrigin("oid/1.2.3/2")?.incarnation == 2 && LogOrigin("oid/1.2.3/02") == nil)
        #expect(LogOrigin("oid/1.2.3/1") == nil && LogOrigin("example.com/log") == nil)
        #expect(LogOrigin("oid/1.2.3/2")?.text == "oid/1.2.3/2")
    }
}

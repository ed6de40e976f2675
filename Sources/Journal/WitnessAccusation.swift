import ExchangeCore

extension Witness {
    /// What comes of evidence that another witness shows.
    package enum Accusation: Sendable, Equatable {
        /// It shows nothing, or nothing that is not known.
        case nothing
        /// It needs nobody's word: taken.
        case taken
        /// The log must be asked for the proof that the larger head continues the smaller.
        case askForProof(WitnessEvidence)
    }

    /// Hears of evidence from somebody else, about the log whose key is given.
    package mutating func hear(_ accusation: WitnessEvidence, key: NoteVerifier, now: Timestamp) -> Accusation {
        guard accusation.key == key, accusation.isSound, !isHeld(accusation.kind, accusation.origin) else { return .nothing }
        guard accusation.kind == .unproven else {
            accuse(accusation, now: now)
            return .taken
        }
        return .askForProof(accusation)
    }

    /// Judges what a log answered when it was asked for the proof between the two heads of evidence; whether they stand
    /// against it.
    ///
    /// - Parameter proof: nil when it gave none.
    package mutating func settle(_ accusation: WitnessEvidence, _ proof: [[UInt8]]?, now: Timestamp) -> Bool {
        guard let proof, accusation.isCleared(by: proof) else {
            accuse(accusation, now: now)
            return true
        }
        evidence.removeAll { $0.kind == .unproven && $0.first == accusation.first && $0.second == accusation.second }
        return false
    }

    private func isHeld(_ kind: WitnessEvidence.Kind, _ origin: String) -> Bool {
        evidence.contains { $0.origin == origin && $0.kind == kind }
    }

    private mutating func accuse(_ accusation: WitnessEvidence, now: Timestamp) {
        guard !isHeld(accusation.kind, accusation.origin) else { return }
        evidence.append(
            WitnessEvidence(
                kind: accusation.kind, key: accusation.key, first: accusation.first, second: accusation.second, found: now))
    }
}

extension WitnessEvidence {
    /// The sizes that the log must prove between, the smaller first; nil when there is nothing to prove.
    package var sizes: (smaller: UInt64, larger: UInt64)? {
        guard kind == .unproven, let one = try? Checkpoint(text: first.text), let other = try? Checkpoint(text: second.text)
        else { return nil }
        return (min(one.size, other.size), max(one.size, other.size))
    }

    /// Whether a proof shows that the larger head continues the smaller.
    package func isCleared(by proof: [[UInt8]]) -> Bool {
        guard kind == .unproven, let one = try? Checkpoint(text: first.text), let other = try? Checkpoint(text: second.text)
        else { return false }
        let (smaller, larger) = one.size < other.size ? (one, other) : (other, one)
        return MerkleProof.isConsistent(
            first: smaller.size, firstRoot: smaller.root, second: larger.size, secondRoot: larger.root, proof: proof)
    }
}

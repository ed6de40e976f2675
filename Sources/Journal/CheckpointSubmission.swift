import ExchangeCore

/// A log's newest checkpoint on its way to a witness, with the proof that it continues the one the witness knows
/// (C2SP tlog-witness, the body of `add-checkpoint`).
package struct CheckpointSubmission: Sendable, Equatable {
    /// The size the witness is believed to know; 0 for none.
    package let old: UInt64
    /// The consistency proof from there (RFC 9162 section 2.1.4.1).
    package let proof: [[UInt8]]
    /// The signed checkpoint.
    package let note: SignedNote
    /// What it says.
    package let checkpoint: Checkpoint

    private static let proofMax = 63

    /// A submission from its parts. Throws `.badRequest` when the note's text is no checkpoint.
    package init(old: UInt64, proof: [[UInt8]], note: SignedNote) throws(ExchangeError) {
        self.old = old
        self.proof = proof
        self.note = note
        checkpoint = try Checkpoint(text: note.text)
    }

    /// Reads a body. Throws `.badRequest` saying what is not as the specification wants it.
    package init(parsing text: String) throws(ExchangeError) {
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false)
        guard let first = lines.first, let old = ProofLines.number(first, after: "old ") else {
            throw ExchangeError(.badRequest, "the first line must be `old` and a tree size", at: "line 1")
        }
        guard let gap = lines.firstIndex(where: \.isEmpty), gap - 1 <= Self.proofMax else {
            throw ExchangeError(.badRequest, "an empty line must follow a proof of at most \(Self.proofMax) hashes")
        }
        let proof = try ProofLines.hashes(lines[1..<gap])
        let note = lines[(gap + 1)...].map { String(decoding: $0, as: UTF8.self) }.joined(separator: "\n")
        try self.init(old: old, proof: proof, note: SignedNote(parsing: note))
    }

    /// The body.
    package var text: String {
        "old \(old)\n" + ProofLines.text(proof) + "\n" + note.description
    }
}

/// Hashes as C2SP writes them: one in base64 on each line.
package enum ProofLines {
    /// The lines of hashes, each ended by a newline.
    package static func text(_ hashes: [[UInt8]]) -> String { hashes.map { Base64.encode($0) + "\n" }.joined() }

    /// Reads such lines; throws `.badRequest` naming the line.
    package static func hashes(_ lines: some Sequence<Substring.UTF8View>) throws(ExchangeError) -> [[UInt8]] {
        var hashes: [[UInt8]] = []
        for line in lines {
            guard let hash = Base64.decode(String(decoding: line, as: UTF8.self)), hash.count == 32 else {
                throw ExchangeError(.badRequest, "a line of the proof is no hash", at: "line \(hashes.count + 2)")
            }
            hashes.append(hash)
        }
        return hashes
    }

    /// Reads the lines of a whole text, each ended by a newline; at most 64. Throws `.badRequest`.
    package static func hashes(of text: String) throws(ExchangeError) -> [[UInt8]] {
        guard text.isEmpty || text.utf8.last == 0x0A, text.utf8.count <= 64 * 45 else {
            throw ExchangeError(.badRequest, "this is no proof")
        }
        return try hashes(text.utf8.dropLast().split(separator: 0x0A).map { $0 })
    }

    /// A decimal number without leading zeros behind a word; nil for anything else.
    package static func number(_ line: some Collection<UInt8>, after word: String) -> UInt64? {
        guard line.starts(with: word.utf8) else { return nil }
        let digits = line.dropFirst(word.utf8.count)
        guard let first = digits.first, digits.allSatisfy({ (0x30...0x39).contains($0) }),
            first != 0x30 || digits.count == 1
        else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }
}

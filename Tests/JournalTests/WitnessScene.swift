import ExchangeCore
import Journal

/// A log in memory that signs heads of any size, and may be forked: what an administrator can do with the log's key.
struct WitnessScene {
    let signer: NoteSigner
    var tree: MerkleTree

    /// A log of one community's with so many entries; another `branch` gives other entries behind `common`.
    init(community: Int = 1, entries: Int, branch: UInt8 = 0, common: Int = 0) throws {
        signer = try NoteSigner(
            name: "oid/1.2.3.\(community)", privateKey: [UInt8](repeating: UInt8(community), count: 32))
        tree = MerkleTree(
            leaves: (0..<entries).map { MerkleHash.leaf([$0 < common ? 0 : branch, UInt8($0 >> 8), UInt8($0 & 255)]) })
    }

    /// A signed head at a size, cosigned by the log itself at a time.
    func head(_ size: Int, at time: UInt64 = 1_790_000_000) throws -> SignedNote {
        let root = tree.root(at: UInt64(size)) ?? []
        let note = try signer.sign(Checkpoint(origin: signer.verifier.name, size: UInt64(size), root: root).text)
        return note.adding([try signer.cosign(note.text, time: time)])
    }

    /// A submission of the head at a size to a witness that knows `old`.
    func submission(_ size: Int, from old: Int, at time: UInt64 = 1_790_000_000) throws -> CheckpointSubmission {
        try CheckpointSubmission(
            old: UInt64(old), proof: tree.consistencyProof(from: UInt64(old), to: UInt64(size)) ?? [],
            note: head(size, at: time))
    }

    /// Submits as a node does, and takes what is accepted.
    @discardableResult
    func submit(_ size: Int, from old: Int, to witness: inout Witness, at time: UInt64 = 1_790_000_000) throws
        -> Witness.Verdict
    {
        let verdict = witness.judge(
            try submission(size, from: old, at: time), key: signer.verifier, now: Self.now)
        if case .accepted(let head) = verdict { witness.take(head) }
        return verdict
    }

    static let now = Timestamp(seconds: 1_790_000_000)
}

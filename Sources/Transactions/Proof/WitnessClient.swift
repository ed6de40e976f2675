import ExchangeCore
import GossipDirectory

/// What one witness asks another, by the last part of its route.
package enum WitnessQuestion: String, Sendable, CaseIterable {
    /// A log's owner submits its newest checkpoint (C2SP tlog-witness).
    case addCheckpoint = "add-checkpoint"
    /// Two nodes show each other every head they hold.
    case exchangeHeads = "heads"
    /// A node is asked to prove that one head of its log continues another.
    case proveConsistency = "consistency"

    /// Bytes of a question and of an answer.
    package static let bytesMax = 2 << 20
}

/// What a witness answers: an HTTP status with the meaning tlog-witness gives it, and a text.
package struct WitnessAnswer: Sendable, Equatable {
    /// 200, or 400, 403, 404, 409, 422.
    package let status: Int
    /// Signature lines, heads, hashes or the size known.
    package let text: String

    /// An answer from its parts.
    package init(_ status: Int, _ text: String = "") {
        self.status = status
        self.text = text
    }
}

/// The port to other witnesses.
package protocol WitnessClient: Sendable {
    /// Asks a node and returns its answer, whatever its status; throws `.unavailable` or `.timeout` when none came.
    func ask(_ question: WitnessQuestion, _ text: String, of target: DirectoryTarget) async throws(ExchangeError)
        -> WitnessAnswer
}

import Crypto
import ExchangeCore
import JSON
import Trust

/// The completeness receipt as the asking node signs it: who was asked, what each said, over what was shown.
///
/// A JWS (RFC 7515) that any JOSE library verifies with the node's key from the directory. It names no patient: `list` is
/// the SHA-256 of the rows' references in their order, so whoever holds the answer can check that it is the one meant.
enum ReceiptToken {
    /// Signs a receipt.
    ///
    /// - Parameters:
    ///   - references: the whole list as it is shown, in its order.
    ///   - directory: the root of the directory the question was planned by.
    static func sign(
        _ receipt: CompletenessReceipt, over references: [[UInt8]], of subject: CommunityAnswer.Subject, asker: CommunityID, context: AccessContext,
        scope: String, directory: String, begun: Timestamp, now: Timestamp, key: SigningKey,
    ) throws(ExchangeError) -> String {
        var payload: JSONObject = [
            "iss": .string(asker.urn), "iat": .number(String(now.seconds)), "trace": .string(context.traceID),
            "begun": .string(begun.description), "scope": .string(scope), "directory": .string(directory),
            "complete": .bool(receipt.isComplete), "list": .string(digest(of: references)),
        ]
        payload[subject.rawValue] = .number(String(references.count))
        payload["communities"] = .array(
            receipt.communities.map { answer in
                var line: JSONObject = [
                    "community": .string(answer.community.urn), "answer": .string(answer.word),
                    "ms": .number(String(answer.elapsed.wholeMilliseconds)),
                ]
                switch answer.state {
                case .answered(let count), .incomplete(let count): line[subject.rawValue] = .number(String(count))
                case .ambiguous(let needs): line["needs"] = .array(needs.map { .string($0) })
                case .skipped(let reason): line["why"] = .string(reason.rawValue)
                case .none, .denied, .timedOut, .unreachable, .breakerOpen: break
                }
                return .object(line)
            })
        return try SignedToken(signing: payload, type: .completeness, key: key).compact
    }

    /// SHA-256 over each reference's bytes, each followed by a line feed; base64url.
    static func digest(of references: [[UInt8]]) -> String {
        var hash = SHA256()
        for reference in references {
            hash.update(data: reference)
            hash.update(data: [0x0A])
        }
        return Base64.encode(Array(hash.finalize()), .url)
    }
}

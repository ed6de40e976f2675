import ExchangeCore
import JSON
import Journal

extension WitnessEvidence {
    /// The form's name (Tests/interop/PROOFS.md).
    package static let format = "concordat-evidence/1"

    /// As the file that a witness presents: whoever knows the log's key checks it off line.
    package var json: JSONValue {
        [
            "format": .string(Self.format), "kind": .string(kind.rawValue), "log": .string(key.text),
            "first": .string(first.description), "second": .string(second.description),
            "found": .string(found.description),
        ]
    }

    /// Reads such a file; throws `.badRequest` naming the member that is not as the form wants it.
    package init(json: JSONValue) throws(ExchangeError) {
        func refusal(_ place: String) -> ExchangeError {
            ExchangeError(.badRequest, "this is no evidence of the form \(Self.format)", at: place)
        }
        guard json["format"]?.string == Self.format else { throw refusal("format") }
        guard let kind = json["kind"]?.string.flatMap({ Kind(rawValue: $0) }) else { throw refusal("kind") }
        guard let key = json["log"]?.string.flatMap({ NoteVerifier(text: $0) }) else { throw refusal("log") }
        func note(_ name: String) throws(ExchangeError) -> SignedNote {
            guard let text = json[name]?.string, let note = try? SignedNote(parsing: text) else { throw refusal(name) }
            return note
        }
        guard let found = json["found"]?.string.flatMap({ PartialDate($0)?.start }) else { throw refusal("found") }
        self.init(kind: kind, key: key, first: try note("first"), second: try note("second"), found: found)
    }

    /// Checks it by public keys alone. Throws `.corrupted` when it shows nothing.
    ///
    /// - Parameter trusted: keys an auditor holds; nil takes the one the evidence names.
    package func check(trusting trusted: [NoteVerifier]? = nil) throws(ExchangeError) {
        if let trusted, !trusted.contains(key) {
            throw ExchangeError(.corrupted, "the log's key is none of those you trust", at: "log")
        }
        guard isSound else {
            throw ExchangeError(.corrupted, "the two heads are not both the log's own, or do not contradict each other")
        }
    }
}

import ExchangeCore
import JSON
import XDSMetadata

/// A document entry as `DocumentReference` (MHD 4.2) and back, without loss.
package enum DocumentReferenceMapping {
    /// The DocumentReference of an entry; `base` (no slash at its end) makes the attachment's URL absolute.
    package static func json(_ entry: DocumentEntry, base: String) -> JSONObject { [:] }

    /// The entry of a DocumentReference that `json` made, here or at a peer that runs Concordat.
    ///
    /// - Throws: `.badRequest` naming the element that is missing or wrong.
    package static func entry(_ reference: JSONObject) throws(ExchangeError) -> DocumentEntry {
        throw ExchangeError(.unavailable, "not yet")
    }
}

import Crypto
import ExchangeCore
import FHIRModel
import JSON
import XDSMetadata

/// A `DocumentReference` of another community, by whatever speaks MHD, as an entry of this exchange.
///
/// A peer need not run Concordat: its ids are any FHIR ids, its community need not stand on each resource, digests may be
/// left out. What it says of itself is believed; an entry of another community or about another patient voids the answer
/// (T9, T10).
package enum ForeignReferenceMapping {
    /// An entry, and what leads to its bytes.
    package struct Found: Sendable {
        /// The entry; its `location` is to be set by whoever knows where the peer lives.
        package var entry: DocumentEntry
        /// `attachment.url` as written.
        package let url: String
        /// The resource's id as written.
        package let id: String
    }

    /// Reads one; nil for an entry that was entered in error, which is no document.
    ///
    /// - Parameters:
    ///   - patient: the patient's id at the peer, of whom was asked.
    ///   - community: the community that was asked: the home of what names none.
    /// - Throws: `.badRequest` naming the element that is missing or wrong.
    package static func entry(_ reference: JSONObject, of patient: String, at community: CommunityID)
        throws(ExchangeError) -> Found?
    {
        try demandHome(reference, community)
        try demandSubject(reference, patient)
        guard let id = reference["id"]?.string, Primitive.id.accepts(.string(id)) else { throw wrong("id") }
        guard let word = reference["status"]?.string else { throw wrong("status") }
        if same(word, "entered-in-error") { return nil }
        guard let status = AvailabilityStatus(rawValue: word) else { throw wrong("status") }
        guard let registered = time(reference) else { throw wrong("date") }
        var readable = reference
        // A unique id that is no URI names the document at its home alone: the entry's own id does that better.
        if let identifier = reference["masterIdentifier"], DraftReading.uri(identifier) == nil {
            readable["masterIdentifier"] = nil
        }
        let reading = DraftReading(path: "DocumentReference", lookup: ResourceLookup(container: readable))
        let (draft, content) = try reading.draft(readable)
        guard case .at(let url) = content else { throw wrong("content[0].attachment.url") }
        let local: DocumentID = named(id, as: "DocumentReference", at: community)
        var entry = DocumentEntry(
            id: local, uniqueID: draft.uniqueID ?? "urn:uuid:\(local)",
            patient: named(patient, as: "Patient", at: community), home: community, mimeType: draft.mimeType,
            sha1: draft.sha1 ?? [], sha256: DocumentReferenceMapping.sha256(reference) ?? [], size: draft.size ?? -1,
            registered: registered)
        draft.describe(&entry)
        entry.status = status
        return Found(entry: entry, url: url, id: id)
    }

    /// The UUID a peer's id is known by here: itself where it is one, else one made of its community, type and id
    /// (RFC 9562, version 8), so that the same document has the same id each time.
    package static func named<Subject>(_ id: String, as type: String, at community: CommunityID) -> LocalID<Subject> {
        if let known = LocalID<Subject>(id), same(known.description, id) { return known }
        return .derived(from: SHA256.hash(data: Array("\(community.urn) \(type)/\(id)".utf8)))
    }

    /// Every home it names is the community that was asked; one it cannot name well counts as another.
    static func demandHome(_ resource: JSONObject, _ community: CommunityID) throws(ExchangeError) {
        for item in resource["extension"]?.items ?? [] where item["url"]?.string == MHDNames.homeCommunity {
            guard item["valueOid"]?.string.flatMap({ CommunityID($0) }) == community else {
                throw ExchangeError(.badRequest, "the peer answered for another community")
            }
        }
    }

    /// It is about the patient that was asked for, by the peer's own id.
    static func demandSubject(_ resource: JSONObject, _ patient: String) throws(ExchangeError) {
        switch FHIRReference(json: resource["subject"])?.target {
        case .relative("Patient", let id) where same(id, patient), .absolute(_, "Patient", let id) where same(id, patient): return
        default: throw ExchangeError(.badRequest, "the peer answered about another patient")
        }
    }

    /// When it was registered there: `date`, else when the resource last changed, else when the document was written.
    private static func time(_ reference: JSONObject) -> Timestamp? {
        let texts = [
            reference["date"], reference["meta"]?["lastUpdated"], reference["content"]?[0]?["attachment"]?["creation"],
        ]
        for text in texts { if let time = text?.string.flatMap({ PartialDate($0) }) { return time.start } }
        return nil
    }

    private static func wrong(_ element: String) -> ExchangeError {
        ExchangeError(.badRequest, "missing, or not as MHD has it", at: "DocumentReference." + element)
    }
}

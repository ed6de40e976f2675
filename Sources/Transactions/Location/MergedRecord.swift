import ConsentEngine
import DocumentExchange
import ExchangeCore
import JSON
import XDSMetadata

/// One row of a list of documents: its place, and its `DocumentReference`.
package struct FoundDocument: Hashable, Sendable {
    /// When the entry was registered where it is held.
    package let registered: Timestamp
    /// The entry.
    package let id: DocumentID
    /// The resource as FHIR JSON.
    package let reference: [UInt8]

    /// A row from its parts.
    package init(registered: Timestamp, id: DocumentID, reference: [UInt8]) {
        self.registered = registered
        self.id = id
        self.reference = reference
    }

    /// The order of lists: newest first, ties by id.
    package static func comesBefore(_ left: Self, _ right: Self) -> Bool {
        (right.registered, left.id) < (left.registered, right.id)
    }
}

/// The documents of several communities as one list: each document once, wherever copies of it lie.
///
/// Two entries are the same document when their `uniqueId` and the digest of their bytes are equal; with other bytes
/// under the same id, or where a digest is missing, both are shown, since neither can be said to be the true one. Of several copies this node's own is
/// shown, else that of the community with the lowest identifier; the others are named on the row. A copy that was
/// replaced anywhere marks the row as replaced.
struct MergedRecord {
    /// The extension that names another community that holds the document.
    static let alsoHeldBy = "https://concordat.example/fhir/StructureDefinition/also-held-by"

    private struct Sameness: Hashable {
        let uniqueID: [UInt8]
        let sha1: [UInt8]
        /// The entry alone, where nothing says which bytes it stands for: it is the same as no other.
        let alone: DocumentID?

        init(_ entry: DocumentEntry) {
            self.init(uniqueID: Array(entry.uniqueID.utf8), sha1: entry.sha1, alone: entry.sha1.isEmpty ? entry.id : nil)
        }

        init(uniqueID: [UInt8], sha1: [UInt8], alone: DocumentID? = nil) {
            self.uniqueID = uniqueID
            self.sha1 = sha1
            self.alone = alone
        }
    }

    /// Newest first.
    let rows: [FoundDocument]

    /// Puts this node's documents and those of others together.
    ///
    /// - Parameters:
    ///   - base: URL of this node's FHIR service, through which others' documents are fetched.
    ///   - patient: this node's own record of the patient.
    init(own: [RegisteredDocument], others: [DocumentEntry], base: String, patient: PatientID) {
        var copies: [Sameness: [DocumentEntry]] = [:]
        for entry in others { copies[Sameness(entry), default: []].append(entry) }
        var rows: [FoundDocument] = []
        // A copy elsewhere of a document of our own: looked for only where an id says there may be one.
        let named = Set(copies.keys.map(\.uniqueID))
        for document in own {
            guard named.contains(Array(document.uniqueID.utf8)), let sha1 = Self.sha1(document.reference),
                let elsewhere = copies.removeValue(
                    forKey: Sameness(uniqueID: Array(document.uniqueID.utf8), sha1: sha1)),
                var reference = (try? JSONReader.read(document.reference))?.object
            else {
                rows.append(FoundDocument(registered: document.registered, id: document.facts.id, reference: document.reference))
                continue
            }
            Self.note(elsewhere, on: &reference, base: base, patient: patient)
            rows.append(
                FoundDocument(
                    registered: document.registered, id: document.facts.id,
                    reference: JSONWriter.bytes(.object(reference))))
        }
        for (_, same) in copies {
            let sorted = same.sorted { ($0.home, $0.id) < ($1.home, $1.id) }
            guard let first = sorted.first else { continue }
            var reference = Self.reference(first, base: base, patient: patient)
            Self.note(Array(sorted.dropFirst()), on: &reference, base: base, patient: patient)
            rows.append(
                FoundDocument(
                    registered: first.registered, id: first.id, reference: JSONWriter.bytes(.object(reference))))
        }
        self.rows = rows.sorted(by: FoundDocument.comesBefore)
    }

    /// Another community's entry as this node shows it: its own patient, and a link that leads through this node.
    static func reference(_ entry: DocumentEntry, base: String, patient: PatientID) -> JSONObject {
        var reference = DocumentReferenceMapping.json(entry, base: base)
        reference["subject"] = ["reference": .string("\(base)/Patient/\(patient)")]
        guard case .array(var content) = reference["content"], var first = content.first?.object,
            var attachment = first["attachment"]?.object
        else { return reference }
        attachment["url"] = .string(link(entry, base: base, patient: patient))
        first["attachment"] = .object(attachment)
        content[0] = .object(first)
        reference["content"] = .array(content)
        return reference
    }

    private static func link(_ entry: DocumentEntry, base: String, patient: PatientID) -> String {
        "\(base)/Binary/\(entry.id)?home=\(entry.home.urn)&patient=\(patient)"
    }

    /// Names the other places where copies of a document lie.
    private static func note(
        _ copies: [DocumentEntry], on reference: inout JSONObject, base: String, patient: PatientID,
    ) {
        guard !copies.isEmpty else { return }
        if copies.contains(where: { $0.status == .superseded }) {
            reference["status"] = .string(AvailabilityStatus.superseded.rawValue)
        }
        let named = copies.sorted { ($0.home, $0.id) < ($1.home, $1.id) }.map { copy -> JSONValue in
            [
                "url": .string(alsoHeldBy),
                "extension": [
                    ["url": "community", "valueOid": .string(copy.home.urn)],
                    ["url": "url", "valueUrl": .string(link(copy, base: base, patient: patient))],
                ],
            ]
        }
        reference["extension"] = .array((reference["extension"]?.items ?? []) + named)
    }

    private static func sha1(_ reference: [UInt8]) -> [UInt8]? {
        (try? JSONReader.read(reference))?["content"]?[0]?["attachment"]?["hash"]?.string.flatMap { Base64.decode($0) }
    }
}

import ExchangeCore
import JSON
import Journal

/// That one document was erased here: the payload of an `erasure` entry, which stands in clear.
///
/// It names random handles and a place, nothing else, so that a standby and a restored copy remove the bytes, too.
package struct DocumentErasure: Hashable, Sendable {
    /// The patient's handle.
    package let patient: PatientID
    /// The document, what its sealed bytes hashed to, and where they lay.
    package let contents: [ContentReference]
    /// Why.
    package let ground: Erasure.Ground
    /// By whom.
    package let user: String

    /// An erasure from its parts.
    package init(patient: PatientID, contents: [ContentReference], ground: Erasure.Ground, user: String) {
        self.patient = patient
        self.contents = contents
        self.ground = ground
        self.user = user
    }

    /// The canonical JSON that is hashed.
    package var payload: [UInt8] {
        JSONWriter.bytes([
            "erasedDocuments": .array(
                contents.map {
                    [
                        "document": .string($0.document.description), "digest": .string(Hexadecimal.encode($0.sealedDigest)),
                        "segment": .number(String($0.location.segment)), "offset": .number(String($0.location.offset)),
                        "length": .number(String($0.location.length)),
                    ]
                }), "patient": .string(patient.description), "ground": .string(ground.rawValue), "user": .string(user),
        ])
    }

    /// Reads the payload of an `erasure` entry; `.corrupted` when it cannot be read.
    package init(payload: [UInt8]) throws(ExchangeError) {
        let json = try PayloadReading.json(payload)
        guard let patient = PatientID(try PayloadReading.text(json, "patient")),
            let ground = Erasure.Ground(rawValue: try PayloadReading.text(json, "ground"))
        else { throw PayloadReading.damaged("patient") }
        var contents: [ContentReference] = []
        for item in json["erasedDocuments"]?.items ?? [] {
            guard let document = DocumentID(try PayloadReading.text(item, "document")),
                let digest = Hexadecimal.decode(try PayloadReading.text(item, "digest")), digest.count == 32,
                let segment = item["segment"]?.integer.flatMap({ UInt32(exactly: $0) }),
                let offset = item["offset"]?.integer.flatMap({ UInt64(exactly: $0) }),
                let length = item["length"]?.integer.flatMap({ UInt32(exactly: $0) })
            else { throw PayloadReading.damaged("erasedDocuments") }
            contents.append(
                ContentReference(
                    document: document, sealedDigest: digest,
                    location: ContentLocation(segment: segment, offset: offset, length: length)))
        }
        self.init(
            patient: patient, contents: contents, ground: ground, user: try PayloadReading.text(json, "user"))
    }

    /// Reads an entry; nil when it is about something else, `.corrupted` when it cannot be read.
    package init?(_ entry: CommittedEntry) throws(ExchangeError) {
        guard entry.kind == .erasure else { return nil }
        if let value = entry.value as? Self {
            self = value
        } else {
            self = try Self(payload: entry.payload)
        }
    }
}

extension JournalReader {
    /// Overwrites what the journal says was erased, wherever its bytes still lie: at start, before anything is served, since
    /// a node that stopped in between, a restored copy, or a standby may hold them.
    package func removeErased(namedBy projection: any ExchangeProjection) async throws(ExchangeError) {
        let named: [ContentReference]
        do {
            named = try await projection.erasedDocuments()
        } catch let error as ExchangeError {
            throw error
        } catch {
            throw ExchangeError(.unavailable, "the list of erasures cannot be read")
        }
        try await remove(named)
    }
}

import DocumentExchange
import ExchangeCore
import XDSMetadata

/// A document as a feed brings it: known by its source's number for it rather than by a `uniqueId` (MDM, ORU).
package struct FedDocument: Sendable {
    /// What is to become of it.
    package enum Act: Sendable, Hashable {
        /// It is new here, or here already with the same bytes.
        case original
        /// It is new, or takes the place of what stands under its number.
        case revision
        /// It adds to the document of another number.
        case addendum(to: String)
        /// It takes the place of the document of another number.
        case replacement(of: String)
        /// What stands under its number is no longer to be used; the request's one document says so to its readers.
        case cancellation
    }

    /// The source's number as `system|value`: kept among what the entry refers to.
    package let number: String
    /// What is to become of it.
    package let act: Act
    /// Patient and document; no document when the message only speaks of one.
    package var request: ProvideRequest

    /// A document from its parts.
    package init(number: String, act: Act, request: ProvideRequest) {
        self.number = number
        self.act = act
        self.request = request
    }
}

/// What came of a feed's document.
package enum FedDocumentOutcome: Sendable, Hashable {
    /// It was registered, as this entry.
    case published(DocumentID)
    /// It is here already, just so; nothing was written.
    case unchanged(DocumentID)
}

extension Exchange {
    /// ITI-41 and ITI-42 as a feed asks for them: the registry's rules are those of `provideAndRegister`; what a number means
    /// is found among the patient's own documents.
    ///
    /// Safe to repeat: the same bytes under the same number write nothing. Throws `.unknownPatient`; `.notFound` when the
    /// parent, or what only is spoken of, is not here; `.conflict` when a new document's number is taken by other bytes, or
    /// when the same document is being published at this moment.
    package func feedDocument(_ fed: FedDocument, for context: AccessContext) async throws(ExchangeError)
        -> FedDocumentOutcome
    {
        let patient = try await resolve(fed.request.patient)
        // Two messages about one number at the same time would both find nothing there.
        let held = ["feed document \(patient) \(fed.number)"]
        guard submissions.begin(held) else {
            throw ExchangeError(.conflict, "the same document is being published right now; try again")
        }
        defer { submissions.end(held) }
        let entries = try await read { try await projection.entries(of: patient, matching: DocumentQuery()) }
        let own = Self.newest(fed.number, entries)
        guard let document = fed.request.documents.first else {
            guard let own else { throw Self.noSuchNumber }
            return .unchanged(own.id)
        }
        if let own, own.sha256 == ContentDigest(document.bytes).sha256 { return .unchanged(own.id) }
        var request = fed.request
        request.documents[0].draft.related.append(fed.number)
        if let replaced = try target(of: fed.act, own, entries) {
            let kind: RelationKind = if case .addendum = fed.act { .appends } else { .replaces }
            request.documents[0].draft.relations = [.init(kind, target: replaced.id, reference: "")]
        }
        let submission = try await provideAndRegister(request, for: context)
        guard let entry = submission.documents.first?.entry else {
            throw ExchangeError(.internal, "a submission was registered without its document")
        }
        return .published(entry.id)
    }

    private static let noSuchNumber = ExchangeError(
        .notFound, "no document of that number is here; send it with its content", at: "number")

    /// The earlier document that one is related to; nil for one that stands by itself.
    private func target(of act: FedDocument.Act, _ own: DocumentEntry?, _ entries: [DocumentEntry]) throws(ExchangeError)
        -> DocumentEntry?
    {
        switch act {
        case .original:
            guard own == nil else {
                throw ExchangeError(
                    .conflict, "a document of that number is here with other content; send the new one as an edit or "
                        + "replacement", at: "number")
            }
            return nil
        case .revision: return own
        case .cancellation:
            guard let own else { throw Self.noSuchNumber }
            return own
        case .addendum(let parent), .replacement(let parent):
            guard let found = Self.newest(parent, entries) else {
                throw ExchangeError(.notFound, "the document it is about is not here; send that one first", at: "parent")
            }
            return found
        }
    }

    /// What stands under a number: the current document, else the one that was registered last.
    private static func newest(_ number: String, _ entries: [DocumentEntry]) -> DocumentEntry? {
        let named = entries.filter { $0.related.contains { $0.utf8.elementsEqual(number.utf8) } }
        let current = named.filter { $0.status == .current }
        return (current.isEmpty ? named : current).max { $0.registered < $1.registered }
    }
}

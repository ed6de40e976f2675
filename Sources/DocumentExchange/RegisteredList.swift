import ExchangeCore
import XDSMetadata

/// A submission set or folder as it is registered: itself, and every document in it, whoever may see them.
package struct RegisteredList: Hashable, Sendable {
    /// What it is.
    package enum Content: Hashable, Sendable {
        /// What was submitted together.
        case submissionSet(SubmissionSet)
        /// What somebody put together.
        case folder(Folder)
    }

    /// A document in a list.
    package struct Member: Hashable, Sendable {
        /// The document entry.
        package let document: DocumentID
        /// When it came into the list.
        package let added: Timestamp

        /// A document in a list since a moment.
        package init(_ document: DocumentID, added: Timestamp) {
            self.document = document
            self.added = added
        }
    }

    /// What it is.
    package let content: Content
    /// Its documents, in the order in which they came.
    package let members: [Member]

    /// A list from its parts.
    package init(_ content: Content, members: [Member]) {
        self.content = content
        self.members = members
    }

    /// Its id, without what it is.
    package var id: String {
        switch content {
        case .submissionSet(let set): set.id.description
        case .folder(let folder): folder.id.description
        }
    }

    /// Its `uniqueId`.
    package var uniqueID: String {
        switch content {
        case .submissionSet(let set): set.uniqueID
        case .folder(let folder): folder.uniqueID
        }
    }

    /// The record it was registered for.
    package var patient: PatientID {
        switch content {
        case .submissionSet(let set): set.patient
        case .folder(let folder): folder.patient
        }
    }

    /// Its kind.
    package var kind: ListKind {
        switch content {
        case .submissionSet: .submissionSet
        case .folder: .folder
        }
    }

    /// When it was submitted; of a folder, when the last of these documents came: what somebody may not see must not show in
    /// it. Nil for a folder without any of them.
    package func date(showing shown: Set<DocumentID>) -> PartialDate? {
        switch content {
        case .submissionSet(let set): set.submissionTime
        case .folder: members.filter { shown.contains($0.document) }.map(\.added).max().map { PartialDate($0) }
        }
    }

    /// Whether it answers a query but for its date.
    package func matches(_ query: ListQuery) -> Bool {
        guard query.wantsCurrent, query.kinds?.contains(kind) ?? true else { return false }
        if let ids = query.ids, !ids.contains(where: { same($0, id) }) { return false }
        switch content {
        case .submissionSet(let set):
            return QueryMatcher.any(query.designations, [set.contentType].compactMap { $0 })
                && isNamed(query.identifiers, set.uniqueID)
                && (query.sourceIDs.isEmpty || set.sourceID.map { id in query.sourceIDs.contains { same($0, id) } } ?? false)
                && QueryMatcher.names(query.sourceFamily, [set.author].compactMap { $0 }) { [$0.family] }
                && QueryMatcher.names(query.sourceGiven, [set.author].compactMap { $0 }) { $0.given }
        case .folder(let folder):
            return QueryMatcher.any(query.designations, folder.codes) && isNamed(query.identifiers, folder.uniqueID)
                && query.sourceIDs.isEmpty && query.sourceFamily.isEmpty && query.sourceGiven.isEmpty
        }
    }

    /// Whether it answers the date of a query, to somebody who may see these documents of it.
    package func matchesDate(_ query: ListQuery, showing shown: Set<DocumentID>) -> Bool {
        query.date.isEmpty || date(showing: shown).map { query.date.hold(of: $0) } ?? false
    }

    private func isNamed(_ wanted: [String], _ uniqueID: String) -> Bool {
        wanted.isEmpty || wanted.contains { same($0, uniqueID) || same($0, "urn:uuid:" + id) }
    }
}

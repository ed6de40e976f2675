import ExchangeCore

/// The two kinds of lists of documents (MHD's list types).
package enum ListKind: String, Sendable, CaseIterable {
    /// What was submitted together.
    case submissionSet = "submissionset"
    /// What somebody put together.
    case folder
}

/// What a search for lists asks for (ITI-18 FindSubmissionSets and FindFolders, ITI-66): every filled part must match.
package struct ListQuery: Hashable, Sendable {
    /// Kinds that match / `code`; nil means both.
    package var kinds: Set<ListKind>?
    /// Whether lists that are in force match / `status`: every list here is `current`.
    package var wantsCurrent = true
    /// `contentTypeCode` or `codeList` / `designationType`.
    package var designations: [DocumentQuery.CodeFilter] = []
    /// `uniqueId` or entryUUID / `identifier`, as URIs.
    package var identifiers: [String] = []
    /// Ids / `_id`; nil means any.
    package var ids: [String]?
    /// `sourceId`, as URIs.
    package var sourceIDs: [String] = []
    /// When it was submitted; of a folder, when the last document came that the asker may see / `date`.
    package var date: [DateFilter] = []
    /// Family names of the author / `source.family`.
    package var sourceFamily: [DocumentQuery.NameFilter] = []
    /// Given names of the author / `source.given`.
    package var sourceGiven: [DocumentQuery.NameFilter] = []

    /// A query that matches everything.
    package init() {}
}

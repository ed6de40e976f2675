import XDSMetadata

/// Whether an entry answers a query: the reference that every projection is tested against.
package enum QueryMatcher {
    /// True when every filled part of the query matches.
    package static func matches(_ entry: DocumentEntry, _ query: DocumentQuery) -> Bool { false }
}

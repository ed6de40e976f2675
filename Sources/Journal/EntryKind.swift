/// What an entry is about; the number stands in the entry's clear header and never changes its meaning.
package enum EntryKind: UInt8, Sendable, CaseIterable {
    /// The first entry of a log: its origin, and what it continues.
    case genesis = 1
    /// A patient was registered, changed, linked or merged.
    case identity = 2
    /// Documents were published, replaced or withdrawn.
    case submission = 3
    /// A consent directive was recorded or revoked.
    case consent = 4
    /// Somebody asked for patient data, and what was decided.
    case access = 5
    /// This node asked its peers about a patient.
    case inquiry = 6
    /// A record of the directory changed.
    case directory = 7
    /// An administrator changed the node.
    case administration = 8
    /// The log was repaired or restored with loss.
    case repair = 9
    /// Another community said what it did with a consent directive of this node.
    case delivery = 10
    /// Documents' sealed bytes were removed from the segments for ever; the header names them, and none stand before it.
    case erasure = 11
    /// A stay or visit of a patient began, changed or ended: who treats them.
    case encounter = 12
    /// Somebody subscribed to a patient's new documents, or does so no more.
    case subscription = 13
    /// A message of a feed had its effect, by digests alone: the same one again has none.
    case feed = 14
}

import ExchangeCore

extension JournalReader {
    /// Of up to `limit` entries from a position on those that are wanted by what their clear headers say, opened; and the
    /// position behind all that were looked at. Throws as `entries`.
    package func entries(
        from position: JournalPosition, limit: Int, where isWanted: (_ kind: EntryKind, _ subject: PatientID?) -> Bool,
    ) async throws(ExchangeError) -> (entries: [CommittedEntry], next: JournalPosition) {
        var entries: [CommittedEntry] = []
        var next = position
        for stored in try await store.read(from: position, limit: limit) {
            next = stored.position + 1
            // What has no readable header is opened, which names the damage.
            if let header = EntryHeader(stored.bytes), !isWanted(header.kind, header.subject) { continue }
            entries.append(try await open(stored))
        }
        return (entries, next)
    }
}

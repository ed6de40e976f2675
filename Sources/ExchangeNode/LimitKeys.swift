import ExchangeCore

/// The limits by the names they have in `node.yaml`, with the range each may take.
enum LimitKeys {
    struct Key: Sendable {
        let name: String
        let path: any WritableKeyPath<ExchangeLimits, Int> & Sendable
        let range: ClosedRange<Int>
        /// What it limits, for `hie config schema`.
        let meaning: String
    }

    static let all: [Key] = [
        Key(
            name: "request-bytes", path: \.requestBytesMax, range: 1024...1 << 30,
            meaning: "bytes of one request body on a FHIR listener; crossed: 413 before the rest is read"),
        Key(name: "document-bytes", path: \.documentBytesMax, range: 1024...1 << 29, meaning: "bytes of one document"),
        Key(name: "documents-per-submission", path: \.documentsPerSubmissionMax, range: 1...1000, meaning: "documents in one submission"),
        Key(name: "nesting", path: \.nestingMax, range: 8...512, meaning: "levels of nesting in JSON and XML"),
        Key(name: "page-entries", path: \.pageEntriesMax, range: 1...10_000, meaning: "entries on one page of a search"),
        Key(
            name: "documents-per-search", path: \.documentsPerSearchMax, range: 1...100_000,
            meaning: "document entries of one patient shown by one search of one node"),
        Key(name: "patients-per-search", path: \.patientsPerSearchMax, range: 1...250, meaning: "patients a search or match returns"),
        Key(
            name: "persons-per-user", path: \.personsPerUserMax, range: 1...1_000_000,
            meaning: "different people that one user of another community may ask about in an hour"),
        Key(
            name: "persons-per-community", path: \.personsPerCommunityMax, range: 1...1_000_000,
            meaning: "different people that another community may ask about in an hour"),
        Key(
            name: "patients-read", path: \.patientsReadMax, range: 1...1_000_000,
            meaning: "records that a search for patients by demographics reads; more is refused as too many"),
        Key(name: "match-candidates", path: \.matchCandidatesMax, range: 1...10_000, meaning: "candidates one match scores"),
        Key(
            name: "fan-out", path: \.fanOutMax, range: 1...1000,
            meaning: "communities asked at the same time for one question; more wait for their turn"),
        Key(
            name: "searches", path: \.searchesMax, range: 1...65536,
            meaning: "questions across communities that are waited for at the same time; one more is refused at once"),
        Key(name: "questions", path: \.questionsMax, range: 1...65536, meaning: "questions under way at the same time on one listener"),
        Key(
            name: "questions-per-asker", path: \.questionsPerAskerMax, range: 1...65536,
            meaning: "questions under way of one user, or of one other community"),
        Key(
            name: "peer-answer-bytes", path: \.peerAnswerBytesMax, range: 1024...1 << 30,
            meaning: "bytes accepted from one peer for one question"),
        Key(name: "connections", path: \.connectionsMax, range: 1...65536, meaning: "open connections on one listener"),
        Key(
            name: "idle-seconds", path: \.idleSecondsMax, range: 1...3600,
            meaning: "seconds a connection may stay silent, half-sent requests included"),
        Key(
            name: "locate-seconds", path: \.locateSecondsMax, range: 1...120,
            meaning: "seconds a question to other communities may take; what is missing then is named"),
        Key(
            name: "contact-seconds", path: \.contactSecondsMax, range: 1...3600,
            meaning: "seconds without contact to a community after which it is asked for consent statements before peers are answered"),
        Key(
            name: "catch-up-seconds", path: \.catchUpSecondsMax, range: 1...60,
            meaning: "seconds one such question may take before its community counts as unreachable"),
        Key(
            name: "consent-reoffer-seconds", path: \.consentReofferSeconds, range: 1...604_800,
            meaning: "seconds after which a consent statement that found nobody, or was refused, is offered again"),
        Key(
            name: "witness-seconds", path: \.witnessSeconds, range: 1...3600,
            meaning: "seconds between two rounds in which a node shows its log's head to the others and theirs to each other"),
        Key(
            name: "drain-seconds", path: \.drainSecondsMax, range: 1...10,
            meaning: "seconds a revocation waits for answers under way before it cuts them"),
        Key(
            name: "decisions", path: \.decisionsMax, range: 1...100,
            meaning: "times a decision is made anew because consent changed under it"),
        Key(
            name: "segment-bytes", path: \.segmentBytes, range: 65_536...1 << 30,
            meaning: "bytes a segment of the journal is preallocated with"),
    ]

    static func read(_ section: inout YAMLReader) -> ExchangeLimits {
        var limits = ExchangeLimits()
        for key in all {
            if let value = section.integer(key.name, in: key.range) { limits[keyPath: key.path] = value }
        }
        return limits
    }
}

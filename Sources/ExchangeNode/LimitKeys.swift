import ExchangeCore

/// The limits by the names they have in `node.yaml`, with the range each may take.
enum LimitKeys {
    struct Key: Sendable {
        let name: String
        let path: any WritableKeyPath<ExchangeLimits, Int> & Sendable
        let range: ClosedRange<Int>
    }

    static let all: [Key] = [
        Key(name: "request-bytes", path: \.requestBytesMax, range: 1024...1 << 30),
        Key(name: "document-bytes", path: \.documentBytesMax, range: 1024...1 << 29),
        Key(name: "documents-per-submission", path: \.documentsPerSubmissionMax, range: 1...1000),
        Key(name: "nesting", path: \.nestingMax, range: 8...512),
        Key(name: "page-entries", path: \.pageEntriesMax, range: 1...10_000),
        Key(name: "documents-per-search", path: \.documentsPerSearchMax, range: 1...100_000),
        Key(name: "patients-per-search", path: \.patientsPerSearchMax, range: 1...250),
        Key(name: "persons-per-user", path: \.personsPerUserMax, range: 1...1_000_000),
        Key(name: "persons-per-community", path: \.personsPerCommunityMax, range: 1...1_000_000),
        Key(name: "patients-read", path: \.patientsReadMax, range: 1...1_000_000),
        Key(name: "match-candidates", path: \.matchCandidatesMax, range: 1...10_000),
        Key(name: "fan-out", path: \.fanOutMax, range: 1...1000),
        Key(name: "searches", path: \.searchesMax, range: 1...65536),
        Key(name: "questions", path: \.questionsMax, range: 1...65536),
        Key(name: "questions-per-asker", path: \.questionsPerAskerMax, range: 1...65536),
        Key(name: "peer-answer-bytes", path: \.peerAnswerBytesMax, range: 1024...1 << 30),
        Key(name: "connections", path: \.connectionsMax, range: 1...65536),
        Key(name: "idle-seconds", path: \.idleSecondsMax, range: 1...3600),
        Key(name: "locate-seconds", path: \.locateSecondsMax, range: 1...120),
        Key(name: "contact-seconds", path: \.contactSecondsMax, range: 1...3600),
        Key(name: "catch-up-seconds", path: \.catchUpSecondsMax, range: 1...60),
        Key(name: "consent-reoffer-seconds", path: \.consentReofferSeconds, range: 1...604_800),
        Key(name: "witness-seconds", path: \.witnessSeconds, range: 1...3600),
        Key(name: "drain-seconds", path: \.drainSecondsMax, range: 1...10),
        Key(name: "decisions", path: \.decisionsMax, range: 1...100),
        Key(name: "segment-bytes", path: \.segmentBytes, range: 65_536...1 << 30),
    ]

    static func read(_ section: inout YAMLReader) -> ExchangeLimits {
        var limits = ExchangeLimits()
        for key in all {
            if let value = section.integer(key.name, in: key.range) { limits[keyPath: key.path] = value }
        }
        return limits
    }
}

/// Every limit of a node, in one place: what `hie config show` prints and what each refusal names.
package struct ExchangeLimits: Hashable, Sendable {
    /// Bytes of one request body on a FHIR listener; crossed: 413 before the rest is read.
    package var requestBytesMax = 48 * 1024 * 1024
    /// Bytes of one document.
    package var documentBytesMax = 32 * 1024 * 1024
    /// Documents in one submission.
    package var documentsPerSubmissionMax = 100
    /// Levels of nesting in JSON and XML.
    package var nestingMax = 64
    /// Entries on one page of a search.
    package var pageEntriesMax = 500
    /// Document entries of one patient shown by one search of one node.
    package var documentsPerSearchMax = 10_000
    /// Patients a search or match returns.
    package var patientsPerSearchMax = 20
    /// Different people that one user of another community may ask about in an hour.
    package var personsPerUserMax = 200
    /// Different people that another community may ask about in an hour.
    package var personsPerCommunityMax = 2_000
    /// Records that a search for patients by demographics reads; more is refused as too many.
    package var patientsReadMax = 10_000
    /// Candidates one match scores.
    package var matchCandidatesMax = 500
    /// Communities asked at the same time for one question; more wait for their turn.
    package var fanOutMax = 128
    /// Questions across communities that are waited for at the same time; one more is refused at once.
    package var searchesMax = 64
    /// Questions under way at the same time on one listener.
    package var questionsMax = 256
    /// Questions under way of one user, or of one other community.
    package var questionsPerAskerMax = 128
    /// Bytes accepted from one peer for one question.
    package var peerAnswerBytesMax = 64 * 1024 * 1024
    /// Open connections on one listener.
    package var connectionsMax = 1024
    /// Seconds a connection may stay silent, half-sent requests included.
    package var idleSecondsMax = 30
    /// Seconds a question to other communities may take; what is missing then is named.
    package var locateSecondsMax = 10
    /// Seconds a revocation waits for answers under way before it cuts them.
    package var drainSecondsMax = 2
    /// Seconds without contact to a community after which it is asked for consent statements before peers are answered.
    package var contactSecondsMax = 30
    /// Seconds one such question may take before its community counts as unreachable.
    package var catchUpSecondsMax = 2
    /// Seconds after which a consent statement that found nobody, or was refused, is offered again.
    package var consentReofferSeconds = 3600
    /// Seconds between two rounds in which a node shows its log's head to the others and theirs to each other.
    package var witnessSeconds = 10
    /// Times a decision is made anew because consent changed under it.
    package var decisionsMax = 8

    /// Bytes a segment of the journal is preallocated with.
    package var segmentBytes = 64 * 1024 * 1024

    /// What single askers may have in place of what everybody may.
    package var askers: [AskerLimit] = []

    /// The defaults.
    package init() {}
}

import ExchangeCore

/// The persons of a node at one moment: the index of candidates, and whose each record is.
package protocol PersonSnapshot: PersonIndex {
    /// The lasting name of a person.
    func id(of person: PersonNumber) throws -> PersonID

    /// The number of a person; where it was merged into another, that one's. Nil when there is none.
    func number(of person: PersonID) throws -> PersonNumber?

    /// Whose a record is; nil for a record that is not known.
    func person(of record: PatientID) throws -> PersonNumber?

    /// A person's records, active or not, in order of arrival.
    func members(of person: PersonNumber) throws -> [PatientID]

    /// A record as it was packed; nil for a record that is not known.
    func packed(_ record: PatientID) throws -> PackedRecord?

    /// Calls with every active record in order of arrival.
    func everyRecord(_ body: (PatientID, PersonNumber, PackedRecord) throws -> Void) throws

    /// Reviews that are open, the riskiest first (`OpenReview.risk`).
    func reviews(limit: Int) throws -> [OpenReview]

    /// How many reviews are open.
    func openReviews() throws -> Int

    /// The open review of a record.
    func review(of record: PatientID) throws -> OpenReview?

    /// What was done about the model, newest first, at most `limit`.
    func modelActs(limit: Int) throws -> [ModelAct]

    /// The act that an entry of the journal holds.
    func act(at position: UInt64) throws -> IdentityAct?

    /// Whether it was said of two records that they are different persons'.
    func areApart(_ one: PatientID, _ other: PatientID) throws -> Bool

    /// The records of which it was said that they are a different person's than this one's.
    func apart(from record: PatientID) throws -> [PatientID]

    /// Calls with every two records of which it was said that they are different persons', once or both ways round.
    func everyApart(_ body: (PatientID, PatientID) throws -> Void) throws

    /// Positions of the acts that moved a record or spoke of it, newest first.
    func acts(about record: PatientID) throws -> [UInt64]
}

/// A record that somebody should compare with persons.
package struct OpenReview: Sendable, Hashable {
    /// The record.
    package let record: PatientID
    /// Where in the journal it was opened.
    package let position: UInt64
    /// Whom to compare it with, best first.
    package let candidates: [ReviewCandidate]
    /// Whether the record stood with one of them when it was opened, whom it does not fit.
    package let isStanding: Bool

    /// A review from its parts.
    package init(record: PatientID, position: UInt64, candidates: [ReviewCandidate], isStanding: Bool = false) {
        self.record = record
        self.position = position
        self.candidates = candidates
        self.isStanding = isStanding
    }

    /// What is looked at first: a link that stands and should not shows a stranger's record, the worse it fits the more; then the
    /// likeliest of those that are perhaps missed.
    package static func risk(isStanding: Bool, millibits: Int) -> Int {
        isStanding ? standingRisk - millibits : millibits
    }

    /// Above any score.
    private static let standingRisk = 1_000_000_000

    /// Whether a risk is that of a link that stands.
    package static func isStanding(risk: Int) -> Bool { risk > standingRisk / 2 }

    /// How pressing it is.
    package var risk: Int { Self.risk(isStanding: isStanding, millibits: millibits) }

    /// The score of its best candidate, in thousandths of a bit.
    package var millibits: Int { candidates.first?.millibits ?? 0 }
}

/// Any snapshot as an index: searching and linking are generic, snapshots come from either projection.
package struct SnapshotIndex: PersonIndex {
    /// The snapshot.
    package let base: any PersonSnapshot

    /// An index over a snapshot.
    package init(_ base: any PersonSnapshot) { self.base = base }

    package var names: NameFrequencies { base.names }
    package var secret: IndexSecret { base.secret }
    package var placeholders: LearnedPlaceholders { base.placeholders }
    package var model: MatchModel { base.model }
    package func persons(under key: UInt64, _ body: (PersonNumber) -> Void) throws -> Bool {
        try base.persons(under: key, body)
    }
    package func records(of person: PersonNumber, _ body: (RecordView) -> Bool) throws {
        try base.records(of: person, body)
    }
    package func areAsserted(different one: PersonNumber, _ other: PersonNumber) throws -> Bool {
        try base.areAsserted(different: one, other)
    }
}

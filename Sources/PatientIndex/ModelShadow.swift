import ExchangeCore

/// What another model would have decided about registrations that are decided already; nobody moves by it.
package struct ModelShadow: Sendable, Hashable {
    /// A registration of which the two models say different things.
    package struct Difference: Sendable, Hashable {
        /// The registration.
        package let record: PatientID
        /// The best person's grade by the model in force, the registration itself left aside.
        package let before: MatchGrade
        /// The same by the other model.
        package let after: MatchGrade
        /// Whether both mean the same person.
        package let isSamePerson: Bool

        /// A difference from its parts.
        package init(record: PatientID, before: MatchGrade, after: MatchGrade, isSamePerson: Bool) {
            self.record = record
            self.before = before
            self.after = after
            self.isSamePerson = isSamePerson
        }
    }

    /// Registrations judged.
    package var judged = 0
    /// Of which the grade or the certain person differs.
    package var differing = 0
    /// Certain before, and somebody would have to look.
    package var lost = 0
    /// Certain only by the other model.
    package var gained = 0
    /// Certain by both, of different persons.
    package var moved = 0
    /// The first of those that differ, at most `examplesMax`.
    package var examples: [Difference] = []

    /// Examples that are kept.
    package static let examplesMax = 20
    /// Decisions that are judged again, the latest ones.
    package static let latest = 10_000

    /// Nothing judged yet.
    package init() {}

    /// Judges the latest registrations of a snapshot by its own model and by another.
    package init(_ snapshot: any PersonSnapshot, against other: MatchModel, policy: MatchPolicy, latest: Int = Self.latest) throws {
        var ring: [(PatientID, PackedRecord)] = []
        var next = 0
        try snapshot.everyRecord { record, _, packed in
            if ring.count < latest { ring.append((record, packed)) } else { ring[next % latest] = (record, packed) }
            next += 1
        }
        for (record, packed) in ring {
            let index = IndexWithout(base: snapshot, record: packed)
            let before = try Self.best(packed, PersonSearch(index, policy: policy), policy)
            let after = try Self.best(packed, PersonSearch(index, model: other, policy: policy), policy)
            judged += 1
            let isSame = before.person == after.person
            guard before.grade != after.grade || before.grade == .certain && !isSame else { continue }
            differing += 1
            switch (before.grade, after.grade) {
            case (.certain, .certain): moved += 1
            case (.certain, _): lost += 1
            case (_, .certain): gained += 1
            default: break
            }
            if examples.count < Self.examplesMax {
                examples.append(
                    Difference(record: record, before: before.grade, after: after.grade, isSamePerson: isSame))
            }
        }
    }

    private static func best(_ record: PackedRecord, _ search: PersonSearch<IndexWithout>, _ policy: MatchPolicy) throws -> (
        person: PersonNumber?, grade: MatchGrade
    ) {
        var effort = PersonSearch<IndexWithout>.Effort()
        let found = try record.read { try search.candidates($0, effort: &effort) }
        guard let best = found.first else { return (nil, .none) }
        return (best.person, best.grade(policy))
    }
}

/// An index in which one registration has not arrived yet.
struct IndexWithout: PersonIndex {
    let base: any PersonSnapshot
    let record: PackedRecord

    var names: NameFrequencies { base.names }
    var secret: IndexSecret { base.secret }
    var placeholders: LearnedPlaceholders { base.placeholders }
    var model: MatchModel { base.model }

    func persons(under key: UInt64, _ body: (PersonNumber) -> Void) throws -> Bool { try base.persons(under: key, body) }

    func records(of person: PersonNumber, _ body: (RecordView) -> Bool) throws {
        var isLeftOut = false
        try base.records(of: person) { view in
            if !isLeftOut, view.base.elementsEqual(record.bytes) {
                isLeftOut = true
                return true
            }
            return body(view)
        }
    }

    func areAsserted(different one: PersonNumber, _ other: PersonNumber) throws -> Bool {
        try base.areAsserted(different: one, other)
    }
}

import ExchangeCore

/// Who a patient of this node is at other communities, as they said when they were asked (ITI-119): for a while, in memory.
///
/// A correlation holds for the question it answered: when the patient's own registration has changed since (update, merge,
/// unlink), it is as if it were not there. It is dropped when the other side shows nothing for it any more, whatever the
/// reason: the next question begins with who the patient is.
package struct Correlations<Question: Hashable & Sendable>: Sendable {
    private struct Row {
        let theirs: String
        let question: Question
        let until: Duration
    }

    /// Patients that are kept; beyond it those whose correlations are over go, then all.
    package static var patientsMax: Int { 16_384 }

    private let age: Duration
    private var rows: [PatientID: [CommunityID: Row]] = [:]

    /// None yet; each is kept for `age`.
    package init(age: Duration) { self.age = age }

    /// The patient's id at a community, if it said so for the same question not too long ago.
    package func known(_ patient: PatientID, at community: CommunityID, for question: Question, now: Duration) -> String? {
        guard let row = rows[patient]?[community], row.until > now, row.question == question else { return nil }
        return row.theirs
    }

    /// Remembers what a community said.
    package mutating func note(
        _ patient: PatientID, at community: CommunityID, is theirs: String, for question: Question, now: Duration,
    ) {
        if rows.count >= Self.patientsMax { rows = rows.filter { $0.value.values.contains { $0.until > now } } }
        if rows.count >= Self.patientsMax { rows = [:] }
        rows[patient, default: [:]][community] = Row(theirs: theirs, question: question, until: now + age)
    }

    /// Forgets who the patient is at a community.
    package mutating func drop(_ patient: PatientID, at community: CommunityID) { rows[patient]?[community] = nil }

    /// Forgets everything about a patient.
    package mutating func drop(_ patient: PatientID) { rows[patient] = nil }

    /// The communities that know the patient, as far as is remembered.
    package func communities(knowing patient: PatientID, now: Duration) -> Set<CommunityID> {
        Set((rows[patient] ?? [:]).filter { $0.value.until > now }.keys)
    }
}

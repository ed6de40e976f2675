import ExchangeCore
import PatientIndex
import XDSMetadata

/// For how long records of a kind are kept, in one jurisdiction (`retention:` in `node.yaml`).
package struct RetentionRule: Hashable, Sendable {
    /// A class or type code that the rule is for; nil for every document no other rule names.
    package var code: String?
    /// The jurisdiction it is the law of, such as `US-VT`; for the reader.
    package var jurisdiction: String
    /// Years after the end of the last care on record.
    package var years: Int
    /// Years after the patient came of age; nil where that makes no difference.
    package var yearsAfterMajority: Int?

    /// A rule from its parts.
    package init(code: String?, jurisdiction: String, years: Int, yearsAfterMajority: Int? = nil) {
        self.code = code
        self.jurisdiction = jurisdiction
        self.years = years
        self.yearsAfterMajority = yearsAfterMajority
    }
}

/// Every rule, and when people come of age there.
package struct RetentionRules: Hashable, Sendable {
    /// The rules; without any, nothing is ever due.
    package var rules: [RetentionRule] = []
    /// The age of majority.
    package var majorityAge = 18

    /// No rule.
    package init() {}

    /// When a document may go, and by which rule; nil when no rule is for it, or too little is known to say.
    package func end(of document: DocumentEntry, lastCare: Timestamp, born: PartialDate?) -> (Timestamp, RetentionRule)? {
        let codes = [document.classCode?.code, document.typeCode?.code].compactMap { $0 }
        guard let rule = rules.first(where: { rule in rule.code.map(codes.contains) ?? false })
            ?? rules.first(where: { $0.code == nil })
        else { return nil }
        var end = Self.adding(rule.years, to: lastCare)
        if let extra = rule.yearsAfterMajority {
            // Whose age is not known is never due by a rule that asks for it.
            guard let born else { return nil }
            end = max(end, Self.adding(majorityAge + extra, to: born.end))
        }
        return (end, rule)
    }

    /// The same day so many years later; 29 February becomes 1 March.
    private static func adding(_ years: Int, to time: Timestamp) -> Timestamp {
        let day: Int64 = 86_400_000
        let days = time.milliseconds >= 0 ? time.milliseconds / day : -((-time.milliseconds + day - 1) / day)
        let date = Calendar.date(daysSinceEpoch: days)
        let fits = date.day <= Calendar.days(inMonth: date.month, of: date.year + years)
        let moved = Calendar.daysSinceEpoch(
            year: date.year + years, month: fits ? date.month : 3, day: fits ? date.day : 1)
        return Timestamp(milliseconds: moved * day + time.milliseconds - days * day)
    }
}

/// What retention says of one document.
package struct DocumentRetention: Hashable, Sendable {
    /// Which.
    package let document: DocumentID
    /// Its class code, or its type code where it has none; nil without either.
    package let code: String?
    /// When it may go; nil when it is kept without an end.
    package let end: Timestamp?
    /// The jurisdiction whose rule decided; nil when none is for it.
    package let jurisdiction: String?
}

/// What retention says of one patient's record.
package struct RetentionVerdict: Hashable, Sendable {
    /// Whose.
    package let patient: PatientID
    /// Each document, newest first.
    package let documents: [DocumentRetention]
    /// When the last of them may go; nil when one is kept without an end.
    package let end: Timestamp?
    /// The jurisdictions whose rules decided.
    package let jurisdictions: [String]
    /// Whether a legal hold keeps it whatever the rules say.
    package let isHeld: Bool

    /// Whether the whole record is due to be erased.
    package func isDue(at now: Timestamp) -> Bool { !isHeld && (end.map { $0 <= now } ?? false) }

    /// Documents that are due while others of the record are kept; none when the whole record goes, or is held.
    package func dueDocuments(at now: Timestamp) -> [DocumentID] {
        guard !isHeld, !isDue(at: now) else { return [] }
        return documents.filter { $0.end.map { $0 <= now } ?? false }.map(\.document)
    }
}

extension Exchange {
    /// What retention says of every record here, in the order of their ids, from one behind `after`; changes nothing.
    ///
    /// A document goes the day its rule ends, a record as a whole the day its last document may go. Patients without
    /// documents are never due.
    package func retentionPlan(after: PatientID? = nil, limit: Int, for context: AccessContext)
        async throws(ExchangeError) -> [RetentionVerdict]
    {
        try demandKeeper(context)
        var verdicts: [RetentionVerdict] = []
        for patient in try await read({ try await projection.patientIDs(after: after, limit: limit) }) {
            verdicts.append(try await retention(of: patient))
        }
        return verdicts
    }

    /// Erases every record and every document that is due, one after the other, each judged again right before.
    package func applyRetention(for context: AccessContext) async throws(ExchangeError)
        -> (patients: [PatientID], documents: [DocumentID])
    {
        try demandKeeper(context)
        var erased: (patients: [PatientID], documents: [DocumentID]) = ([], [])
        var after: PatientID?
        while true {
            let patients = try await read { try await projection.patientIDs(after: after, limit: 256) }
            guard let last = patients.last else { return erased }
            for patient in patients {
                let verdict = try await retention(of: patient)
                do throws(ExchangeError) {
                    if verdict.isDue(at: world.now()) {
                        _ = try await erasePatient(patient, ground: .retention, for: context)
                        erased.patients.append(patient)
                    }
                    for document in verdict.dueDocuments(at: world.now()) {
                        _ = try await eraseDocument(document, ground: .retention, for: context)
                        erased.documents.append(document)
                    }
                } catch  where error.code == .conflict || error.code == .notFound {
                    // Held, or erased by somebody else, since it was judged.
                    continue
                }
            }
            after = last
        }
    }

    private func retention(of patient: PatientID) async throws(ExchangeError) -> RetentionVerdict {
        let facts = try await read { try await projection.facts(about: patient, matching: DocumentQuery()) }
        let born = try await read { try await projection.patient(patient) }?.demographics.birthDate
        let isHeld = try await read { try await projection.legalHold(of: patient) } != nil
        var entries: [DocumentEntry] = []
        for document in facts.ownDocuments { entries.append(try DocumentEntry(reference: document.reference)) }
        let lastCare = entries.map { $0.serviceStop?.end ?? $0.creationTime?.end ?? $0.registered }.max()
        let documents = entries.map { entry in
            let found = lastCare.flatMap { settings.retention.end(of: entry, lastCare: $0, born: born) }
            return DocumentRetention(
                document: entry.id, code: (entry.classCode ?? entry.typeCode)?.code, end: found?.0,
                jurisdiction: found?.1.jurisdiction)
        }
        let ends = documents.compactMap(\.end)
        var jurisdictions: [String] = []
        for jurisdiction in documents.compactMap(\.jurisdiction) where !jurisdictions.contains(jurisdiction) {
            jurisdictions.append(jurisdiction)
        }
        return RetentionVerdict(
            patient: patient, documents: documents, end: ends.count == documents.count ? ends.max() : nil,
            jurisdictions: jurisdictions, isHeld: isHeld)
    }
}

import ConsentEngine
import DocumentExchange
import ExchangeCore
import Journal
import PatientIndex

/// A stay or visit as a feed's message tells of it.
package struct FedEncounter: Sendable, Hashable {
    /// What happened to it.
    package enum Change: Sendable, Hashable {
        /// It is expected (A05, A14).
        case planned
        /// It began, or goes on (A01, A02, A04, A06, A07).
        case began
        /// It ended (A03).
        case ended
        /// It did not take place (A11).
        case cancelled
        /// It goes on after all (A13).
        case reopened
        /// Nothing of the kind: something of it was said again (A08, A12).
        case told
    }

    /// Its number at its source, as `system|value`.
    package let number: String
    /// What happened.
    package let change: Change
    /// Admission.
    package let start: PartialDate?
    /// Discharge.
    package let end: PartialDate?
    /// Who treats.
    package let practitioners: [CareEncounter.Practitioner]
    /// When the source wrote it.
    package let asOf: PartialDate?

    /// A stay or visit from its parts.
    package init(
        number: String, change: Change, start: PartialDate?, end: PartialDate?, practitioners: [CareEncounter.Practitioner],
        asOf: PartialDate?,
    ) {
        self.number = number
        self.change = change
        self.start = start
        self.end = end
        self.practitioners = practitioners
        self.asOf = asOf
    }
}

extension Exchange {
    /// Stays and visits of one record at the most.
    static let encountersMax = 2000
    /// People who treat in one of them at the most.
    static let practitionersMax = 50

    /// A feed tells of a stay or visit: once this is recorded, who treats in it is whom a directive's "whoever treats me" means.
    ///
    /// Nil when it says nothing new, or something older than what is known. Throws `.tooLarge` for a record with too many of
    /// them. The caller holds the stay until it is recorded.
    ///
    /// - Parameter patient: the record it was told of, as the feed's registration found or made it: other identifiers of the
    ///   same message (an insurance's) may stand on other patients' records, too.
    func draft(_ fed: FedEncounter, of patient: PatientID) async throws(ExchangeError) -> EntryDraft? {
        let known = try await read { try await projection.encounters(of: patient) }
        let before = known.first { $0.number.utf8.elementsEqual(fed.number.utf8) }
        guard let after = Self.encounter(before, fed, recorded: world.now()) else { return nil }
        guard before != nil || known.count < Self.encountersMax else {
            throw ExchangeError(.tooLarge, "more than \(Self.encountersMax) stays of one record")
        }
        return EntryDraft(kind: .encounter, subject: patient, payload: EncounterEntry.payload(after), value: after)
    }

    /// What is known of a stay once a message was heard; nil when it says nothing new.
    static func encounter(_ before: CareEncounter?, _ fed: FedEncounter, recorded: Timestamp) -> CareEncounter? {
        // Feeds are late and repeat themselves: the source's own clock decides what is new.
        if let known = before?.asOf, let said = fed.asOf, said.end < known.start { return nil }
        var after = before ?? CareEncounter(number: fed.number, status: .inProgress, recorded: recorded)
        switch fed.change {
        case .planned: if before == nil || before?.status == .cancelled { after.status = .planned }
        case .began, .reopened: after.status = .inProgress
        case .ended: after.status = .finished
        case .cancelled: after.status = .cancelled
        case .told: if before == nil { after.status = fed.end == nil ? .inProgress : .finished }
        }
        after.start = fed.start ?? after.start
        after.end = after.status == .finished ? fed.end ?? after.end ?? fed.asOf : nil
        for practitioner in fed.practitioners where !after.practitioners.contains(practitioner) {
            after.practitioners.append(practitioner)
        }
        after.practitioners = Array(after.practitioners.suffix(practitionersMax))
        if var same = before {
            same.asOf = after.asOf
            if same == after { return nil }
        }
        after.asOf = fed.asOf ?? after.asOf
        after.recorded = recorded
        return after
    }
}

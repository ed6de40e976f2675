import ExchangeCore

/// A stay or visit of a patient and who treats them in it: what a directive's "whoever treats me" means.
///
/// It is known from the facility's own feeds (HL7 v2 PV1), record by record.
package struct CareEncounter: Hashable, Sendable {
    /// Where it stands (FHIR `Encounter.status`).
    package enum Status: String, Sendable, CaseIterable {
        case planned, finished, cancelled
        case inProgress = "in-progress"
    }

    /// Its number at its source, as `system|value`.
    package let number: String
    /// Where it stands.
    package var status: Status
    /// Admission, as far as it was said.
    package var start: PartialDate?
    /// Discharge.
    package var end: PartialDate?
    /// Who treats: each name as tokens may carry it, `system|value` and the value alone.
    package var practitioners: [Practitioner]
    /// When the source wrote the last of it: what is older changes nothing any more.
    package var asOf: PartialDate?
    /// When this node heard of it last.
    package var recorded: Timestamp

    /// Somebody who treats.
    package struct Practitioner: Hashable, Sendable {
        /// Who gave the number; nil where the source did not say.
        package let system: String?
        /// The number.
        package let value: String

        /// A practitioner by a number.
        package init(system: String?, value: String) {
            self.system = system
            self.value = value
        }
    }

    /// A stay or visit from its parts.
    package init(
        number: String, status: Status, start: PartialDate? = nil, end: PartialDate? = nil,
        practitioners: [Practitioner] = [], asOf: PartialDate? = nil, recorded: Timestamp,
    ) {
        self.number = number
        self.status = status
        self.start = start
        self.end = end
        self.practitioners = practitioners
        self.asOf = asOf
        self.recorded = recorded
    }

    /// From when until when those named in it treat; nil when they do not: planned, or cancelled.
    package func treats(_ period: TreatingPeriod) -> (from: Timestamp, until: Timestamp)? {
        // What is heard late began earlier; a start that lies ahead is believed.
        let from = start?.start ?? recorded - period.withoutEnd
        switch status {
        case .planned, .cancelled: return nil
        case .inProgress: return (from, max(start?.end ?? recorded, recorded) + period.withoutEnd)
        case .finished: return (from, (end?.end ?? recorded) + period.afterEnd)
        }
    }

    /// Whether somebody who asks treats in it at a moment. Who comes from another community is known by number and system
    /// together: a number alone means somebody else there.
    func names(_ request: AccessContext, at now: Timestamp, _ period: TreatingPeriod) -> Bool {
        guard let treats = treats(period), treats.from <= now, now < treats.until else { return false }
        return practitioners.contains { practitioner in
            if let system = practitioner.system, same(system + "|" + practitioner.value, request.user) { return true }
            return request.door == .client && same(practitioner.value, request.user)
        }
    }
}

import ExchangeCore

/// What an ADT message tells of a stay or visit (PV1). Printing one prints its kind alone.
package struct EncounterFeedEvent: Hashable, Sendable, CustomStringConvertible {
    /// What happened to it.
    package enum Change: String, Hashable, Sendable {
        /// A05, A14: it is expected.
        case planned
        /// A01, A02, A04, A06, A07: it began or goes on.
        case began
        /// A03: it ended.
        case ended
        /// A11: it did not take place.
        case cancelled
        /// A13: it goes on after all.
        case reopened
        /// A08, A12 and others: something of it is said again.
        case told
    }

    /// What happened.
    package let change: Change
    /// PV1-19.
    package let number: ExtendedIdentifier
    /// PV1-44.
    package let admitted: PartialDate?
    /// PV1-45; of A03 without it EVN-6, else EVN-2.
    package let discharged: PartialDate?
    /// PV1-7 attending, 8 referring, 9 consulting, 17 admitting.
    package let doctors: [NumberedPerson]
    /// EVN-2.
    package let recorded: PartialDate?

    package var description: String { change.rawValue }

    /// Reads the stay of an ADT message; nil of one about a person alone, and of one that gives it no number.
    package static func read(_ message: HL7Message, event: String?) throws(HL7Error) -> EncounterFeedEvent? {
        guard let segment = message.first("PV1"), let change = change(event) else { return nil }
        let visit = try PatientVisit(segment)
        guard let number = visit.visitNumber else { return nil }
        let occurrence = try message.first("EVN").map { segment throws(HL7Error) in try EventType(segment) }
        var doctors = visit.attendingDoctors
        for field in [8, 9, 17] {
            doctors += try DataTypes.all(segment.field(field)) { element throws(HL7Error) in try NumberedPerson(element) }
        }
        let ended = change == .ended ? occurrence?.occurred ?? occurrence?.recorded : nil
        return EncounterFeedEvent(
            change: change, number: number, admitted: visit.admitted, discharged: visit.discharged ?? ended,
            doctors: doctors, recorded: occurrence?.recorded)
    }

    private static func change(_ event: String?) -> Change? {
        switch event {
        case "A01", "A02", "A04", "A06", "A07": .began
        case "A05", "A14": .planned
        case "A03": .ended
        case "A11": .cancelled
        case "A13": .reopened
        case "A08", "A09", "A10", "A12": .told
        default: nil
        }
    }
}

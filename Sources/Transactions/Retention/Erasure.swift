import ExchangeCore
import JSON
import Journal

/// That a patient was erased here: the payload of an `administration` entry that stands in clear.
///
/// It names the random handle whose key is destroyed, so that a restored copy and a standby destroy it, too.
package struct Erasure: Hashable, Sendable {
    /// Why a patient may be erased.
    package enum Ground: String, Sendable, CaseIterable {
        /// The patient asked, and the law gives them the right.
        case request
        /// The time for which records are kept is over.
        case retention
        /// A court or authority ordered it.
        case order
        /// The record was made in error.
        case error
    }

    /// The patient's handle.
    package let patient: PatientID
    /// Why.
    package let ground: Ground
    /// By whom.
    package let user: String

    /// An erasure from its parts.
    package init(patient: PatientID, ground: Ground, user: String) {
        self.patient = patient
        self.ground = ground
        self.user = user
    }

    /// The canonical JSON that is hashed.
    package var payload: [UInt8] {
        JSONWriter.bytes([
            "erased": .string(patient.description), "ground": .string(ground.rawValue), "user": .string(user),
        ])
    }

    /// Reads an `administration` entry; nil when it is about something else, `.corrupted` when it cannot be read.
    package init?(_ entry: CommittedEntry) throws(ExchangeError) {
        guard entry.kind == .administration, entry.subject == nil, entry.payload.starts(with: Self.lead) else { return nil }
        let json = try PayloadReading.json(entry.payload)
        guard let patient = PatientID(try PayloadReading.text(json, "erased")),
            let ground = Ground(rawValue: try PayloadReading.text(json, "ground"))
        else { throw PayloadReading.damaged("erased") }
        self.init(patient: patient, ground: ground, user: try PayloadReading.text(json, "user"))
    }

    private static let lead = Array("{\"erased\":".utf8)
}

/// A legal hold on a patient's record, or its release: the payload of an `administration` entry under the patient's key.
package struct LegalHold: Hashable, Sendable {
    /// Whose record.
    package let patient: PatientID
    /// Whether it is held from now on, or no longer.
    package let isHeld: Bool
    /// Which case, in the officer's words.
    package let reason: String
    /// By whom.
    package let user: String

    /// Refuses a reason that names no case (`.badRequest`).
    package static func demandReason(_ reason: String) throws(ExchangeError) {
        guard (10...500).contains(reason.utf8.count) else {
            throw ExchangeError(.badRequest, "say which case in 10 to 500 bytes", at: "reason")
        }
    }

    /// A hold or release from its parts.
    package init(patient: PatientID, isHeld: Bool, reason: String, user: String) {
        self.patient = patient
        self.isHeld = isHeld
        self.reason = reason
        self.user = user
    }

    /// The canonical JSON that is sealed and hashed; also what projections keep.
    package var payload: [UInt8] {
        JSONWriter.bytes([
            "hold": .bool(isHeld), "reason": .string(reason), "user": .string(user),
        ])
    }

    /// Reads an `administration` entry; nil when it is about something else, `.corrupted` when it cannot be read.
    package init?(_ entry: CommittedEntry) throws(ExchangeError) {
        guard let subject = entry.subject, entry.payload.starts(with: Self.lead) else { return nil }
        try self.init(stored: entry.payload, patient: subject)
    }

    /// Reads what a projection kept; `.corrupted` when it cannot be read.
    package init(stored: [UInt8], patient: PatientID) throws(ExchangeError) {
        let json = try PayloadReading.json(stored)
        guard let isHeld = json["hold"]?.bool else { throw PayloadReading.damaged("hold") }
        self.init(
            patient: patient, isHeld: isHeld, reason: try PayloadReading.text(json, "reason"),
            user: try PayloadReading.text(json, "user"))
    }

    private static let lead = Array("{\"hold\":".utf8)
}

import ConsentEngine
import ExchangeCore
import Synchronization

/// The consent of patients who were asked about lately, so that a second question does not read and compile it again.
///
/// Bounded, whatever is asked: two generations of so many patients each; when the younger one is full, the older one
/// goes. What it holds is found by patient, directives and versions, as the snapshot of a question names them, so that
/// nothing in it can be out of date.
final class ConsentCache: Sendable {
    /// Patients in one generation: with a typical directive some 6 KiB each.
    static let generationMax = 512

    /// A directive and its version.
    struct Version: Hashable {
        let directive: DirectiveID
        let number: Int
    }

    private struct Key: Hashable {
        let patient: PatientID
        let versions: [Version]
        /// Where the last word about each stay or visit stands.
        let care: [Int64]
    }

    private struct Generations {
        var young: [Key: PatientConsent] = [:]
        var old: [Key: PatientConsent] = [:]
    }

    private let generations = Mutex(Generations())

    /// What the patient has said in these versions: kept, or read now.
    func consent(of patient: PatientID, _ versions: [Version], care: [Int64], read: () throws -> PatientConsent) rethrows
        -> PatientConsent
    {
        let key = Key(patient: patient, versions: versions, care: care)
        if let known = generations.withLock({ $0.young[key] ?? $0.old[key] }) {
            generations.withLock { Self.insert(known, key, into: &$0) }
            return known
        }
        let consent = try read()
        generations.withLock { Self.insert(consent, key, into: &$0) }
        return consent
    }

    private static func insert(_ consent: PatientConsent, _ key: Key, into generations: inout Generations) {
        guard generations.young[key] == nil else { return }
        if generations.young.count >= generationMax {
            generations.old = generations.young
            generations.young = [:]
        }
        generations.young[key] = consent
    }
}

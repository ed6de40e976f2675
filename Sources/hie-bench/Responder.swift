import DocumentExchange
import ExchangeCore
import FHIRModel
import JSON
import Synchronization
import XDSMetadata

/// One scripted community: knows one patient and two documents, and answers in the manner it is told.
///
/// The model's delay is that of a community's *whole* answer. The find bears it, drawn anew for each request at each
/// endpoint; the match before it is answered at once. So an asker that remembers its correlations and one that does not
/// wait alike, and a second request to the other endpoint is an independent draw, as in the reference's simulation.
final class Responder: Sendable {
    /// What is to be done with a request.
    enum Answer: Sendable {
        /// To be sent after so many milliseconds.
        case bytes([UInt8], milliseconds: Double)
        /// Nothing is ever sent.
        case never
        /// There is no such thing here.
        case unknown
    }

    private struct State {
        var chance: Chance
        var manner = ResponderManner.steady(milliseconds: 0)
        var requests: [UInt8: Int] = [:]
    }

    /// What a document of a responder is: two a community.
    static let documents = 2
    private let match: [UInt8]
    private let found: [UInt8]
    private let state: Mutex<State>

    /// A responder; equal seeds draw equal delays.
    init(_ place: ResponderPlan.Place, seed: UInt64, now: Timestamp) {
        state = Mutex(State(chance: Chance(seed: seed)))
        let base = "https://127.0.0.1:\(place.ports.first ?? 0)/fhir"
        let patient: JSONObject = [
            "resourceType": "Patient", "id": .string(place.patient.description), "active": true,
        ]
        match = Self.searchset([(patient, BundleEntry.Search(.match, score: 1, grade: "certain"))], base: base)
        var chance = Chance(seed: seed &+ 1)
        var references: [(JSONObject, BundleEntry.Search)] = []
        for number in 0..<Self.documents {
            let id = DocumentID.ordered(at: now, using: &chance)
            let digest = ContentDigest(Array("\(id) \(number)".utf8))
            var entry = DocumentEntry(
                id: id, uniqueID: "urn:uuid:\(id)", patient: place.patient, home: place.community, mimeType: "text/xml",
                sha1: digest.sha1, sha256: digest.sha256, size: 8192, registered: now)
            entry.title = "Discharge summary"
            entry.language = "en"
            entry.typeCode = CodedValue(code: "18842-5", system: "http://loinc.org", display: "Discharge summary")
            entry.classCode = CodedValue(code: "18842-5", system: "http://loinc.org", display: "Discharge summary")
            references.append((DocumentReferenceMapping.json(entry, base: base), BundleEntry.Search(.match)))
        }
        found = Self.searchset(references, base: base)
    }

    /// What to answer to a path; counts the request under the first letter of its trace id.
    func answer(_ path: String, trace: UInt8?) -> Answer {
        let isMatch = path.hasSuffix("/Patient/$match")
        guard isMatch || path.hasSuffix("/DocumentReference/_search") else { return .unknown }
        let milliseconds: Double? = state.withLock { state in
            if let trace { state.requests[trace, default: 0] += 1 }
            switch state.manner {
            case .hangs, .gone: return nil
            case .steady(let milliseconds): return isMatch ? 0 : Double(milliseconds)
            case .model: return isMatch ? 0 : DelayModel.draw(&state.chance)
            case .slow: return isMatch ? 0 : DelayModel.draw(&state.chance).map { $0 * DelayModel.slowFactor }
            }
        }
        guard let milliseconds else { return .never }
        return .bytes(isMatch ? match : found, milliseconds: milliseconds)
    }

    /// How it behaves from now on.
    var manner: ResponderManner {
        get { state.withLock { $0.manner } }
        set { state.withLock { $0.manner = newValue } }
    }

    /// The requests since the last time, by the first letter of their trace ids.
    func takeCounts() -> [UInt8: Int] {
        state.withLock { state in
            defer { state.requests = [:] }
            return state.requests
        }
    }

    private static func searchset(_ resources: [(JSONObject, BundleEntry.Search)], base: String) -> [UInt8] {
        var bundle: JSONObject = ["resourceType": "Bundle", "type": "searchset"]
        bundle["total"] = .number(String(resources.count))
        bundle["entry"] = .array(
            resources.map { resource, search in
                var entry: JSONObject = [:]
                let kind = resource["resourceType"]?.string ?? ""
                entry["fullUrl"] = .string("\(base)/\(kind)/\(resource["id"]?.string ?? "")")
                entry["resource"] = .object(resource)
                var why: JSONObject = ["mode": .string(search.mode.rawValue)]
                if let grade = search.grade {
                    why["extension"] = .array([
                        [
                            "url": "http://hl7.org/fhir/StructureDefinition/match-grade", "valueCode": .string(grade),
                        ],
                    ])
                    why["score"] = .number("1.000")
                }
                entry["search"] = .object(why)
                return .object(entry)
            })
        return JSONWriter.bytes(.object(bundle))
    }
}

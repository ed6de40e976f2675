import ExchangeCore
import JSON

/// How a scripted responder behaves from now on.
enum ResponderManner: Hashable, Sendable {
    /// The reference's model of a community: lognormal with a median of 60 ms, some ten times slower, a few never.
    case model
    /// The same model, ten times slower throughout.
    case slow
    /// Always after so many milliseconds.
    case steady(milliseconds: Int)
    /// Takes connections and requests, and answers nothing: a host that hangs.
    case hangs
    /// Listens at no port, and lets its connections go: a process that ended.
    case gone

    /// The manner as its word in a plan.
    var word: String {
        switch self {
        case .model: "model"
        case .slow: "slow"
        case .steady(let milliseconds): "steady:\(milliseconds)"
        case .hangs: "hangs"
        case .gone: "gone"
        }
    }

    /// Reads the word; nil when it is none.
    init?(_ word: String) {
        switch word {
        case "model": self = .model
        case "slow": self = .slow
        case "hangs": self = .hangs
        case "gone": self = .gone
        default:
            guard word.hasPrefix("steady:"), let milliseconds = Int(word.dropFirst(7)), milliseconds >= 0 else { return nil }
            self = .steady(milliseconds: milliseconds)
        }
    }
}

/// What the process of the scripted responders is told at its start: who they are, and where they listen.
struct ResponderPlan: Sendable {
    /// One community: its certificate's files, and the ports of its two endpoints.
    struct Place: Sendable {
        let community: CommunityID
        let ports: [Int]
        let certificate: String
        let key: String
        /// Its id of the one patient it knows.
        let patient: PatientID
    }

    /// The network's certificate, whom callers are trusted by.
    let network: String
    /// The socket at which its manners are set and its counts are read.
    let control: String
    /// What the delays are drawn from.
    let seed: UInt64
    /// The communities.
    let places: [Place]

    /// The plan as a file.
    var json: JSONValue {
        let places: [JSONValue] = places.map { place in
            [
                "community": .string(place.community.urn), "ports": .array(place.ports.map { .number(String($0)) }),
                "certificate": .string(place.certificate), "key": .string(place.key),
                "patient": .string(place.patient.description),
            ]
        }
        return [
            "network": .string(network), "control": .string(control), "seed": .string(String(seed)),
            "places": .array(places),
        ]
    }

    /// A plan from its parts.
    init(network: String, control: String, seed: UInt64, places: [Place]) {
        self.network = network
        self.control = control
        self.seed = seed
        self.places = places
    }

    /// Reads a file; `.badRequest` when it is no plan.
    init(_ bytes: [UInt8]) throws(ExchangeError) {
        let wrong = ExchangeError(.badRequest, "the responders' plan cannot be read")
        guard let json = try? JSONReader.read(bytes), let network = json["network"]?.string,
            let control = json["control"]?.string, let seed = json["seed"]?.string.flatMap({ UInt64($0) })
        else { throw wrong }
        var places: [Place] = []
        for item in json["places"]?.items ?? [] {
            guard let community = item["community"]?.string.flatMap({ CommunityID($0) }),
                let certificate = item["certificate"]?.string, let key = item["key"]?.string,
                let patient = item["patient"]?.string.flatMap({ PatientID($0) })
            else { throw wrong }
            places.append(
                Place(
                    community: community, ports: (item["ports"]?.items ?? []).compactMap(\.integer),
                    certificate: certificate, key: key, patient: patient))
        }
        self.init(network: network, control: control, seed: seed, places: places)
    }
}

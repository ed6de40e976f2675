import ExchangeCore
import JSON
import Trust

/// Why something the directory was offered is not kept: for the administrator's log and `hie directory show`.
package enum DirectoryRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not a token we believe.
    case token(TokenRefusal)
    /// A member of the payload is missing or not as it must be; its name.
    case malformed(String)
    /// Of another network.
    case otherNetwork
    /// Its community has no valid admission here.
    case notAdmitted
    /// Its epoch is not the admission's.
    case wrongEpoch
    /// Dated further ahead than clocks may differ: accepted, it would lock its owner out.
    case farFuture
    /// Valid for longer than such a token may be.
    case lifetimeTooLong
    /// So long expired that it must not come back.
    case expired
    /// It names keys or identifiers that its admission does not.
    case beyondAdmission
    /// More communities than a directory holds.
    case full
    /// Its community publishes more often than anybody may.
    case tooOften
    /// It waits for its community's admission.
    case pending
    /// Not two stories under one number.
    case noProof

    package var description: String {
        switch self {
        case .token(let refusal): refusal.description
        case .malformed(let name): "member \(name) missing or malformed"
        case .otherNetwork: "made for another network"
        case .notAdmitted: "its community has no valid admission"
        case .wrongEpoch: "its epoch is not the admission's"
        case .farFuture: "dated in the future"
        case .lifetimeTooLong: "valid for too long"
        case .expired: "expired long ago"
        case .beyondAdmission: "names keys or identifiers beyond its admission"
        case .full: "the directory is full"
        case .tooOften: "its community publishes too often"
        case .pending: "waits for its community's admission"
        case .noProof: "proves nothing"
        }
    }
}

extension DirectoryRefusal {
    /// Whether only a faulty or hostile peer brings such a text: it should have verified it first.
    var isFault: Bool {
        switch self {
        // What a newer admission here or there, or a newer program, explains is no fault.
        case .token(.unknownKey), .malformed, .beyondAdmission: false
        case .token, .otherNetwork, .lifetimeTooLong, .noProof: true
        case .notAdmitted, .wrongEpoch, .farFuture, .expired, .full, .tooOften, .pending: false
        }
    }
}

/// Reads a payload's members by name.
struct PayloadClaims {
    let payload: JSONObject

    func text(_ name: String, bytesMax: Int = 256) throws(DirectoryRefusal) -> String {
        guard let text = payload[name]?.string, (1...bytesMax).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F })
        else { throw .malformed(name) }
        return text
    }

    func optionalText(_ name: String, bytesMax: Int = 256) throws(DirectoryRefusal) -> String? {
        payload[name] == nil ? nil : try text(name, bytesMax: bytesMax)
    }

    func community(_ name: String) throws(DirectoryRefusal) -> CommunityID {
        let text = try text(name)
        guard text.utf8.starts(with: "urn:oid:".utf8), let community = CommunityID(text) else { throw .malformed(name) }
        return community
    }

    func thumbprint(_ name: String) throws(DirectoryRefusal) -> Thumbprint {
        guard let value = Thumbprint(try text(name)) else { throw .malformed(name) }
        return value
    }

    /// An integer from 0 to `max`, written as one.
    func integer(_ name: String, max: Int) throws(DirectoryRefusal) -> Int {
        guard let value = payload[name]?.integer, (0...max).contains(value) else { throw .malformed(name) }
        return value
    }

    /// Whole seconds since 1970, before the year 10000.
    func time(_ name: String) throws(DirectoryRefusal) -> Timestamp {
        Timestamp(seconds: Int64(try integer(name, max: 253_402_300_799)))
    }

    /// An array's elements; empty when the member is absent.
    func array(_ name: String, countMax: Int) throws(DirectoryRefusal) -> [JSONValue] {
        guard let value = payload[name] else { return [] }
        guard case .array(let items) = value, items.count <= countMax else { throw .malformed(name) }
        return items
    }

    func texts(_ name: String, countMax: Int) throws(DirectoryRefusal) -> [String] {
        var texts: [String] = []
        for item in try array(name, countMax: countMax) {
            guard let text = item.string, (1...256).contains(text.utf8.count) else { throw .malformed(name) }
            texts.append(text)
        }
        return texts
    }

    func oids(_ name: String, countMax: Int) throws(DirectoryRefusal) -> [OID] {
        var oids: [OID] = []
        for text in try texts(name, countMax: countMax) {
            guard text.utf8.starts(with: "urn:oid:".utf8), let oid = OID(text) else { throw .malformed(name) }
            oids.append(oid)
        }
        return oids
    }
}

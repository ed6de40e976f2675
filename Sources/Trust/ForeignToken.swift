import ExchangeCore
import JSON

/// A JWS of somebody else's software, in compact form: read strictly, one algorithm of a closed list, believed only once a key
/// of its issuer verified it (RFC 8725).
struct ForeignToken: Sendable {
    /// The algorithm its header states; `none` and the symmetric ones are not among those there are.
    let algorithm: JSONWebKey.Algorithm
    /// The key it says it was signed with; nil when it names none.
    let keyID: String?
    /// The claims, not to be believed before `verify`.
    let payload: JSONObject
    private let signingInput: [UInt8]
    private let signature: [UInt8]

    /// Header members that say nothing that is believed, and harm nobody.
    private static let passedOver: Set<String> = ["x5t", "x5t#S256"]

    /// Reads a token whose `typ` is one of `types`; nil among them allows its absence.
    init(_ compact: String, types: Set<String?>) throws(TokenRefusal) {
        let bytes = Array(compact.utf8)
        guard bytes.count <= UnverifiedToken.bytesMax else { throw .malformed("longer than \(UnverifiedToken.bytesMax) bytes") }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty else { throw .malformed("not three parts") }
        let header = try UnverifiedToken.object(parts[0], "header", JSONLimits(depthMax: 4, nodesMax: 64))
        for member in header.members where !["alg", "kid", "typ"].contains(member.name) && !Self.passedOver.contains(member.name) {
            throw .forbiddenHeader(String(member.name.prefix(16)))
        }
        guard let algorithm = header["alg"]?.string.flatMap({ JSONWebKey.Algorithm(rawValue: $0) }) else {
            throw .wrongAlgorithm
        }
        guard types.contains(header["typ"]?.string) else { throw .wrongType }
        if let id = header["kid"] {
            guard let id = id.string, (1...256).contains(id.utf8.count) else { throw .unknownKey }
            keyID = id
        } else {
            keyID = nil
        }
        guard let signature = Base64.decode(String(decoding: parts[2], as: UTF8.self), .url) else {
            throw .malformed("the signature is not base64url")
        }
        self.algorithm = algorithm
        self.signature = signature
        payload = try UnverifiedToken.object(parts[1], "payload", JSONLimits(depthMax: 12, nodesMax: 4096))
        signingInput = Array(bytes[..<(parts[0].count + 1 + parts[1].count)])
    }

    /// Refuses unless a key of that name (any, when the token names none) signed it.
    func verify(by keys: [JSONWebKey]) throws(TokenRefusal) {
        let candidates = keys.filter { key in keyID.map { key.keyID == $0 } ?? true }
        guard !candidates.isEmpty else { throw .unknownKey }
        guard candidates.contains(where: { $0.verifies(signature, of: signingInput, by: algorithm) }) else {
            throw .badSignature
        }
    }
}

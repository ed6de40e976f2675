import ExchangeCore
import JSON

/// The kinds of what we sign; `typ` separates them and must match exactly (RFC 8725 section 3.11, directory.md 2.1).
package enum TokenType: String, Sendable, CaseIterable {
    /// What a community says about itself.
    case record = "concordat-record+jwt"
    /// Who may be in the directory.
    case admission = "concordat-admission+jwt"
    /// The authority's word that a community takes part no longer.
    case revocation = "concordat-revocation+jwt"
    /// What an observer saw of a community: silence, a refused connection, or that it answers.
    case observation = "concordat-observation+jwt"
    /// A community's own word that it lives.
    case heartbeat = "concordat-heartbeat+jwt"
    /// An invitation to join the network: single use, short, bound to organisation and key.
    case join = "concordat-join+jwt"
    /// For whom and why a node asks a peer.
    case assertion = "concordat-assertion+jwt"
    /// A user's access token (IUA, RFC 9068).
    case access = "at+jwt"
    /// A consent directive on its way to another community.
    case statement = "concordat-consent+jwt"
    /// What that community did with it.
    case receipt = "concordat-consent-receipt+jwt"
    /// What an answer across communities covers.
    case completeness = "concordat-completeness+jwt"

    /// The longest compact form, in bytes: a consent statement holds a whole Consent, a completeness receipt a line for
    /// every community; everything else fits a header.
    package var bytesMax: Int { isLong ? 512 * 1024 : UnverifiedToken.bytesMax }

    private var isLong: Bool { self == .statement || self == .completeness }

    /// How deep and how many the claims may be.
    fileprivate var limits: JSONLimits {
        isLong ? JSONLimits(depthMax: 24, nodesMax: 65_536) : JSONLimits(depthMax: 8, nodesMax: 4096)
    }
}

/// A JWS in compact form (RFC 7515) whose form was read strictly and whose signature nobody has checked yet.
///
/// Exactly the header members `alg`, `kid` and `typ`; `alg` is ES256; every part canonical base64url; no JSON member
/// twice. What it says may choose the key to check it with, and nothing else.
package struct UnverifiedToken: Sendable {
    /// The longest compact form of what travels in a header, in bytes.
    package static let bytesMax = 16 * 1024

    /// The text as received.
    package let compact: String
    /// The kind it claims, as asked for.
    package let type: TokenType
    /// The header's `kid`: the thumbprint of the key that is said to have signed.
    package let keyID: Thumbprint
    /// The claims, not to be believed yet.
    package let payload: JSONObject

    /// The community it names, not to be believed yet; nil when it names none.
    package let community: CommunityID?

    let signingInput: [UInt8]
    let signature: [UInt8]

    /// Reads a compact JWS of one kind.
    package init(_ compact: String, type: TokenType) throws(TokenRefusal) {
        let bytes = Array(compact.utf8)
        guard bytes.count <= type.bytesMax else { throw .malformed("longer than \(type.bytesMax) bytes") }
        let parts = bytes.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[1].isEmpty else { throw .malformed("not three parts") }
        let header = try Self.object(parts[0], "header", TokenType.assertion.limits)
        for member in header.members where !["alg", "kid", "typ"].contains(member.name) {
            throw .forbiddenHeader(String(member.name.prefix(16)))
        }
        guard header["alg"]?.string == "ES256" else { throw .wrongAlgorithm }
        guard header["typ"]?.string == type.rawValue else { throw .wrongType }
        guard let keyID = header["kid"]?.string.flatMap({ Thumbprint($0) }) else { throw .unknownKey }
        guard let signature = Base64.decode(String(decoding: parts[2], as: UTF8.self), .url), signature.count == 64 else {
            throw .malformed("signature is not 64 bytes of base64url")
        }
        self.compact = compact
        self.type = type
        self.keyID = keyID
        payload = try Self.object(parts[1], "payload", type.limits)
        community = payload["community"]?.string.flatMap { CommunityID($0) }
        signingInput = Array(bytes[..<(parts[0].count + 1 + parts[1].count)])
        self.signature = signature
    }

    /// The token, once the key that its `kid` names is found to have signed it.
    package func verified(by key: VerifyingKey?) throws(TokenRefusal) -> SignedToken {
        guard let key, key.thumbprint == keyID else { throw .unknownKey }
        guard key.verifies(signature, of: signingInput) else { throw .badSignature }
        return believed
    }

    /// The token without a look at its signature: for what this node verified itself before it kept it, where the key that
    /// signed it is named by nobody any more.
    package var believed: SignedToken {
        SignedToken(compact: compact, type: type, payload: payload, keyID: keyID, signingInput: signingInput)
    }

    static func object(_ part: ArraySlice<UInt8>, _ name: String, _ limits: JSONLimits)
        throws(TokenRefusal) -> JSONObject
    {
        guard let bytes = Base64.decode(String(decoding: part, as: UTF8.self), .url) else {
            throw .malformed("\(name) is not canonical base64url")
        }
        guard !bytes.starts(with: [0xEF, 0xBB, 0xBF]),
            let value = try? JSONReader.read(bytes, limits: limits),
            case .object(let object) = value
        else { throw .malformed("\(name) is not a JSON object with unique names") }
        return object
    }
}

/// A JWS whose signature was verified, or which we signed ourselves; stored and forwarded as the exact text received.
package struct SignedToken: Sendable, Hashable {
    /// The compact form, byte for byte.
    package let compact: String
    /// Which kind.
    package let type: TokenType
    /// The claims.
    package let payload: JSONObject
    /// The thumbprint of the key that signed.
    package let keyID: Thumbprint
    /// SHA-256 of the signing input `header.payload`, without the signature.
    ///
    /// ECDSA signatures are malleable: were they hashed, a stranger could make two "different" tokens of one.
    package let hash: Thumbprint

    init(compact: String, type: TokenType, payload: JSONObject, keyID: Thumbprint, signingInput: [UInt8]) {
        self.compact = compact
        self.type = type
        self.payload = payload
        self.keyID = keyID
        hash = Thumbprint(of: signingInput)
    }

    /// Signs claims as a token of one kind; the header names the key by its thumbprint.
    package init(signing payload: JSONObject, type: TokenType, key: SigningKey) throws(ExchangeError) {
        let keyID = key.publicKey.thumbprint
        let header: JSONValue = ["alg": "ES256", "kid": .string(keyID.text), "typ": .string(type.rawValue)]
        let text =
            Base64.encode(JSONWriter.bytes(header), .url) + "." + Base64.encode(JSONWriter.bytes(.object(payload)), .url)
        let input = Array(text.utf8)
        let compact = text + "." + Base64.encode(try key.sign(input), .url)
        guard compact.utf8.count <= type.bytesMax else {
            throw ExchangeError(.tooLarge, "a signed token may have \(type.bytesMax) bytes at the most")
        }
        self.init(compact: compact, type: type, payload: payload, keyID: keyID, signingInput: input)
    }

    /// Reads and verifies a compact JWS; `key` finds the key for what the token claims to be, nil when there is none.
    package static func verify(
        _ compact: String, type: TokenType, key: (UnverifiedToken) throws(TokenRefusal) -> VerifyingKey?,
    ) throws(TokenRefusal) -> SignedToken {
        let token = try UnverifiedToken(compact, type: type)
        return try token.verified(by: try key(token))
    }

    package static func == (left: SignedToken, right: SignedToken) -> Bool {
        left.compact.utf8.elementsEqual(right.compact.utf8)
    }

    package func hash(into hasher: inout Hasher) { hasher.combine(hash) }
}

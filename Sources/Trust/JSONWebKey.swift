import Crypto
import CryptoExtras
import ExchangeCore
import FoundationEssentials
import JSON

/// A public key of somebody else's software, as RFC 7517 writes it: P-256, P-384, or RSA of 2,048 to 8,192 bits.
package struct JSONWebKey: Sendable, Hashable {
    /// The signatures that are read (RFC 7518 section 3.1). A key verifies those of its own kind alone.
    package enum Algorithm: String, Sendable, CaseIterable {
        case es256 = "ES256"
        case es384 = "ES384"
        case rs256 = "RS256"
        case rs384 = "RS384"
    }

    private enum Material: Sendable, Hashable {
        case p256(x963: [UInt8])
        case p384(x963: [UInt8])
        case rsa(modulus: [UInt8], exponent: [UInt8])
    }

    /// Its name (`kid`); nil where it has none.
    package let keyID: String?
    /// The one algorithm it is for (`alg`); nil for every one of its kind.
    package let algorithm: Algorithm?
    private let material: Material

    /// Reads one key; nil for one of another kind, use or size, which RFC 7517 section 5 has us pass over.
    ///
    /// Throws `.badRequest` for a private key: it has no business in a file of public ones.
    init?(_ json: JSONObject) throws(ExchangeError) {
        guard json["d"] == nil, json["k"] == nil else {
            throw ExchangeError(.badRequest, "the key set holds a private key; publish the public halves alone")
        }
        if let use = json["use"], use.string != "sig" { return nil }
        var named: Algorithm?
        if let text = json["alg"]?.string {
            guard let known = Algorithm(rawValue: text) else { return nil }
            named = known
        }
        if let id = json["kid"] {
            guard let id = id.string, (1...256).contains(id.utf8.count) else { return nil }
            keyID = id
        } else {
            keyID = nil
        }
        guard let material = Self.material(json) else { return nil }
        self.material = material
        if let named, !Self.kinds(of: material).contains(named) { return nil }
        algorithm = named
    }

    private static func material(_ json: JSONObject) -> Material? {
        func number(_ name: String) -> [UInt8]? { json[name]?.string.flatMap { Base64.decode($0, .url) } }
        switch (json["kty"]?.string, json["crv"]?.string) {
        case ("EC", "P-256"):
            guard let x = number("x"), let y = number("y"), x.count == 32, y.count == 32 else { return nil }
            let point = [4] + x + y
            return (try? P256.Signing.PublicKey(x963Representation: point)).map { _ in .p256(x963: point) }
        case ("EC", "P-384"):
            guard let x = number("x"), let y = number("y"), x.count == 48, y.count == 48 else { return nil }
            let point = [4] + x + y
            return (try? P384.Signing.PublicKey(x963Representation: point)).map { _ in .p384(x963: point) }
        case ("RSA", _):
            guard let n = number("n"), let e = number("e"), (256...1024).contains(n.count), (1...4).contains(e.count),
                n[0] != 0, e != [1], e.last.map({ $0 & 1 == 1 }) ?? false,
                (try? _RSA.Signing.PublicKey(n: Data(n), e: Data(e))) != nil
            else { return nil }
            return .rsa(modulus: n, exponent: e)
        default: return nil
        }
    }

    private static func kinds(of material: Material) -> [Algorithm] {
        switch material {
        case .p256: [.es256]
        case .p384: [.es384]
        case .rsa: [.rs256, .rs384]
        }
    }

    /// Whether a signature is this key's over those bytes; false for an algorithm that is not this key's.
    func verifies(_ signature: [UInt8], of content: [UInt8], by algorithm: Algorithm) -> Bool {
        guard Self.kinds(of: material).contains(algorithm), self.algorithm ?? algorithm == algorithm else { return false }
        switch material {
        case .p256(let point):
            guard signature.count == 64, let key = try? P256.Signing.PublicKey(x963Representation: point),
                let parsed = try? P256.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(parsed, for: content)
        case .p384(let point):
            guard signature.count == 96, let key = try? P384.Signing.PublicKey(x963Representation: point),
                let parsed = try? P384.Signing.ECDSASignature(rawRepresentation: signature)
            else { return false }
            return key.isValidSignature(parsed, for: content)
        case .rsa(let n, let e):
            guard signature.count == n.count, let key = try? _RSA.Signing.PublicKey(n: Data(n), e: Data(e)) else {
                return false
            }
            let parsed = _RSA.Signing.RSASignature(rawRepresentation: signature)
            return algorithm == .rs256
                ? key.isValidSignature(parsed, for: SHA256.hash(data: content), padding: .insecurePKCS1v1_5)
                : key.isValidSignature(parsed, for: SHA384.hash(data: content), padding: .insecurePKCS1v1_5)
        }
    }
}

/// A set of public keys (RFC 7517 section 5).
package struct JSONWebKeySet: Sendable, Hashable {
    /// The longest text that is read, in bytes.
    package static let bytesMax = 256 * 1024
    private static let keysMax = 64

    /// The keys that can be used.
    package let keys: [JSONWebKey]

    /// Reads a set; `.badRequest` when it is none, holds a private key, or no key that can be used.
    package init(_ bytes: [UInt8]) throws(ExchangeError) {
        guard bytes.count <= Self.bytesMax else { throw ExchangeError(.tooLarge, "a key set has at most 256 KiB") }
        guard let json = try? JSONReader.read(bytes, limits: JSONLimits(depthMax: 8, nodesMax: 4096)),
            case .array(let rows)? = json["keys"], rows.count <= Self.keysMax
        else { throw ExchangeError(.badRequest, "this is no JSON Web Key Set of at most \(Self.keysMax) keys (RFC 7517)") }
        var keys: [JSONWebKey] = []
        for row in rows {
            guard let object = row.object else { throw ExchangeError(.badRequest, "a key of the set is no JSON object") }
            if let key = try JSONWebKey(object) { keys.append(key) }
        }
        guard !keys.isEmpty else {
            throw ExchangeError(.badRequest, "the set has no key that can be used: P-256, P-384, or RSA from 2,048 bits on")
        }
        self.keys = keys
    }
}

extension VerifyingKey {
    /// The key as RFC 7517 writes it, named by its thumbprint as in our tokens' `kid`.
    package var webKey: JSONValue {
        let point = Array(key.x963Representation)
        return [
            "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": .string(thumbprint.text),
            "x": .string(Base64.encode(Array(point[1..<33]), .url)), "y": .string(Base64.encode(Array(point[33...]), .url)),
        ]
    }
}

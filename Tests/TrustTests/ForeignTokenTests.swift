import Crypto
import CryptoExtras
import ExchangeCore
import Foundation
import JSON
import Testing

@testable import Trust

/// Tokens of somebody else's software: what is read, and what never is.
@Suite struct ForeignTokenTests {
    private static let now = Timestamp(seconds: 1_800_000_000)
    private static let endpoint = "https://hie.example.org:8443/token"
    private let ec = P384.Signing.PrivateKey()
    private let p256 = P256.Signing.PrivateKey()
    private let rsa: _RSA.Signing.PrivateKey

    init() throws { rsa = try _RSA.Signing.PrivateKey(keySize: .bits2048) }

    private func set(_ extra: String = "") throws -> JSONWebKeySet {
        let point = Array(ec.publicKey.x963Representation)
        let own = Array(p256.publicKey.x963Representation)
        let parts = try rsa.publicKey.getKeyPrimitives()
        return try JSONWebKeySet(
            Array(
                #"""
                {"keys":[
                {"kty":"EC","crv":"P-384","kid":"e","alg":"ES384","x":"\#(Base64.encode(Array(point[1..<49]), .url))","y":"\#(Base64.encode(Array(point[49...]), .url))"},
                {"kty":"EC","crv":"P-256","kid":"p","x":"\#(Base64.encode(Array(own[1..<33]), .url))","y":"\#(Base64.encode(Array(own[33...]), .url))"},
                {"kty":"RSA","kid":"r","n":"\#(Base64.encode(Array(parts.modulus), .url))","e":"\#(Base64.encode(Array(parts.publicExponent), .url))"}\#(extra)
                ]}
                """#.utf8))
    }

    private func sign(_ header: String, _ payload: String) throws -> String {
        let text = Base64.encode(Array(header.utf8), .url) + "." + Base64.encode(Array(payload.utf8), .url)
        let bytes = Data(text.utf8)
        let signature: [UInt8] =
            if header.contains("ES384") { Array(try ec.signature(for: bytes).rawRepresentation) }
            else if header.contains("ES256") { Array(try p256.signature(for: bytes).rawRepresentation) }
            else if header.contains("RS384") {
                Array(try rsa.signature(for: SHA384.hash(data: bytes), padding: .insecurePKCS1v1_5).rawRepresentation)
            } else { Array(try rsa.signature(for: SHA256.hash(data: bytes), padding: .insecurePKCS1v1_5).rawRepresentation) }
        return text + "." + Base64.encode(signature, .url)
    }

    private func claims(
        _ change: (inout JSONObject) -> Void = { _ in }
    ) -> String {
        var claims: JSONObject = [
            "iss": "bulk", "sub": "bulk", "aud": .string(Self.endpoint), "jti": "one",
            "exp": .number(String(Self.now.seconds + 300)), "iat": .number(String(Self.now.seconds)),
        ]
        change(&claims)
        return String(decoding: JSONWriter.bytes(.object(claims)), as: UTF8.self)
    }

    private func refusal(_ header: String, _ payload: String? = nil, client: String = "bulk") throws -> TokenRefusal? {
        let keys = try set().keys
        let text = try sign(header, payload ?? claims())
        do {
            _ = try ClientAssertion(verifying: text, for: Self.endpoint, now: Self.now) { $0 == client ? keys : nil }
            return nil
        } catch { return error }
    }

    @Test func `an assertion of RS384 or ES384 is believed, with and without type and key name`() throws {
        #expect(try refusal(#"{"alg":"ES384","kid":"e","typ":"JWT"}"#) == nil)
        #expect(try refusal(#"{"alg":"RS384","kid":"r","typ":"JWT"}"#) == nil)
        #expect(try refusal(#"{"alg":"RS384"}"#) == nil)
        #expect(try refusal(#"{"alg":"ES384","kid":"e"}"#, claims { $0["aud"] = ["x", .string(Self.endpoint)] }) == nil)
        #expect(try refusal(#"{"alg":"ES384","kid":"e"}"#, claims { $0["iat"] = nil }) == nil)
    }

    @Test func `T19 no other algorithm, header, key or claim is`() throws {
        #expect(try refusal(#"{"alg":"none"}"#) == .wrongAlgorithm)
        #expect(try refusal(#"{"alg":"HS256"}"#) == .wrongAlgorithm)
        #expect(try refusal(#"{"alg":"ES256","kid":"p"}"#) == .wrongAlgorithm)
        #expect(try refusal(#"{"alg":"RS256","kid":"r"}"#) == .wrongAlgorithm)
        #expect(try refusal(#"{"alg":"RS384","kid":"e"}"#) == .badSignature, "a key of another kind")
        #expect(try refusal(#"{"alg":"ES384","kid":"unknown"}"#) == .unknownKey)
        for member in ["jku", "x5u", "jwk", "crit", "x5c", "b64"] {
            #expect(try refusal(#"{"alg":"ES384","kid":"e","\#(member)":"https://evil.example"}"#) == .forbiddenHeader(member))
        }
        #expect(try refusal(#"{"alg":"ES384","kid":"e","typ":"at+jwt"}"#) == .wrongType)
        let header = #"{"alg":"ES384","kid":"e"}"#
        #expect(try refusal(header, claims { $0["sub"] = "other" }) == .wrongIssuer)
        #expect(try refusal(header, client: "other") == .wrongIssuer)
        #expect(try refusal(header, claims { $0["aud"] = "https://hie.example.org" }) == .wrongAudience)
        #expect(try refusal(header, claims { $0["exp"] = .number(String(Self.now.seconds)) }) == .expired)
        #expect(try refusal(header, claims { $0["exp"] = .number(String(Self.now.seconds + 301)) }) == .lifetimeTooLong)
        #expect(try refusal(header, claims { $0["exp"] = .number(String(Self.now.seconds + 3600)); $0["iat"] = nil }) == .lifetimeTooLong)
        #expect(try refusal(header, claims { $0["nbf"] = .number(String(Self.now.seconds + 61)) }) == .notYetValid)
        #expect(try refusal(header, claims { $0["jti"] = nil }) == .missingClaim("jti"))
        #expect(try refusal(header, claims { $0["exp"] = "soon" }) == .missingClaim("exp"))
    }

    @Test func `T18 an assertion counts once, also across a restart`() throws {
        let keys = try set().keys
        func assertion(_ id: String, at moment: Timestamp) throws -> ClientAssertion {
            let text = try sign(
                #"{"alg":"ES384","kid":"e"}"#,
                claims {
                    $0["jti"] = .string(id)
                    $0["iat"] = .number(String(moment.seconds))
                    $0["exp"] = .number(String(moment.seconds + 300))
                })
            return try ClientAssertion(verifying: text, for: Self.endpoint, now: Self.now) { _ in keys }
        }
        var seen = SeenAssertions(startedAt: Self.now - .seconds(10), countMax: 4)
        #expect(seen.admit(try assertion("a", at: Self.now), now: Self.now) == nil)
        #expect(seen.admit(try assertion("a", at: Self.now), now: Self.now) == .replayed)
        #expect(seen.admit(try assertion("b", at: Self.now - .seconds(60)), now: Self.now) == .replayed, "before the start")
        for id in ["c", "d", "e"] { #expect(seen.admit(try assertion(id, at: Self.now), now: Self.now) == nil) }
        #expect(seen.admit(try assertion("f", at: Self.now), now: Self.now) == .replayed, "no room")
        #expect(seen.admit(try assertion("f", at: Self.now), now: Self.now + .seconds(400)) == nil, "others have expired")
    }

    @Test func `a key set passes over what it cannot use, and refuses what it must not hold`() throws {
        #expect(try set(#",{"kty":"OKP","crv":"Ed25519","x":"AA"},{"kty":"EC","crv":"P-256","use":"enc","x":"AA","y":"AA"}"#).keys.count == 3)
        let short = Base64.encode([UInt8](repeating: 0xFF, count: 128), .url)
        #expect(try set(#",{"kty":"RSA","n":"\#(short)","e":"AQAB"}"#).keys.count == 3, "1,024 bits")
        #expect(try set(#",{"kty":"EC","crv":"P-256","x":"\#(Base64.encode([UInt8](repeating: 1, count: 32), .url))","y":"\#(Base64.encode([UInt8](repeating: 1, count: 32), .url))"}"#).keys.count == 3, "not on the curve")
        for wrong in ["", "{}", "[]", #"{"keys":{}}"#, #"{"keys":[]}"#, #"{"keys":[1]}"#, #"{"keys":[{"kty":"oct"}]}"#] {
            #expect(throws: ExchangeError.self, "\(wrong)") { try JSONWebKeySet(Array(wrong.utf8)) }
        }
        #expect(throws: ExchangeError.self) { try set(#",{"kty":"EC","crv":"P-256","d":"AA"}"#) }
        #expect(throws: ExchangeError.self) { try set(#",{"kty":"oct","k":"AA"}"#) }
    }

    @Test func `a user token of an identity provider is read by its key set, and by nobody else's`() throws {
        let payload = #"""
            {"iss":"https://login.example.org","sub":"dr.x","aud":"urn:oid:1.2.3","iat":1,"exp":2,"jti":"j",
            "cnf":{"x5t#S256":"\#(Thumbprint(of: [1]).text)"},
            "extensions":{"ihe_iua":{"subject_role":"physician","subject_organization_id":"urn:oid:1.2.3"}}}
            """#
        for header in [#"{"alg":"RS256","kid":"r","typ":"at+jwt"}"#, #"{"alg":"ES256","kid":"p","typ":"at+jwt"}"#] {
            let text = try sign(header, payload)
            let sets = ["https://login.example.org": try set().keys]
            #expect(try UserToken(verifying: text, issuers: [:], sets: sets).user == "dr.x")
            #expect(throws: TokenRefusal.self) { try UserToken(verifying: text, issuers: [:], sets: ["https://other": try set().keys]) }
            #expect(throws: TokenRefusal.self) { try UserToken(verifying: text, issuers: [:]) }
            // An issuer whose key is pinned is never believed by a set.
            #expect(throws: TokenRefusal.self) {
                try UserToken(verifying: text, issuers: ["https://login.example.org": []], sets: sets)
            }
            #expect(UserToken.claimedIssuer(text) == "https://login.example.org")
        }
        #expect(throws: TokenRefusal.self) {
            try UserToken(
                verifying: try sign(#"{"alg":"RS256","kid":"r","typ":"JWT"}"#, payload), issuers: [:],
                sets: ["https://login.example.org": try set().keys])
        }
    }
}

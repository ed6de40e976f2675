import Crypto
import ExchangeCore
import JSON
import Testing

@testable import Trust

@Suite struct TokenTests {
    let scene: TrustScene

    init() throws { scene = try TrustScene() }

    private func keys(_ community: CommunityID, _ thumbprint: Thumbprint) -> VerifyingKey? {
        community == scene.east && thumbprint == scene.nodeKey.publicKey.thumbprint ? scene.nodeKey.publicKey : nil
    }

    private func read(_ compact: String) throws(TokenRefusal) -> PeerAssertion {
        try PeerAssertion(verifying: compact, from: scene.east, key: keys)
    }

    private func refusal(_ compact: String) -> TokenRefusal? {
        do {
            _ = try read(compact)
            return nil
        } catch { return error }
    }

    /// A compact JWS of any header, signed over what it says.
    private func forge(header: String, payload: String, key: SigningKey? = nil) throws -> String {
        let text = Base64.encode(Array(header.utf8), .url) + "." + Base64.encode(Array(payload.utf8), .url)
        return text + "." + Base64.encode(try (key ?? scene.nodeKey).sign(Array(text.utf8)), .url)
    }

    private func payload(of compact: String) throws -> String {
        let part = String(compact.split(separator: ".")[1])
        return String(decoding: try #require(Base64.decode(part, .url)), as: UTF8.self)
    }

    @Test func `an assertion says what was put into it`() throws {
        let assertion = try scene.assertion()
        #expect(try read(try assertion.signed(with: scene.nodeKey).compact) == assertion)
    }

    @Test func `a user token says what was put into it`() throws {
        let token = scene.userToken()
        let compact = try token.signed(with: scene.nodeKey).compact
        let read = try UserToken(
            verifying: compact, issuers: ["https://a.example.org": [SigningKey().publicKey, scene.nodeKey.publicKey]])
        #expect(read == token)
        #expect(read.organization == scene.east.urn)
        #expect(throws: TokenRefusal.wrongIssuer) { try UserToken(verifying: compact, issuers: [:]) }
        #expect(throws: TokenRefusal.unknownKey) {
            try UserToken(verifying: compact, issuers: ["https://a.example.org": [SigningKey().publicKey]])
        }
    }

    @Test func `a user token states one purpose of one code system at the most`() throws {
        let good = try payload(of: scene.userToken().signed(with: scene.nodeKey).compact)
        let header = #"{"alg":"ES256","kid":"\#(scene.nodeKey.publicKey.thumbprint)","typ":"at+jwt"}"#
        let coding = #"{"system":"http://terminology.hl7.org/CodeSystem/v3-ActReason","code":"TREAT"}"#
        #expect(good.contains(coding))
        func read(_ change: String) throws -> UserToken {
            let changed = good.replacing(coding, with: change)
            return try UserToken(
                verifying: try forge(header: header, payload: changed),
                issuers: ["https://a.example.org": [scene.nodeKey.publicKey]])
        }
        #expect(try read("").purpose == nil)
        #expect(throws: TokenRefusal.missingClaim("purpose_of_use")) { try read(coding + "," + coding) }
        #expect(throws: TokenRefusal.missingClaim("purpose_of_use")) { try read(#"{"code":"TREAT"}"#) }
        #expect(throws: TokenRefusal.missingClaim("purpose_of_use")) { try read(#""TREAT""#) }
    }

    @Test func `T34 a token speaks only for its certificate, its audience and its time`() throws {
        let assertion = try scene.assertion()
        let good = TokenExpectation(
            now: scene.now, audiences: [scene.west.urn], certificate: scene.node.thumbprint)
        #expect(assertion.refusal(good) == nil)
        var other = good
        other.certificate = scene.client.thumbprint
        #expect(assertion.refusal(other) == .wrongCertificate)
        other = good
        other.audiences = [scene.east.urn]
        #expect(assertion.refusal(other) == .wrongAudience)
        other = good
        other.now = assertion.expires - .seconds(1)
        #expect(assertion.refusal(other) == nil)
        other.now = assertion.expires
        #expect(assertion.refusal(other) == .expired)
        other.now = assertion.expires + .seconds(1)
        #expect(assertion.refusal(other) == .expired)
        other.now = assertion.issued - .seconds(61)
        #expect(assertion.refusal(other) == .notYetValid)
        other.now = assertion.issued - .seconds(60)
        #expect(assertion.refusal(other) == nil)
        other = good
        other.lifetimeMax = .seconds(59)
        #expect(assertion.refusal(other) == .lifetimeTooLong)
        let user = scene.userToken()
        var client = TokenExpectation(
            now: scene.now, audiences: [scene.east.urn], certificate: scene.client.thumbprint)
        #expect(user.refusal(client) == nil)
        client.now = user.expires
        #expect(user.refusal(client) == .expired)
        client.now = scene.now
        client.certificate = scene.node.thumbprint
        #expect(user.refusal(client) == .wrongCertificate)
    }

    @Test func `T34 no algorithm but ES256 and no header member but three`() throws {
        let good = try scene.assertion().signed(with: scene.nodeKey).compact
        let body = try payload(of: good)
        let kid = scene.nodeKey.publicKey.thumbprint.text
        let typ = "concordat-assertion+jwt"
        func header(_ text: String) throws -> TokenRefusal? { refusal(try forge(header: text, payload: body)) }
        #expect(try header(#"{"alg":"ES256","kid":"\#(kid)","typ":"\#(typ)"}"#) == nil)
        for alg in ["none", "None", "HS256", "RS256", "ES384", "es256", "ES256 ", "EdDSA", ""] {
            #expect(try header(#"{"alg":"\#(alg)","kid":"\#(kid)","typ":"\#(typ)"}"#) == .wrongAlgorithm)
        }
        #expect(try header(#"{"alg":["ES256"],"kid":"\#(kid)","typ":"\#(typ)"}"#) == .wrongAlgorithm)
        #expect(try header(#"{"kid":"\#(kid)","typ":"\#(typ)"}"#) == .wrongAlgorithm)
        for name in ["crit", "jku", "x5u", "jwk", "x5c", "x5t", "b64", "zip", "cty", "anything"] {
            let text = #"{"alg":"ES256","kid":"\#(kid)","typ":"\#(typ)","\#(name)":"x"}"#
            #expect(try header(text) == .forbiddenHeader(name))
        }
        #expect(try header(#"{"alg":"ES256","alg":"none","kid":"\#(kid)","typ":"\#(typ)"}"#).isMalformed)
        #expect(try header(#"{"alg":"ES256","\u0061lg":"none","kid":"\#(kid)","typ":"\#(typ)"}"#).isMalformed)
        #expect(try header(#"{"alg":"ES256","kid":"\#(kid)","typ":"\#(typ)"}x"#).isMalformed)
        #expect(try header(#"["ES256"]"#).isMalformed)
        for kid in ["", "../../etc/passwd", "'; drop table", SigningKey().publicKey.thumbprint.text, kid + "="] {
            #expect(try header(#"{"alg":"ES256","kid":"\#(kid)","typ":"\#(typ)"}"#) == .unknownKey)
        }
        #expect(try header(#"{"alg":"ES256","typ":"\#(typ)"}"#) == .unknownKey)
        for wrong in ["JWT", "", typ.uppercased(), "application/\(typ)"] {
            #expect(try header(#"{"alg":"ES256","kid":"\#(kid)","typ":"\#(wrong)"}"#) == .wrongType)
        }
    }

    @Test func `T34 an HMAC under the public key is no signature`() throws {
        let text = "eyJhbGciOiJIUzI1NiJ9.e30"
        let mac = HMAC<SHA256>.authenticationCode(
            for: Array(text.utf8), using: SymmetricKey(data: scene.nodeKey.publicKey.spki))
        #expect(refusal(text + "." + Base64.encode(Array(mac), .url)) == .wrongAlgorithm)
    }

    @Test func `T34 another key's signature under our kid is refused`() throws {
        let good = try scene.assertion().signed(with: scene.nodeKey).compact
        let header = #"{"alg":"ES256","kid":"\#(scene.nodeKey.publicKey.thumbprint)","typ":"concordat-assertion+jwt"}"#
        let forged = try forge(header: header, payload: payload(of: good), key: scene.clientKey)
        #expect(refusal(forged) == .badSignature)
        // A lookup that answers with another key than was asked for is no help either.
        #expect(throws: TokenRefusal.unknownKey) {
            try SignedToken.verify(forged, type: .assertion) { _ in scene.clientKey.publicKey }
        }
    }

    @Test func `T9 an assertion of another community than the connection's is refused`() throws {
        let good = try scene.assertion().signed(with: scene.nodeKey).compact
        #expect(throws: TokenRefusal.wrongIssuer) {
            try PeerAssertion(verifying: good, from: scene.west) { _, _ in scene.nodeKey.publicKey }
        }
    }

    @Test func `duplicate members and missing claims are refused by name`() throws {
        let good = try payload(of: scene.assertion().signed(with: scene.nodeKey).compact)
        let kid = scene.nodeKey.publicKey.thumbprint.text
        let header = #"{"alg":"ES256","kid":"\#(kid)","typ":"concordat-assertion+jwt"}"#
        let twice = good.dropLast() + #","sub":"somebody.else"}"#
        #expect(refusal(try forge(header: header, payload: String(twice))).isMalformed)
        for name in ["iss", "sub", "aud", "iat", "exp", "jti", "cnf", "org", "trace"] {
            var object = try #require(JSONReader.read(Array(good.utf8)).object)
            object[name] = nil
            let without = String(decoding: JSONWriter.bytes(.object(object)), as: UTF8.self)
            #expect(refusal(try forge(header: header, payload: without)) == .missingClaim(name))
            object[name] = .bool(true)
            let wrong = String(decoding: JSONWriter.bytes(.object(object)), as: UTF8.self)
            #expect(refusal(try forge(header: header, payload: wrong)) == .missingClaim(name))
        }
        for date in ["1e9", "-1", "1772445600.1234", "99999999999999999999", #""1772445600""#] {
            var object = try #require(JSONReader.read(Array(good.utf8)).object)
            object["exp"] = date.first == "\"" ? .string("1772445600") : .number(date)
            let wrong = String(decoding: JSONWriter.bytes(.object(object)), as: UTF8.self)
            #expect(refusal(try forge(header: header, payload: wrong)) == .missingClaim("exp"))
        }
    }

    @Test func `T25 no kind passes for another`() throws {
        let compact = Dictionary(
            uniqueKeysWithValues: try TokenType.allCases.map { type in
                (type, try SignedToken(signing: ["a": 1], type: type, key: scene.nodeKey).compact)
            })
        for made in TokenType.allCases {
            for asked in TokenType.allCases {
                let text = try #require(compact[made])
                let token = try? SignedToken.verify(text, type: asked) { _ in scene.nodeKey.publicKey }
                #expect((token != nil) == (made == asked), "\(made) as \(asked)")
            }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `no token changed in any byte is believed, but for the signature's twin`(seed: UInt64) throws {
        var random = SeededRandom(seed)
        let good = try scene.assertion(tokenID: "id\(seed)").signed(with: scene.nodeKey)
        for _ in 0..<100 {
            var bytes = Array(good.compact.utf8)
            let at = Int.random(in: bytes.indices, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes[at] ^= 1 << UInt8.random(in: 0..<7, using: &random)
            case 1: bytes.remove(at: at)
            case 2: bytes.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: at)
            default: bytes = Array(bytes[..<at])
            }
            let text = String(decoding: bytes, as: UTF8.self)
            guard text != good.compact else { continue }
            #expect(refusal(text) != nil)
        }
    }

    @Test func `the hash of a token leaves the signature out, so that its twin is the same token`() throws {
        let first = try SignedToken(signing: ["a": 1], type: .record, key: scene.nodeKey)
        let second = try SignedToken(signing: ["a": 1], type: .record, key: scene.nodeKey)
        #expect(first.compact != second.compact, "ECDSA signatures are randomised")
        #expect(first.hash == second.hash)
    }

    @Test func `T18 an assertion is used once, also by a restarted node`() throws {
        var seen = SeenTokens(startedAt: scene.now - .seconds(5), countMax: 10)
        let assertion = try scene.assertion()
        #expect(seen.admit(assertion, now: scene.now) == nil)
        #expect(seen.admit(assertion, now: scene.now) == .replayed)
        #expect(seen.admit(assertion, now: scene.now + .seconds(59)) == .replayed)
        #expect(seen.admit(try scene.assertion(tokenID: "two"), now: scene.now) == nil)
        var restarted = SeenTokens(startedAt: scene.now + .milliseconds(1))
        #expect(restarted.admit(assertion, now: scene.now + .milliseconds(1)) == .replayed)
    }

    @Test func `the memory of used tokens is bounded and forgets what expired`() throws {
        var seen = SeenTokens(startedAt: scene.now, countMax: 2000)
        for index in 0..<2000 {
            #expect(seen.admit(try scene.assertion(tokenID: "a\(index)"), now: scene.now) == nil)
        }
        #expect(seen.admit(try scene.assertion(tokenID: "b"), now: scene.now) == .replayed)
        let later = scene.now + .seconds(60)
        #expect(seen.admit(try scene.assertion(now: later, tokenID: "b"), now: later) == nil)
        #expect(seen.count == 1)
    }

    @Test func `a token longer than 16 KiB is neither made nor read`() throws {
        let payload: JSONObject = ["a": .string(String(repeating: "x", count: 16 * 1024))]
        #expect(throws: ExchangeError(.tooLarge, "")) {
            try SignedToken(signing: payload, type: .record, key: scene.nodeKey)
        }
        #expect(refusal(String(repeating: "a.", count: 10_000)).isMalformed)
        for text in ["", ".", "..", "...", "a.b", "a.b.c.d", "a..c"] { #expect(refusal(text).isMalformed) }
    }
}

extension TokenRefusal? {
    var isMalformed: Bool { if case .malformed? = self { true } else { false } }
}

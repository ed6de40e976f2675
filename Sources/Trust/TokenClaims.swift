import ExchangeCore
import JSON

/// Reads claims by name; a missing one, or one of another type, is refused by its name.
struct TokenClaims {
    let payload: JSONObject

    func text(_ name: String) throws(TokenRefusal) -> String {
        guard let text = payload[name]?.string, (1...512).contains(text.utf8.count) else { throw .missingClaim(name) }
        return text
    }

    /// Nil when absent; refused when there but not a short string.
    func optionalText(_ name: String) throws(TokenRefusal) -> String? {
        payload[name] == nil ? nil : try text(name)
    }

    func community(_ name: String) throws(TokenRefusal) -> CommunityID {
        let text = try text(name)
        guard text.utf8.starts(with: "urn:oid:".utf8), let community = CommunityID(text) else {
            throw .missingClaim(name)
        }
        return community
    }

    func thumbprint(_ name: String) throws(TokenRefusal) -> Thumbprint {
        guard let thumbprint = Thumbprint(try text(name)) else { throw .missingClaim(name) }
        return thumbprint
    }

    /// NumericDate (RFC 7519): seconds, with up to three decimals.
    func time(_ name: String) throws(TokenRefusal) -> Timestamp {
        guard case .number(let text)? = payload[name], let time = Self.numericDate(text) else {
            throw .missingClaim(name)
        }
        return time
    }

    /// A number from 1 on, as one that is counted.
    func count(_ name: String) throws(TokenRefusal) -> Int {
        guard let count = payload[name]?.integer, (1...1_000_000_000).contains(count) else { throw .missingClaim(name) }
        return count
    }

    func object(_ name: String) throws(TokenRefusal) -> TokenClaims {
        guard let object = payload[name]?.object else { throw .missingClaim(name) }
        return TokenClaims(payload: object)
    }

    static func numericDate(_ text: String) -> Timestamp? {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let seconds = Int64(first), (0...253_402_300_799).contains(seconds) else { return nil }
        var milliseconds: Int64 = 0
        if parts.count == 2 {
            guard (1...3).contains(parts[1].utf8.count), let fraction = Int64(parts[1]), fraction >= 0 else { return nil }
            milliseconds = fraction * (parts[1].utf8.count == 1 ? 100 : parts[1].utf8.count == 2 ? 10 : 1)
        }
        return Timestamp(milliseconds: seconds * 1000 + milliseconds)
    }

    /// A NumericDate in whole seconds, rounded down.
    static func seconds(_ time: Timestamp) -> JSONValue { .number(String(time.seconds)) }

    /// A NumericDate with three decimals; the time is after 1970.
    static func milliseconds(_ time: Timestamp) -> JSONValue {
        let rest = String(time.milliseconds - time.seconds * 1000)
        return .number("\(time.seconds)." + String(repeating: "0", count: 3 - rest.utf8.count) + rest)
    }
}

/// What a bearer of a token must match: the moment, the audience, the connection's certificate.
package struct TokenExpectation: Sendable {
    /// This node's clock.
    package var now: Timestamp
    /// Who we are: the community's URN, or a URL that tokens for us may name.
    package var audiences: Set<String>
    /// The certificate of the connection the token came over (`cnf` / `x5t#S256`, RFC 8705 section 3).
    package var certificate: Thumbprint
    /// From issue to expiry at the most.
    package var lifetimeMax: Duration
    /// How far ahead of ours the issuer's clock may be; expiry has no leeway.
    package var skewMax: Duration

    /// An expectation; five minutes of life and one minute of skew unless said otherwise.
    package init(
        now: Timestamp, audiences: Set<String>, certificate: Thumbprint, lifetimeMax: Duration = .seconds(300),
        skewMax: Duration = .seconds(60),
    ) {
        self.now = now
        self.audiences = audiences
        self.certificate = certificate
        self.lifetimeMax = lifetimeMax
        self.skewMax = skewMax
    }

    /// The first rule a token breaks, nil when it holds.
    func refusal(issued: Timestamp, expires: Timestamp, audiences named: [String], certificate bound: Thumbprint)
        -> TokenRefusal?
    {
        if now >= expires { return .expired }
        if issued > now + skewMax { return .notYetValid }
        if expires - issued > lifetimeMax || expires < issued { return .lifetimeTooLong }
        if !named.contains(where: audiences.contains) { return .wrongAudience }
        if bound != certificate { return .wrongCertificate }
        return nil
    }
}

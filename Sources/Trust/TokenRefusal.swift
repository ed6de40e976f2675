/// Why a signed token was not believed: for the administrator's log, never for the caller.
package enum TokenRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    /// Not a compact JWS as we read it; what is wrong with it.
    case malformed(String)
    /// A kind of token other than the one asked for (`typ`).
    case wrongType
    /// An algorithm other than ES256, `none` included.
    case wrongAlgorithm
    /// A header member we do not allow (`crit`, `jku`, `x5u`, `jwk`, ...).
    case forbiddenHeader(String)
    /// No key of that `kid` is known for whoever it claims to come from.
    case unknownKey
    /// The signature is not of that key over these bytes.
    case badSignature
    /// A required claim is missing or not of its type; its name.
    case missingClaim(String)
    /// Issued by somebody who may not issue such tokens here.
    case wrongIssuer
    /// Made for somebody else.
    case wrongAudience
    /// Bound to another certificate than the connection's.
    case wrongCertificate
    /// Its time is over.
    case expired
    /// Its time has not come: issued in the future.
    case notYetValid
    /// Valid for longer than such tokens may be.
    case lifetimeTooLong
    /// Presented before.
    case replayed

    package var description: String {
        switch self {
        case .malformed(let what): "malformed token: \(what)"
        case .wrongType: "token of another kind"
        case .wrongAlgorithm: "token not signed with ES256"
        case .forbiddenHeader(let name): "token header has the forbidden member \(name)"
        case .unknownKey: "token signed with an unknown key"
        case .badSignature: "token signature does not verify"
        case .missingClaim(let name): "token claim \(name) missing or of the wrong type"
        case .wrongIssuer: "token of an issuer that is not trusted here"
        case .wrongAudience: "token made for another audience"
        case .wrongCertificate: "token bound to another certificate"
        case .expired: "token expired"
        case .notYetValid: "token issued in the future"
        case .lifetimeTooLong: "token valid for too long"
        case .replayed: "token presented before"
        }
    }
}

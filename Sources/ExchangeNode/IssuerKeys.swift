import ExchangeCore
import Foundation

/// The list `issuers` of `node.yaml`: whose user tokens count, beside the facility's own.
package struct IssuerSettings: Sendable, Equatable {
    /// Where an issuer's keys are.
    package enum Source: Sendable, Equatable {
        /// One P-256 public key, a PEM file; its tokens have the strict form of our own.
        case key(file: String)
        /// A key set (RFC 7517), a file.
        case set(file: String)
        /// A key set behind an https URL, checked against the authority of a PEM file.
        case remote(url: String, authority: String)
    }

    /// How its tokens name it.
    package var issuer: String
    /// Where its keys are.
    package var source: Source

    /// Whether its keys are fetched.
    var isRemote: Bool { if case .remote = source { true } else { false } }

    static func read(_ section: inout YAMLReader, among others: [IssuerSettings]) -> IssuerSettings? {
        let issuer = section.required("iss")
        if others.contains(where: { $0.issuer == issuer }) { section.refuse("iss", "stands twice") }
        let (key, set) = (section.text("key"), section.text("jwks"))
        let (url, authority) = (section.text("jwks-url"), section.text("jwks-authority"))
        switch (key, set, url) {
        case (let key?, nil, nil): return IssuerSettings(issuer: issuer, source: .key(file: key))
        case (nil, let set?, nil): return IssuerSettings(issuer: issuer, source: .set(file: set))
        case (nil, nil, let url?):
            guard RemoteKeySet.Place(url) != nil else {
                section.refuse("jwks-url", "must be an https URL such as https://login.example.org/jwks.json")
                return nil
            }
            guard let authority else {
                section.refuse("jwks-authority", "names the PEM file of the authority that the URL's server is checked against")
                return nil
            }
            return IssuerSettings(issuer: issuer, source: .remote(url: url, authority: authority))
        default:
            section.refuse("key", "or jwks or jwks-url says where the issuer's keys are: one of the three")
            return nil
        }
    }
}

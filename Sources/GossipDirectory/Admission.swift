import ExchangeCore
import JSON
import Trust

/// Who may be in the directory: the network authority's signed word on one community (directory.md 2).
///
/// Never derived from liveness. Kept and forwarded as the exact text received.
package struct Admission: Hashable, Sendable {
    /// The longest an admission may be valid.
    package static let lifetimeMax = Duration.seconds(397 * 86400)

    /// What the authority grants, to be signed.
    package struct Grant: Hashable, Sendable {
        /// The network: the thumbprint of its founding authority's key.
        package var network: Thumbprint
        /// The community.
        package var community: CommunityID
        /// Its organisation's name, for people.
        package var organization: String
        /// Identifiers that the community may call its own, its own OID always among them.
        package var identifiers: [OID]
        /// The keys its certificates and signatures may be of; at most 8.
        package var keys: [VerifyingKey]
        /// Raised by the authority after loss of a key or database, or after equivocation.
        package var epoch: UInt32
        /// What it may do in the network: `gossip`, ...
        package var roles: [String]
        /// When it was granted.
        package var issued: Timestamp
        /// When it begins.
        package var notBefore: Timestamp
        /// When it ends.
        package var expires: Timestamp

        /// A grant from its parts; valid from `issued` for 397 days unless said otherwise.
        package init(
            network: Thumbprint, community: CommunityID, organization: String, identifiers: [OID] = [],
            keys: [VerifyingKey], epoch: UInt32 = 1, roles: [String] = ["gossip"], issued: Timestamp,
            validity: Duration = Admission.lifetimeMax,
        ) {
            self.network = network
            self.community = community
            self.organization = organization
            self.identifiers = identifiers.contains(community.oid) ? identifiers : [community.oid] + identifiers
            self.keys = keys
            self.epoch = epoch
            self.roles = roles
            self.issued = Timestamp(seconds: issued.seconds)
            notBefore = Timestamp(seconds: issued.seconds)
            expires = Timestamp(seconds: (issued + validity).seconds)
        }
    }

    /// What is granted.
    package let grant: Grant
    /// The signed text.
    package let token: SignedToken

    /// The community it is about.
    package var community: CommunityID { grant.community }

    /// Signs a grant with the authority's key.
    package init(granting grant: Grant, key: SigningKey) throws(ExchangeError) {
        let payload: JSONObject = [
            "net": .string(grant.network.text), "community": .string(grant.community.urn),
            "epoch": .number(String(grant.epoch)), "iat": .number(String(grant.issued.seconds)),
            "nbf": .number(String(grant.notBefore.seconds)), "exp": .number(String(grant.expires.seconds)),
            "org": .string(grant.organization), "ids": .array(grant.identifiers.map { .string($0.urn) }),
            "keys": .array(grant.keys.map { ["spki": .string(Base64.encode($0.spki, .url))] }),
            "roles": .array(grant.roles.map { .string($0) }),
        ]
        self.grant = grant
        token = try SignedToken(signing: payload, type: .admission, key: key)
    }

    /// Reads an admission and verifies it with one of the network's authorities' keys.
    ///
    /// Its times are judged where it is used; here only that they make sense.
    package init(verifying compact: String, network: Thumbprint, authorities: [VerifyingKey])
        throws(DirectoryRefusal)
    {
        do {
            token = try SignedToken.verify(compact, type: .admission) { draft in
                authorities.first { $0.thumbprint == draft.keyID }
            }
        } catch { throw .token(error) }
        let claims = PayloadClaims(payload: token.payload)
        guard try claims.thumbprint("net") == network else { throw .otherNetwork }
        var keys: [VerifyingKey] = []
        for item in try claims.array("keys", countMax: 8) {
            guard let text = item["spki"]?.string, let spki = Base64.decode(text, .url), let key = VerifyingKey(spki: spki)
            else { throw .malformed("keys") }
            keys.append(key)
        }
        guard !keys.isEmpty else { throw .malformed("keys") }
        var grant = Grant(
            network: network, community: try claims.community("community"), organization: try claims.text("org"),
            identifiers: try claims.oids("ids", countMax: 32), keys: keys,
            epoch: UInt32(try claims.integer("epoch", max: Int(UInt32.max))),
            roles: try claims.texts("roles", countMax: 16), issued: try claims.time("iat"))
        grant.notBefore = try claims.time("nbf")
        grant.expires = try claims.time("exp")
        guard grant.expires - grant.notBefore <= Self.lifetimeMax, grant.notBefore < grant.expires else {
            throw .lifetimeTooLong
        }
        self.grant = grant
    }

    /// How far a clock may be behind the authority's: an admission made just now is good at once.
    package static let skewMax = Duration.seconds(300)

    /// Whether it holds at a moment.
    package func isValid(at now: Timestamp) -> Bool { validity?.contains(now) ?? false }

    /// From when until when it counts; nil when it ends before it begins.
    var validity: Range<Timestamp>? {
        let begins = grant.notBefore - Self.skewMax
        return begins < grant.expires ? begins..<grant.expires : nil
    }

    /// The admitted key of a thumbprint, nil when it is none of these.
    package func key(_ thumbprint: Thumbprint) -> VerifyingKey? { grant.keys.first { $0.thumbprint == thumbprint } }

    /// Which of two admissions of one community counts: higher epoch, then later issue, then higher hash.
    func isNewer(than other: Admission) -> Bool {
        (other.grant.epoch, other.grant.issued, other.token.hash) < (grant.epoch, grant.issued, token.hash)
    }
}

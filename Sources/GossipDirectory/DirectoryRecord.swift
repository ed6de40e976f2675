import ExchangeCore
import JSON
import Trust

/// Where a community answers for one purpose.
package struct DirectoryEndpoint: Hashable, Sendable {
    /// The purpose: `fhir`, `gossip`, ...
    package let role: String
    /// The address.
    package let url: EndpointURL
    /// A region, for routing; nil when none is stated.
    package let region: String?
    /// Preference among endpoints of one role, 0 to 1000.
    package let weight: Int

    /// An endpoint from its parts.
    package init(role: String, url: EndpointURL, region: String? = nil, weight: Int = 1) {
        self.role = role
        self.url = url
        self.region = region
        self.weight = weight
    }
}

/// What a community says about itself: signed by it, replicated, expiring (directory.md 2.1).
package struct DirectoryRecord: Hashable, Sendable {
    /// Whether it takes part.
    package enum Status: String, Sendable {
        /// It answers.
        case active
        /// It does not answer for a while.
        case maintenance
        /// It is about to stop.
        case draining
        /// It has left; final within the epoch.
        case retired
    }

    /// What the record says, to be signed.
    package struct Statement: Hashable, Sendable {
        /// The network.
        package var network: Thumbprint
        /// The community, as its admission assigns it.
        package var community: CommunityID
        /// The admission's epoch.
        package var epoch: UInt32
        /// The owner's count: Unix milliseconds, always rising; under 2^53.
        package var sequence: UInt64
        /// The hash of the owner's previous record.
        package var previous: Thumbprint?
        /// When it was made.
        package var issued: Timestamp
        /// When it ends: never routed to from then on.
        package var expires: Timestamp
        /// Whether the community takes part.
        package var status: Status
        /// What it says of itself.
        package var profile: DirectoryProfile
        /// The keys it uses now, by thumbprint; all of them in the admission.
        package var keys: [Thumbprint]
        /// The hash of the admission it was made under.
        package var admission: Thumbprint

        /// A statement from its parts.
        package init(
            network: Thumbprint, community: CommunityID, epoch: UInt32, sequence: UInt64, previous: Thumbprint?,
            issued: Timestamp, expires: Timestamp, status: Status, profile: DirectoryProfile, keys: [Thumbprint],
            admission: Thumbprint,
        ) {
            self.network = network
            self.community = community
            self.epoch = epoch
            self.sequence = sequence
            self.previous = previous
            self.issued = issued
            self.expires = expires
            self.status = status
            self.profile = profile
            self.keys = keys
            self.admission = admission
        }
    }

    /// The longest a record may be valid.
    package static let lifetimeMax = Duration.seconds(72 * 3600)
    /// How far ahead of our clock a record may be dated.
    package static let aheadMax = Duration.seconds(600)
    /// How long an expired record stays visible; afterwards it is unacceptable for good.
    package static let staleMax = Duration.seconds(30 * 86400)

    /// What it says.
    package let statement: Statement
    /// The signed text, byte for byte as received.
    package let token: SignedToken

    /// The community it is about.
    package var community: CommunityID { statement.community }

    /// Its place in the owner's history: the greatest wins.
    package var mark: HighWaterMark {
        HighWaterMark(
            epoch: statement.epoch, isRetired: statement.status == .retired, sequence: statement.sequence,
            hash: token.hash)
    }

    /// Its best endpoint of a role: greatest weight, then first in the record.
    package func endpoint(_ role: String) -> EndpointURL? {
        var best: DirectoryEndpoint?
        for endpoint in statement.profile.endpoints where endpoint.role == role {
            if best.map({ $0.weight < endpoint.weight }) ?? true { best = endpoint }
        }
        return best?.url
    }

    /// How many endpoints of one role are used: what a record lists beyond is kept and passed on, never asked.
    package static let endpointsPerRole = 4

    /// Its endpoints of a role, each once: greatest weight first, then as the record lists them; at most four.
    package func endpoints(_ role: String) -> [EndpointURL] {
        let ranked = statement.profile.endpoints.enumerated().filter { $0.element.role == role }
            .sorted { (-$0.element.weight, $0.offset) < (-$1.element.weight, $1.offset) }
        var found: [EndpointURL] = []
        for (_, endpoint) in ranked where !found.contains(endpoint.url) { found.append(endpoint.url) }
        return Array(found.prefix(Self.endpointsPerRole))
    }

    /// Signs a statement with the community's key.
    package init(stating statement: Statement, key: SigningKey) throws(ExchangeError) {
        self.statement = statement
        token = try SignedToken(signing: Self.payload(statement), type: .record, key: key)
    }

    /// Reads a record and verifies it with a key of its community's admission; times are judged where it is kept.
    package init(verifying draft: UnverifiedToken, admission: Admission) throws(DirectoryRefusal) {
        do { token = try draft.verified(by: admission.key(draft.keyID)) } catch { throw .token(error) }
        statement = try Self.statement(token, of: admission.grant)
        guard statement.epoch == admission.grant.epoch else { throw .wrongEpoch }
        guard statement.keys.allSatisfy({ admission.key($0) != nil }),
            statement.profile.identifiers.allSatisfy(admission.grant.identifiers.contains)
        else { throw .beyondAdmission }
    }

    /// Reads back a record that this node verified before it kept it, under an admission that was replaced since.
    ///
    /// It has no force and is not passed on; it says how far its owner's history had come, and that it had left. Of another
    /// community or network, or of an epoch above the admission's, it is refused.
    init(remembering draft: UnverifiedToken, admission: Admission) throws(DirectoryRefusal) {
        token = draft.believed
        statement = try Self.statement(token, of: admission.grant)
        guard statement.epoch <= admission.grant.epoch else { throw .wrongEpoch }
    }

    private static func statement(_ token: SignedToken, of grant: Admission.Grant) throws(DirectoryRefusal) -> Statement {
        let statement = try statement(PayloadClaims(payload: token.payload))
        guard statement.community == grant.community else { throw .notAdmitted }
        guard statement.network == grant.network else { throw .otherNetwork }
        guard statement.expires - statement.issued <= lifetimeMax, statement.issued < statement.expires else {
            throw .lifetimeTooLong
        }
        return statement
    }

    private static func payload(_ statement: Statement) -> JSONObject {
        let profile = statement.profile
        var payload: JSONObject = [
            "net": .string(statement.network.text), "community": .string(statement.community.urn),
            "epoch": .number(String(statement.epoch)), "seq": .number(String(statement.sequence)),
        ]
        payload["prev"] = statement.previous.map { .string($0.text) }
        payload["iat"] = .number(String(statement.issued.seconds))
        payload["exp"] = .number(String(statement.expires.seconds))
        payload["status"] = .string(statement.status.rawValue)
        payload["org"] = .string(profile.organization)
        payload["ids"] = .array(profile.identifiers.map { .string($0.urn) })
        payload["endpoints"] = .array(
            profile.endpoints.map { endpoint in
                var item: JSONObject = ["role": .string(endpoint.role), "url": .string(endpoint.url.description)]
                item["region"] = endpoint.region.map { .string($0) }
                item["weight"] = .number(String(endpoint.weight))
                return .object(item)
            })
        payload["keys"] = .array(statement.keys.map { ["spki": .string($0.text), "use": "tls"] })
        payload["caps"] = .array(profile.capabilities.map { .string($0) })
        payload["adm"] = .string(statement.admission.text)
        return payload
    }

    private static func statement(_ claims: PayloadClaims) throws(DirectoryRefusal) -> Statement {
        guard let status = Status(rawValue: try claims.text("status")) else { throw .malformed("status") }
        var endpoints: [DirectoryEndpoint] = []
        for item in try claims.array("endpoints", countMax: 16) {
            guard let object = item.object else { throw .malformed("endpoints") }
            let part = PayloadClaims(payload: object)
            guard let url = EndpointURL(try part.text("url")) else { throw .malformed("endpoints.url") }
            endpoints.append(
                DirectoryEndpoint(
                    role: try part.text("role", bytesMax: 32), url: url,
                    region: try part.optionalText("region", bytesMax: 64),
                    weight: part.payload["weight"] == nil ? 1 : try part.integer("weight", max: 1000)))
        }
        var keys: [Thumbprint] = []
        for item in try claims.array("keys", countMax: 8) {
            guard let key = item["spki"]?.string.flatMap({ Thumbprint($0) }) else { throw .malformed("keys") }
            keys.append(key)
        }
        return Statement(
            network: try claims.thumbprint("net"), community: try claims.community("community"),
            epoch: UInt32(try claims.integer("epoch", max: Int(UInt32.max))),
            sequence: UInt64(try claims.integer("seq", max: 1 << 53 - 1)),
            previous: claims.payload["prev"] == nil ? nil : try claims.thumbprint("prev"),
            issued: try claims.time("iat"), expires: try claims.time("exp"), status: status,
            profile: DirectoryProfile(
                organization: try claims.text("org"), identifiers: try claims.oids("ids", countMax: 32),
                endpoints: endpoints, capabilities: try claims.texts("caps", countMax: 64)),
            keys: keys, admission: try claims.thumbprint("adm"))
    }
}

/// What a node's operator lets it say about itself.
package struct DirectoryProfile: Hashable, Sendable {
    /// The organisation's name, for people.
    package var organization: String
    /// Identifiers it goes by, a subset of its admission's.
    package var identifiers: [OID]
    /// Where it answers.
    package var endpoints: [DirectoryEndpoint]
    /// Protocols and versions it speaks, such as `mhd/4.2`.
    package var capabilities: [String]

    /// A profile from its parts.
    package init(
        organization: String, identifiers: [OID] = [], endpoints: [DirectoryEndpoint], capabilities: [String] = [],
    ) {
        self.organization = organization
        self.identifiers = identifiers
        self.endpoints = endpoints
        self.capabilities = capabilities
    }
}

/// The highest place in an owner's history that was ever accepted; kept for good, so that nothing older returns.
package struct HighWaterMark: Hashable, Sendable, Comparable {
    /// The admission's epoch.
    package let epoch: UInt32
    /// Whether the owner has left: final within the epoch, whatever it counts afterwards.
    package let isRetired: Bool
    /// The owner's count.
    package let sequence: UInt64
    /// The record's hash; breaks the tie of an owner who tells two stories.
    package let hash: Thumbprint

    package static func < (left: Self, right: Self) -> Bool {
        (left.epoch, left.isRetired ? 1 : 0, left.sequence, left.hash)
            < (right.epoch, right.isRetired ? 1 : 0, right.sequence, right.hash)
    }
}

import ExchangeCore
import FHIREndpoint
import Simulation
import Trust
import X509

/// Who asks in a simulation: a user of one community, for one purpose.
struct Requester: Hashable, Sendable {
    let user: String
    let role: String?
    let organization: String
    let community: CommunityID
    /// Nil states none, which is refused everywhere.
    let purpose: String?

    /// The context an edge would make of a request by this user.
    func context(_ door: AccessContext.Door, at uptime: Duration) -> AccessContext {
        AccessContext(
            door: door, user: user, role: role, organization: organization, community: community, purpose: purpose,
            deadline: uptime + .seconds(30), traceID: String(repeating: "0", count: 32), reason: reason)
    }

    /// Why an emergency is one; whoever declares one here says it.
    var reason: String? { purpose == "BTG" ? "unconscious" : nil }

    /// The same user asking from another community's node, or for something else.
    func with(community: CommunityID? = nil, purpose: String?) -> Requester {
        Requester(
            user: user, role: role, organization: organization, community: community ?? self.community,
            purpose: purpose)
    }

    /// The token that stands for the user: readable to `TokenReader` alone, secret to nobody.
    var token: String {
        let parts = [user, role ?? "", organization, community.oid.dotted, purpose ?? ""]
        return Base64.encode(Array(parts.joined(separator: " ").utf8), .url)
    }

    /// The user a token stands for.
    init?(token: String) {
        guard let bytes = Base64.decode(token, .url), let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let parts = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, let community = CommunityID(parts[3]) else { return nil }
        self.init(
            user: parts[0], role: parts[1].isEmpty ? nil : parts[1], organization: parts[2], community: community,
            purpose: parts[4].isEmpty ? nil : parts[4])
    }

    /// A requester from its parts.
    init(user: String, role: String?, organization: String, community: CommunityID, purpose: String?) {
        self.user = user
        self.role = role
        self.organization = organization
        self.community = community
        self.purpose = purpose
    }

    /// Somebody of the small world.
    static func drawn(_ chance: inout Chance, communities: [CommunityID]) -> Requester? {
        guard let community = chance.one(of: communities) else { return nil }
        return Requester(
            user: chance.one(of: SmallWorld.users, or: "nobody"),
            role: chance.oneIn(5) ? "clinician" : chance.one(of: SmallWorld.roles),
            organization: chance.oneIn(2) ? community.urn : chance.one(of: SmallWorld.organizations, or: community.urn),
            community: community, purpose: chance.one(of: SmallWorld.purposes))
    }
}

/// A door's judge of credentials: whoever the token says; the connection is a test certificate's.
struct TokenReader: RequestAuthenticator {
    let door: AccessContext.Door

    func judge(_ certificate: Certificate) async -> TrustPolicy.Verdict { .refused(.noCertificate) }

    func refusal(of certificate: TrustedCertificate) -> String? { nil }

    func authenticate(_ credentials: RequestCredentials) -> Authentication {
        guard let requester = Requester(token: credentials.token) else { return .refused("not a simulated token") }
        return .context(
            AccessContext(
                door: door, user: requester.user, role: requester.role, organization: requester.organization,
                community: requester.community, purpose: requester.purpose, deadline: credentials.deadline,
                traceID: credentials.traceID, reason: requester.reason))
    }
}

extension ConnectionIdentity {
    /// One client certificate for every simulated connection.
    static func forSimulations() throws -> ConnectionIdentity {
        try SeededScheduler(seed: 1).run { try await issued() }
    }

    private static func issued() async throws -> ConnectionIdentity {
        let now = Timestamp(milliseconds: 1_772_445_600_000)
        var random = SplitMix64(seed: 1)
        let facility = try CertificateAuthority(name: "simulation", key: SigningKey(), now: now, using: &random)
        let certificate = try facility.issueClient(
            name: "ehr", organization: "simulation", key: SigningKey().publicKey, now: now, using: &random)
        let verdict = await TrustPolicy(roots: [facility.certificate]).judge(chain: [certificate], as: .client, now: now)
        guard case .trusted(let trusted) = verdict else {
            throw ExchangeError(.internal, "the simulation's own certificate is not trusted")
        }
        return ConnectionIdentity(certificate: trusted)
    }
}

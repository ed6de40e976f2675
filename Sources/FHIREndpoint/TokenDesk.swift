import ExchangeCore
import Synchronization
import Trust

/// A system of the facility's that gets tokens by itself (SMART Backend Services).
package struct BackendClient: Sendable, Hashable {
    /// Its name, as its assertions say it.
    package let id: String
    /// Its public keys.
    package let keys: [JSONWebKey]
    /// The role its tokens state.
    package let role: String
    /// The purpose of use they state, a code of v3-ActReason.
    package let purpose: String
    /// What it may ask for.
    package let scopes: [String]

    /// A system from its parts.
    package init(id: String, keys: [JSONWebKey], role: String, purpose: String, scopes: [String]) {
        self.id = id
        self.keys = keys
        self.role = role
        self.purpose = purpose
        self.scopes = scopes
    }
}

/// The facility's token endpoint for its own systems: an assertion in, a token for five minutes out, bound to the certificate of
/// the connection (RFC 8705).
package final class TokenDesk: Sendable {
    /// How long a token holds.
    package static let lifetime = Duration.seconds(300)
    private static let assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

    /// Why no token was given (RFC 6749 section 5.2).
    package enum Refusal: String, Error, Sendable {
        case invalidRequest = "invalid_request"
        case invalidClient = "invalid_client"
        case unsupportedGrant = "unsupported_grant_type"
        case invalidScope = "invalid_scope"
    }

    /// A token that was given.
    package struct Given: Sendable {
        /// The compact JWS.
        package let token: String
        /// Its scopes.
        package let scopes: [String]
        /// The system it is for.
        package let client: String
    }

    /// What a request came to, and what the log says of it: never the token, never the assertion.
    package struct Outcome: Sendable {
        /// The token, or why there is none.
        package let result: Result<Given, Refusal>
        /// For the administrator's log.
        package let reason: String?
    }

    /// The endpoint's URL, which assertions name as their audience.
    package let endpoint: String
    private let community: CommunityID
    private let organization: String
    private let key: @Sendable () throws(ExchangeError) -> SigningKey
    private let clients: @Sendable () -> [String: BackendClient]
    private let world: World
    private let seen: Mutex<SeenAssertions>

    /// A desk of a facility.
    ///
    /// - Parameters:
    ///   - base: the FHIR base URL of the client listener; the endpoint lies beside it.
    ///   - key: what signs the tokens, read for each.
    ///   - clients: the systems that are registered, by name; read for each request.
    package init(
        base: String, community: CommunityID, organization: String,
        key: @escaping @Sendable () throws(ExchangeError) -> SigningKey,
        clients: @escaping @Sendable () -> [String: BackendClient], world: World,
    ) {
        endpoint = (base.hasSuffix("/fhir") ? String(base.dropLast(5)) : base) + "/token"
        self.community = community
        self.organization = organization
        self.key = key
        self.clients = clients
        self.world = world
        seen = Mutex(SeenAssertions(startedAt: world.now()))
    }

    /// Whether any system is registered.
    var isOpen: Bool { !clients().isEmpty }

    /// The scopes that some system may ask for.
    var scopes: [String] { Set(clients().values.flatMap(\.scopes)).sorted() }

    /// Answers a token request.
    ///
    /// - Parameters:
    ///   - fields: the form, in order.
    ///   - certificate: of the connection it came over.
    package func answer(_ fields: [(name: String, value: String)], certificate: Thumbprint) -> Outcome {
        var form: [String: String] = [:]
        for field in fields where form.updateValue(field.value, forKey: field.name) != nil {
            return Outcome(result: .failure(.invalidRequest), reason: "a parameter stands twice")
        }
        guard form["grant_type"] == "client_credentials" else {
            return Outcome(result: .failure(.unsupportedGrant), reason: "not client_credentials")
        }
        guard form["client_assertion_type"] == Self.assertionType, let text = form["client_assertion"] else {
            return Outcome(result: .failure(.invalidClient), reason: "no client_assertion of the type jwt-bearer")
        }
        let now = world.now()
        let registered = clients()
        do {
            let assertion = try ClientAssertion(verifying: text, for: endpoint, now: now) { registered[$0]?.keys }
            guard let client = registered[assertion.client], form["client_id"] ?? client.id == client.id else {
                return Outcome(result: .failure(.invalidClient), reason: TokenRefusal.wrongIssuer.description)
            }
            if let refusal = seen.withLock({ $0.admit(assertion, now: now) }) { throw refusal }
            let wanted = (form["scope"] ?? "").split(separator: " ").map(String.init)
            guard !wanted.isEmpty, wanted.count <= 32, Set(wanted).isSubset(of: client.scopes) else {
                return Outcome(result: .failure(.invalidScope), reason: "\(client.id) asked for other scopes than its own")
            }
            return try give(client, wanted, certificate: certificate, now: now)
        } catch let refusal as TokenRefusal {
            return Outcome(result: .failure(.invalidClient), reason: refusal.description)
        } catch {
            return Outcome(result: .failure(.invalidClient), reason: "the token cannot be signed")
        }
    }

    private func give(_ client: BackendClient, _ scopes: [String], certificate: Thumbprint, now: Timestamp)
        throws(ExchangeError) -> Outcome
    {
        let token = UserToken(
            issuer: community.urn, user: client.id, audiences: [community.urn], issued: now,
            expires: now + Self.lifetime, tokenID: world.newTraceID(), certificate: certificate, userName: nil,
            organizationName: organization, organizationID: community.urn, role: client.role, purpose: client.purpose,
            scopes: scopes)
        let signed = try token.signed(with: try key())
        return Outcome(
            result: .success(Given(token: signed.compact, scopes: scopes, client: client.id)), reason: nil)
    }

    /// The key that tokens are signed with, as a key set.
    func publicKey() throws(ExchangeError) -> VerifyingKey { try key().publicKey }
}

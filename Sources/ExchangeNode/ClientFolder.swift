import ExchangeCore
import Foundation
import Trust
import X509

/// What one client of a facility holds: its key and certificate, whom to trust, and the user's token.
package struct ClientFolder: Sendable {
    /// The folder itself.
    package let folder: URL

    /// A client's folder at a path.
    package init(_ url: URL) { folder = url }

    /// `client.yaml`, which names the rest: what `--as` reads.
    package var profile: URL { folder.appendingPathComponent("client.yaml") }
    /// The client's certificate.
    package var certificate: URL { folder.appendingPathComponent("client.pem") }
    /// The client's key, mode 0600.
    package var key: URL { folder.appendingPathComponent("client.key") }
    /// The facility authority's certificate, which the server's certificate is of.
    package var authority: URL { folder.appendingPathComponent("authority.pem") }
    /// The user's token, mode 0600; short-lived.
    package var token: URL { folder.appendingPathComponent("token.jwt") }

    /// Issues a certificate for a new client of a facility; `.conflict` when the name is taken.
    package static func create(name: String, of home: NodeHome, days: Int = 90, world: World) throws(ExchangeError)
        -> ClientFolder
    {
        guard TrustedCertificate.isClientName(name) else {
            throw ExchangeError(.badRequest, "a client's name has 1 to 64 letters, digits, '.', '-' or '_'")
        }
        let configuration = try NodeConfiguration(of: home)
        let client = ClientFolder(home.clients.appendingPathComponent(name))
        let authority = try CertificateAuthority(
            certificatePEM: PlainFile.text(home.clientAuthority), keyPEM: SecretFile.text(home.clientAuthorityKey))
        let key = SigningKey()
        var random = world.random
        let certificate = try authority.issueClient(
            name: name, organization: configuration.name, key: key.publicKey, validity: .seconds(days * 86400),
            now: world.now(), using: &random)
        try SecretFile.makeFolder(client.folder)
        try SecretFile.create(client.key, Array(key.pem.utf8))
        try SecretFile.replace(client.certificate, Array(CertificatePEM.write([certificate]).utf8))
        // Where another authority signed what the listener shows, the client has to know that one, too.
        let others = (try? PlainFile.read(home.listenerAuthority)) ?? []
        try SecretFile.replace(client.authority, PlainFile.read(home.clientAuthority) + others)
        let yaml = """
            # How to reach the node as this client: hie --as reads it. The token is written by hie token issue.
            server: \(configuration.clientBase)
            cacert: authority.pem
            cert: client.pem
            key: client.key
            token: token.jwt

            """
        try SecretFile.replace(client.profile, Array(yaml.utf8))
        return client
    }
}

/// Who a token is issued for.
package struct TokenGrant: Sendable {
    /// The user, such as `dr.brattain`.
    package var user: String
    /// The user's name, for people.
    package var userName: String?
    /// The user's role, such as `physician`.
    package var role: String?
    /// The organisation's identifier; the facility's community when nil.
    package var organization: String?
    /// Purpose of use, a code of v3-ActReason.
    package var purpose: String
    /// How long the token holds; at most an hour.
    package var lifetime: Duration
    /// Why an emergency access is needed; for the purpose `BTG`.
    package var reason: String?

    /// A grant from its parts.
    package init(
        user: String, userName: String? = nil, role: String? = nil, organization: String? = nil, purpose: String,
        lifetime: Duration = .seconds(3600), reason: String? = nil,
    ) {
        self.user = user
        self.userName = userName
        self.role = role
        self.organization = organization
        self.purpose = purpose
        self.lifetime = lifetime
        self.reason = reason
    }
}

/// The facility's own token issuer: for staff and systems that no other identity provider vouches for.
package enum TokenIssuer {
    /// The longest a token of this issuer holds.
    package static let lifetimeMax = Duration.seconds(3600)

    /// Signs a user token bound to a client's certificate (RFC 8705), and puts it into the client's folder.
    package static func issue(_ grant: TokenGrant, to client: ClientFolder, of home: NodeHome, world: World)
        throws(ExchangeError) -> UserToken
    {
        guard grant.lifetime <= lifetimeMax, grant.lifetime > .zero else {
            throw ExchangeError(.badRequest, "a token holds for one hour at the most")
        }
        let configuration = try NodeConfiguration(of: home)
        guard let certificate = try CertificatePEM.read(PlainFile.text(client.certificate)).first else {
            throw ExchangeError(.notFound, "the client has no certificate; make one with hie certificate issue --client")
        }
        let now = world.now()
        let token = UserToken(
            issuer: configuration.community.urn, user: grant.user, audiences: [configuration.community.urn], issued: now,
            expires: now + grant.lifetime, tokenID: world.newTraceID(), certificate: certificate.thumbprint,
            userName: grant.userName, organizationName: configuration.name,
            organizationID: grant.organization ?? configuration.community.urn, role: grant.role,
            purpose: grant.purpose, reason: grant.reason)
        let signed = try token.signed(with: SigningKey(pem: SecretFile.text(home.tokenKey)))
        try SecretFile.replace(client.token, Array(signed.compact.utf8), mode: 0o600)
        return token
    }
}

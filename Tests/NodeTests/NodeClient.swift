import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Testing
import Trust
import X509

/// What a node answered.
struct Reply: Sendable {
    let status: Int
    let headers: [(name: String, value: String)]
    let bytes: [UInt8]

    var json: JSONValue { get throws { try JSONReader.read(bytes) } }
    var text: String { String(decoding: bytes, as: UTF8.self) }

    func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }

    /// The entries of a searchset that answer the question.
    var matches: [JSONValue] {
        get throws { try json["entry"]?.items.filter { $0["search"]?["mode"]?.string == "match" } ?? [] }
    }

    /// The issues of an OperationOutcome, be it the answer itself or an entry of a searchset.
    var issues: [JSONValue] {
        get throws {
            let resource = try json
            if resource["resourceType"]?.string == "OperationOutcome" { return resource["issue"]?.items ?? [] }
            return (resource["entry"]?.items ?? []).flatMap { entry -> [JSONValue] in
                guard entry["resource"]?["resourceType"]?.string == "OperationOutcome" else { return [] }
                return entry["resource"]?["issue"]?.items ?? []
            }
        }
    }
}

/// A system of a facility, its user, and the way to a node: PeerTransport's connections over mutual TLS.
struct NodeClient: Sendable {
    /// Whose token goes along.
    enum Credential: Sendable {
        case own
        case none
        case text(String)
    }

    let identity: TLSIdentity
    let token: String?
    private let pool: HTTPConnectionPool

    /// A client that shows `identity` and wants `kind` at the other end, by the roots given.
    init(_ identity: TLSIdentity, token: String?, port: Int, kind: TrustPolicy.Kind, roots: [Certificate]) throws {
        self.identity = identity
        self.token = token
        var isPeer = false
        if case .peer = kind { isPeer = true }
        let policy = TrustPolicy(roots: roots)
        pool = HTTPConnectionPool(
            destination: .host("127.0.0.1", port: port),
            tls: CallerTLS(
                context: try MutualTLS.callerContext(identity: identity, roots: roots, isPeer: isPeer), kind: kind,
                policy: { policy }, now: World.system.now),
            uptime: World.system.uptime, connectionsMax: 256)
    }

    /// Sends one request below `/fhir`.
    func send(
        _ method: ClientRequest.Method, _ path: String, headers: [(name: String, value: String)] = [],
        body: [UInt8] = [], as credential: Credential = .own, below base: String = "/fhir",
        within limit: Duration = .seconds(30),
    ) async throws -> Reply {
        var request = ClientRequest(method, base + path, headers: headers, body: body)
        func add(_ name: String, _ value: String) {
            if !headers.contains(where: { $0.name.lowercased() == name }) { request.headers.append((name, value)) }
        }
        switch credential {
        case .own: if let token { add("authorization", "Bearer \(token)") }
        case .none: break
        case .text(let text): add("authorization", "Bearer \(text)")
        }
        add("accept", "application/fhir+json")
        if !body.isEmpty { add("content-type", "application/fhir+json") }
        let response = try await pool.send(request, deadline: World.system.uptime() + limit)
        return Reply(status: response.status, headers: response.head.headers, bytes: response.body)
    }

    /// Posts a resource.
    func post(_ path: String, _ resource: JSONValue, headers: [(name: String, value: String)] = []) async throws
        -> Reply
    {
        try await send(.post, path, headers: headers, body: JSONWriter.bytes(resource))
    }

    /// Posts a form.
    func form(_ path: String, _ fields: String) async throws -> Reply {
        try await send(
            .post, path, headers: [("content-type", "application/x-www-form-urlencoded")], body: Array(fields.utf8))
    }

    /// Gets a document's bytes as they were published.
    func document(_ target: String) async throws -> Reply {
        try await send(.get, target, headers: [("accept", "*/*")])
    }

    /// Lets its connections go.
    func close() { pool.close() }
}

extension RunningNode {
    /// A new client of this facility, with a token for a user.
    func client(
        _ name: String = "ehr", user: String = "dr.brattain", purpose: String = "TREAT", organization: String? = nil,
    ) throws -> NodeClient {
        _ = try ClientFolder.create(name: name, of: home, world: .system)
        try renew(name, user: user, purpose: purpose, organization: organization)
        return try known(name)
    }

    /// Issues a client's token anew.
    func renew(
        _ name: String = "ehr", user: String = "dr.brattain", purpose: String = "TREAT", organization: String? = nil,
    ) throws {
        _ = try TokenIssuer.issue(
            TokenGrant(user: user, role: "physician", organization: organization, purpose: purpose),
            to: ClientFolder(home.clients.appendingPathComponent(name)), of: home, world: .system)
    }

    /// A client made before, over new connections.
    func known(_ name: String = "ehr") throws -> NodeClient {
        let folder = ClientFolder(home.clients.appendingPathComponent(name))
        return try NodeClient(
            TLSIdentity(
                certificatePEM: PlainFile.text(folder.certificate), keyPEM: SecretFile.text(folder.key)),
            token: PlainFile.text(folder.token), port: clients.number, kind: .server("127.0.0.1"),
            roots: CertificatePEM.read(PlainFile.text(folder.authority)))
    }

    /// The same way to the client port under another certificate.
    func caller(_ identity: TLSIdentity, token: String? = nil) throws -> NodeClient {
        try NodeClient(
            identity, token: token, port: clients.number, kind: .server("127.0.0.1"),
            roots: CertificatePEM.read(PlainFile.text(home.clientAuthority)))
    }

    /// A way to its peer port under a certificate.
    func peer(_ identity: TLSIdentity) throws -> NodeClient {
        try NodeClient(
            identity, token: nil, port: peers.number, kind: .peer(community),
            roots: CertificatePEM.read(PlainFile.text(home.networkAuthority)))
    }

    /// The node's own certificate on the peer port, and its key.
    var peerIdentity: TLSIdentity {
        get throws {
            try TLSIdentity(
                certificatePEM: PlainFile.text(home.nodeCertificate), keyPEM: SecretFile.text(home.nodeKey))
        }
    }

    /// The facility's authority, to issue certificates of every kind.
    var facility: CertificateAuthority {
        get throws {
            try CertificateAuthority(
                certificatePEM: PlainFile.text(home.clientAuthority), keyPEM: SecretFile.text(home.clientAuthorityKey))
        }
    }
}

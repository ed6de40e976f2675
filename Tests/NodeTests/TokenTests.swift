import ExchangeCore
import ExchangeNode
import JSON
import PeerTransport
import Testing
import Trust

/// A user token's claims, to be changed before it is signed.
struct TokenClaimsDraft {
    var issuer: String
    var user = "dr.brattain"
    var audiences: [String]
    var issued: Timestamp
    var expires: Timestamp
    var certificate: Thumbprint
    var organization: String?
    var purpose: String? = "TREAT"
}

extension RunningNode {
    /// A token of the facility's issuer for a client, changed by the test.
    func token(
        for client: NodeClient, signedBy key: SigningKey? = nil, _ change: (inout TokenClaimsDraft) -> Void = { _ in },
    ) throws -> String {
        let now = World.system.now()
        var draft = TokenClaimsDraft(
            issuer: community.urn, audiences: [community.urn], issued: now, expires: now + .seconds(600),
            certificate: client.identity.thumbprint, organization: community.urn)
        change(&draft)
        let token = UserToken(
            issuer: draft.issuer, user: draft.user, audiences: draft.audiences, issued: draft.issued,
            expires: draft.expires, tokenID: World.system.newTraceID(), certificate: draft.certificate,
            organizationID: draft.organization, role: "physician", purpose: draft.purpose)
        return try token.signed(with: key ?? SigningKey(pem: SecretFile.text(home.tokenKey))).compact
    }

    /// An assertion of a node's own making about who asks this node.
    func assertion(
        from asker: RunningNode, to audience: CommunityID? = nil, key: SigningKey? = nil, thumbprint: Thumbprint? = nil,
        issued age: Duration = .zero, lifetime: Duration = .seconds(60),
    ) throws -> String {
        let identity = try asker.peerIdentity
        let now = World.system.now()
        return try PeerAssertion(
            issuer: asker.community, user: "dr.brattain", audience: audience ?? community, issued: now - age,
            expires: now - age + lifetime, tokenID: World.system.newTraceID(),
            certificate: thumbprint ?? identity.thumbprint, organization: asker.community.urn, role: "physician",
            purpose: "TREAT", traceID: World.system.newTraceID()
        ).signed(with: key ?? identity.key).compact
    }
}

extension RealNodes {
    /// Who shows a wrong token learns nothing, and the administrator why.
    @Suite struct TokenTests {
        /// A question with patient data wherever a question can have some.
        private static func ask(_ client: NodeClient, _ node: RunningNode, _ credential: NodeClient.Credential)
            async throws -> [Reply]
        {
            [
                try await client.send(
                    .get, "/Patient?identifier=\(node.numbers)%7C\(Canary.number)", as: credential),
                try await client.send(
                    .post, "/DocumentReference", body: JSONWriter.bytes(
                        Submissions.simplified(Array(Canary.document(9).utf8), at: node)), as: credential),
            ]
        }

        @Test func `T48 a missing, expired, foreign or forged token is 401 with nothing to learn from it`() async throws {
            try await Network.one { network, node in
                try await node.register()
                let client = try node.client()
                let other = try node.client("kiosk")
                let now = World.system.now()
                let own = try node.token(for: client)
                let parts = own.split(separator: ".").map(String.init)
                let none = Base64.encode(Array(#"{"alg":"none","typ":"at+jwt"}"#.utf8), .url)
                let rows: [(name: String, credential: NodeClient.Credential, reason: String)] = [
                    ("none", .none, "no Authorization header"),
                    ("two words", .text("\(own) x"), "no Authorization header"),
                    (
                        "expired",
                        .text(
                            try node.token(for: client) {
                                $0.issued = now - .seconds(700)
                                $0.expires = now - .seconds(100)
                            }), "token expired"
                    ),
                    (
                        "of the future",
                        .text(try node.token(for: client) { $0.issued = now + .seconds(300) }),
                        "issued in the future"
                    ),
                    ("another certificate's", .text(try #require(other.token)), "bound to another certificate"),
                    (
                        "another audience",
                        .text(try node.token(for: client) { $0.audiences = ["urn:oid:1.2.3"] }),
                        "another audience"
                    ),
                    (
                        "another issuer",
                        .text(try node.token(for: client) { $0.issuer = "https://evil.example" }),
                        "issuer that is not trusted"
                    ),
                    (
                        "another key", .text(try node.token(for: client, signedBy: SigningKey())),
                        "unknown key"
                    ),
                    ("alg none", .text("\(none).\(parts[1])."), "not signed with ES256"),
                    ("alg none, signed", .text("\(none).\(parts[1]).\(parts[2])"), "not signed with ES256"),
                    ("another signature", .text("\(parts[0]).\(parts[1]).\(String(parts[2].reversed()))"), ""),
                    ("a peer's assertion", .text(try node.assertion(from: node)), "token of another kind"),
                    ("no token at all", .text("x"), "malformed token"),
                ]
                var bodies: Set<[UInt8]> = []
                let size = try node.journalSize
                for row in rows {
                    let place = network.log.count
                    for reply in try await Self.ask(client, node, row.credential) {
                        #expect(reply.status == 401, "\(row.name)")
                        #expect(try reply.json["resourceType"] == "OperationOutcome")
                        #expect(try reply.issues.count == 1)
                        #expect(try reply.issues.first?["code"] == "login")
                        #expect(reply.header("www-authenticate") == "Bearer")
                        bodies.insert(reply.bytes)
                    }
                    let line = try await network.reason(since: place, "request refused", "status=401", row.reason)
                    #expect(line.contains("address=127.0.0.1"))
                }
                #expect(bodies.count == 1, "one answer for all of them")
                #expect(try node.journalSize == size)
                #expect(try await Self.ask(client, node, .own).map(\.status) == [200, 201], "the right one still works")
            }
        }

        @Test func `T49 an assertion counts once, at its own door, for its own connection`() async throws {
            try await Region.run { region in
                let (hospital, clinic) = (region.hospital, region.clinic)
                let peer = try hospital.peer(clinic.peerIdentity)
                let query = "/Patient?identifier=\(hospital.numbers)%7CRH-1"
                let good = try hospital.assertion(from: clinic)
                #expect(try await peer.send(.get, query, as: .text(good)).status == 200)
                let user = try #require(try hospital.client("staff").token)
                let rows: [(name: String, token: NodeClient.Credential, reason: String)] = [
                    ("again", .text(good), "presented before"),
                    ("none", .none, "no Authorization header"),
                    ("a user's token", .text(user), "token of another kind"),
                    (
                        "for another community",
                        .text(try hospital.assertion(from: clinic, to: region.emergency.community)), "another audience"
                    ),
                    ("another node's", .text(try hospital.assertion(from: region.emergency)), "not trusted here"),
                    (
                        "another certificate's",
                        .text(try hospital.assertion(from: clinic, thumbprint: region.emergency.peerIdentity.thumbprint)),
                        "another certificate"
                    ),
                    ("another key", .text(try hospital.assertion(from: clinic, key: SigningKey())), "unknown key"),
                    ("over", .text(try hospital.assertion(from: clinic, issued: .seconds(90))), "token expired"),
                    (
                        "from before the start", .text(try hospital.assertion(from: clinic, issued: .seconds(250), lifetime: .seconds(290))),
                        "presented before"
                    ),
                ]
                for row in rows {
                    let place = region.network.log.count
                    let reply = try await peer.send(.get, query, as: row.token)
                    #expect(reply.status == 401, "\(row.name)")
                    #expect(!reply.text.contains(Canary.family))
                    _ = try await region.network.reason(since: place, "request refused", "door=peer", row.reason)
                }
            }
        }
    }
}

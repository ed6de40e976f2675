import Crypto
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Testing
import Transactions
import Trust

extension RealNodes {
    /// A facility's own system gets its token by itself (SMART Backend Services), and is held to its scopes.
    @Suite struct BackendTokenTests {
        private static func keySet(_ key: P384.Signing.PrivateKey, _ id: String) -> String {
            let point = Array(key.publicKey.x963Representation)
            return #"{"keys":[{"kty":"EC","crv":"P-384","kid":"\#(id)","use":"sig","alg":"ES384","x":"\#(Base64.encode(Array(point[1..<49]), .url))","y":"\#(Base64.encode(Array(point[49...]), .url))"}]}"#
        }

        private static func assertion(
            _ key: P384.Signing.PrivateKey, _ kid: String, for endpoint: String, client: String = "bulk", id: String? = nil,
        ) throws -> String {
            let now = World.system.now().seconds
            let header: JSONValue = ["alg": "ES384", "kid": .string(kid), "typ": "JWT"]
            let claims: JSONValue = [
                "iss": .string(client), "sub": .string(client), "aud": .string(endpoint),
                "jti": .string(id ?? World.system.newTraceID()), "exp": .number(String(now + 240)), "iat": .number(String(now)),
            ]
            let text = Base64.encode(JSONWriter.bytes(header), .url) + "." + Base64.encode(JSONWriter.bytes(claims), .url)
            return text + "." + Base64.encode(Array(try key.signature(for: Data(text.utf8)).rawRepresentation), .url)
        }

        private static func form(_ assertion: String, scope: String = "system/DocumentReference.rs system/Patient.s") -> String {
            "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                + "&client_assertion=\(assertion)&scope=" + scope.split(separator: " ").joined(separator: "+")
        }

        private static func ask(_ client: NodeClient, _ form: String) async throws -> Reply {
            try await client.send(
                .post, "/token", headers: [("content-type", "application/x-www-form-urlencoded")], body: Array(form.utf8),
                as: .none, below: "")
        }

        @Test func `discovery, a token by private_key_jwt, its scopes, replay, and a key that is rotated`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let key = P384.Signing.PrivateKey()
                let file = node.home.folder.appendingPathComponent("bulk.json")
                try Data(Self.keySet(key, "k1").utf8).write(to: file)
                try node.reconfigure {
                    $0 + """
                        systems:
                          - {client: bulk, jwks: bulk.json, role: physician, purpose: TREAT, scopes: [system/DocumentReference.rs, system/Patient.s]}

                        """
                }
                try await node.start()
                let patient = try await node.register().id
                let client = try node.caller(Cards(node, network).client)
                defer { client.close() }
                let wellKnown = try await client.send(.get, "/.well-known/smart-configuration", as: .none)
                #expect(wellKnown.status == 200, "\(wellKnown.text)")
                let endpoint = try #require(try wellKnown.json["token_endpoint"]?.string)
                #expect(try wellKnown.json["token_endpoint_auth_signing_alg_values_supported"] == ["RS384", "ES384"])
                let metadata = try await client.send(.get, "/metadata", as: .none)
                #expect(metadata.text.contains(endpoint))
                let keys = try await client.send(.get, "/.well-known/jwks.json", as: .none, below: "")
                #expect(try keys.json["keys"]?[0]?["crv"] == "P-256")

                let assertion = try Self.assertion(key, "k1", for: endpoint)
                let given = try await Self.ask(client, Self.form(assertion))
                #expect(given.status == 200, "\(given.text)")
                #expect(given.header("cache-control") == "no-store")
                #expect(try given.json["expires_in"]?.integer == 300)
                let token = try #require(try given.json["access_token"]?.string)
                let found = try await client.send(.get, "/DocumentReference?patient=\(patient)", as: .text(token))
                #expect(found.status == 200, "\(found.text)")
                let binary = try await client.send(.get, "/Binary/nothing-there", as: .text(token))
                #expect(binary.status == 403, "not among its scopes: \(binary.text)")
                // Bound to the certificate of the connection it was given over.
                let other = try node.client("other")
                defer { other.close() }
                #expect(try await other.send(.get, "/DocumentReference?patient=\(patient)", as: .text(token)).status == 401)

                func refused(_ form: String, _ error: String, _ status: Int) async throws {
                    let place = network.log.count
                    let answer = try await Self.ask(client, form)
                    #expect(answer.status == status, "\(answer.text)")
                    #expect(try answer.json == ["error": .string(error)])
                    _ = try await network.reason(since: place, "token refused")
                }
                try await refused(Self.form(assertion), "invalid_client", 401)
                let fresh = { (client: String) in try Self.assertion(key, "k1", for: endpoint, client: client) }
                try await refused(Self.form(try fresh("nobody")), "invalid_client", 401)
                try await refused(Self.form(try fresh("bulk"), scope: "system/*.cruds"), "invalid_scope", 400)
                try await refused(Self.form(try fresh("bulk"), scope: ""), "invalid_scope", 400)
                try await refused(Self.form(try fresh("bulk")) + "&scope=x", "invalid_request", 400)
                try await refused("grant_type=password", "unsupported_grant_type", 400)
                try await refused(
                    Self.form(try Self.assertion(P384.Signing.PrivateKey(), "k1", for: endpoint)), "invalid_client", 401)
                #expect(try await Self.ask(client, String(repeating: "a=b&", count: 40)).status == 400)

                // The system rotates its key: the file is read anew while the node runs.
                let next = P384.Signing.PrivateKey()
                try Data(Self.keySet(next, "k2").utf8).write(to: file)
                _ = try await node.home.ask("config/reload")
                try await refused(Self.form(try fresh("bulk")), "invalid_client", 401)
                let again = try await Self.ask(client, Self.form(try Self.assertion(next, "k2", for: endpoint)))
                #expect(again.status == 200, "\(again.text)")
                #expect(!network.log.all.contains { $0.contains(token) || $0.contains(assertion) }, "no token in the log")
            }
        }

        @Test func `where no system is registered nothing tells of a token endpoint`() async throws {
            try await Network.one { network, node in
                let client = try node.caller(Cards(node, network).client)
                defer { client.close() }
                #expect(try await client.send(.get, "/.well-known/smart-configuration", as: .none).status == 404)
                #expect(try await Self.ask(client, "grant_type=client_credentials").status == 404)
                #expect(try await !client.send(.get, "/metadata", as: .none).text.contains("/token"))
            }
        }
    }
}

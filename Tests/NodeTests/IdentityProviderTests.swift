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
    /// User tokens of a hospital's identity provider, whose keys lie behind a URL and are rotated.
    @Suite struct IdentityProviderTests {
        private static let issuer = "https://login.hospital.example"

        private static func keySet(_ key: P256.Signing.PrivateKey, _ id: String) -> Data {
            let point = Array(key.publicKey.x963Representation)
            let (x, y) = (Base64.encode(Array(point[1..<33]), .url), Base64.encode(Array(point[33...]), .url))
            return Data(#"{"keys":[{"kty":"EC","crv":"P-256","kid":"\#(id)","x":"\#(x)","y":"\#(y)"}]}"#.utf8)
        }

        private static func token(_ key: P256.Signing.PrivateKey, _ kid: String, for client: NodeClient, at node: RunningNode)
            throws -> String
        {
            let now = World.system.now().seconds
            let header: JSONValue = ["alg": "ES256", "kid": .string(kid), "typ": "at+jwt"]
            let claims: JSONValue = [
                "iss": .string(issuer), "sub": "dr.brattain", "aud": .string(node.community.urn), "iat": .number(String(now)),
                "exp": .number(String(now + 600)), "jti": .string(World.system.newTraceID()),
                "cnf": ["x5t#S256": .string(client.identity.thumbprint.text)],
                "extensions": [
                    "ihe_iua": [
                        "subject_organization_id": .string(node.community.urn), "subject_role": [["code": "physician"]],
                        "purpose_of_use": [
                            ["system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"]
                        ],
                    ]
                ],
            ]
            let text = Base64.encode(JSONWriter.bytes(header), .url) + "." + Base64.encode(JSONWriter.bytes(claims), .url)
            return text + "." + Base64.encode(Array(try key.signature(for: Data(text.utf8)).rawRepresentation), .url)
        }

        /// An HTTPS server of another maker that serves a folder.
        private static func serve(_ folder: URL, port: Int, certificate: String, key: String) throws -> Process {
            let server = Process()
            server.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
            server.arguments = [
                "-c",
                """
                import functools, http.server, ssl, sys
                handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
                server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), handler)
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(sys.argv[3], sys.argv[4])
                server.socket = context.wrap_socket(server.socket, server_side=True)
                server.serve_forever()
                """, folder.path, String(port), certificate, key,
            ]
            server.standardOutput = FileHandle.nullDevice
            server.standardError = FileHandle.nullDevice
            try server.run()
            return server
        }

        @Test func `keys are fetched, fetched again when a token was signed with a new one, and kept while nobody answers`()
            async throws
        {
            try await Network.run { network in
                let node = try network.add()
                let (first, second) = (P256.Signing.PrivateKey(), P256.Signing.PrivateKey())
                var random = World.system.random
                let now = World.system.now()
                let authority = try CertificateAuthority(name: "Login CA", key: SigningKey(), now: now, using: &random)
                let key = SigningKey()
                let certificate = try authority.issueServer(
                    name: "login", dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], key: key.publicKey, now: now,
                    using: &random)
                let files = try TLSIdentity(chain: [certificate], key: key).write("login", in: network.folder)
                try SecretFile.replace(
                    node.home.folder.appendingPathComponent("login-ca.pem"),
                    Array(CertificatePEM.write([authority.certificate]).utf8))
                let folder = network.folder.appendingPathComponent("served")
                try SecretFile.makeFolder(folder)
                let file = folder.appendingPathComponent("jwks.json")
                try Self.keySet(first, "a").write(to: file)
                let port = try ReservedPort()
                try node.reconfigure {
                    $0 + """
                        issuers:
                          - {iss: "\(Self.issuer)", jwks-url: "https://127.0.0.1:\(port.number)/jwks.json", jwks-authority: login-ca.pem}

                        """
                }
                let server = try Self.serve(folder, port: port.number, certificate: files.certificate, key: files.key)
                defer { kill(server.processIdentifier, SIGKILL) }
                try await node.start()
                let client = try node.client()
                defer { client.close() }
                func status(_ key: P256.Signing.PrivateKey, _ kid: String) async throws -> Int {
                    let token = try Self.token(key, kid, for: client, at: node)
                    return try await client.send(.get, "/Patient/nobody", as: .text(token)).status
                }
                try await until("the first key is known", within: .seconds(20)) { try await status(first, "a") == 404 }
                #expect(try await status(second, "a") == 401, "another key under its name")
                try Self.keySet(second, "b").write(to: file)
                try await until("the second key is fetched", within: .seconds(25)) { try await status(second, "b") == 404 }
                #expect(try await status(first, "a") == 401, "the first is believed no more")
                kill(server.processIdentifier, SIGKILL)
                try await until("the provider is gone", within: .seconds(10)) { !server.isRunning }
                #expect(try await status(second, "b") == 404, "what was held stays")
                _ = try await network.reason(since: 0, "key set fetched", "keys=1")
            }
        }
    }
}

import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Testing

/// The foreign clients' virtual environment (Deploy/interop/setup), made when it is missing and can be made.
enum Interop {
    private static let environment = ProcessInfo.processInfo.environment
    private static let folder = environment["HIE_INTEROP_VENV"]
        ?? Repository.root.appendingPathComponent(".build/interop-venv").path

    /// A program of the environment.
    static func program(_ name: String) -> String { folder + "/bin/" + name }

    /// Whether it is there; tries to make it unless HIE_INTEROP is `no`.
    static func isReady() async -> Bool {
        guard environment["HIE_INTEROP"] != "no" else { return false }
        let setup = Repository.root.appendingPathComponent("Deploy/interop/setup").path
        let made = try? await Subprocess.run(setup, [], environment: ["HIE_INTEROP_VENV": folder])
        return made?.code == 0
    }

    static let missing: Comment = "no virtual environment with the foreign clients; run Deploy/interop/setup"
}

/// curl over HTTP/2 with a client's certificate and token; keeps every JSON answer for the validator.
private struct Curl {
    struct Answer {
        let status: Int
        let version: String
        let type: String
        let body: [UInt8]

        var json: JSONValue { get throws { try JSONReader.read(body) } }
    }

    let folder: ClientFolder
    let base: String
    let kept: URL

    func ask(_ name: String, _ path: String, _ arguments: [String] = [], version: String = "--http2") async throws
        -> Answer
    {
        let url = path.hasPrefix("https://") ? path : base + path
        let token = String(decoding: try PlainFile.read(folder.token), as: UTF8.self)
        let out = kept.appendingPathComponent("curl-\(name).json")
        let run = try await Subprocess.run(
            "curl",
            [
                version, "--silent", "--show-error", "--max-time", "30", "--cacert", folder.authority.path, "--cert",
                folder.certificate.path, "--key", folder.key.path, "--header", "Authorization: Bearer \(token)",
                "--output", out.path, "--write-out", "%{http_code} %{http_version} %{content_type}",
            ] + arguments + [url])
        try #require(run.code == 0, "\(name): \(run.errors)")
        let parts = run.text.split(separator: " ", maxSplits: 2).map(String.init)
        let body = [UInt8]((try? Data(contentsOf: out)) ?? Data())
        let type = parts.count > 2 ? parts[2] : ""
        if !type.contains("fhir+json") { try? FileManager.default.removeItem(at: out) }
        return Answer(status: Int(parts[0]) ?? 0, version: parts[1], type: type, body: body)
    }

    /// Arguments that post a resource from a file.
    func post(_ name: String, _ resource: JSONValue) throws -> [String] {
        let file = kept.deletingLastPathComponent().appendingPathComponent("\(name)-request.json")
        try Data(JSONWriter.bytes(resource)).write(to: file)
        return ["--header", "Content-Type: application/fhir+json", "--data-binary", "@\(file.path)"]
    }
}

extension RealNodes {
    /// Programs that know nothing of Concordat, against a running node.
    @Suite(.enabled(Interop.missing) { await Interop.isReady() })
    struct InteropTests {
        @Test func `curl, fhirclient and fhirpy do every transaction, and fhir.resources accepts all that came back`()
            async throws
        {
            try await Region.run { region in
                let node = region.hospital
                try await node.register("RH-204417")
                _ = try node.client()
                let folder = ClientFolder(node.home.clients.appendingPathComponent("ehr"))
                let kept = region.network.folder.appendingPathComponent("kept")
                try FileManager.default.createDirectory(at: kept, withIntermediateDirectories: true)
                let curl = Curl(folder: folder, base: "https://127.0.0.1:\(node.clients.number)/fhir", kept: kept)
                try await everyTransaction(curl, region)
                try await refusals(curl)

                let clinician = ClientFolder(region.emergency.home.clients.appendingPathComponent("ehr"))
                let across = Curl(
                    folder: clinician, base: "https://127.0.0.1:\(region.emergency.clients.number)/fhir", kept: kept)
                let found = try await across.ask("across", "/DocumentReference?patient=\(region.patient)")
                #expect(found.status == 200)

                let read = try await Subprocess.run(
                    Interop.program("python"),
                    [
                        Repository.root.appendingPathComponent("Deploy/interop/clients.py").path, "read", curl.base,
                        "--cert", folder.certificate.path, "--key", folder.key.path, "--cacert", folder.authority.path,
                        "--token", folder.token.path, "--patient", "\(region.atHospital)", "--identifier",
                        "\(node.numbers)|RH-1", "--documents", "2", "--keep", kept.path,
                    ])
                #expect(read.code == 0, "\(read.errors.suffix(2000))")
                print("interop: clients \(read.text.trimmingCharacters(in: .whitespacesAndNewlines))")
                let validated = try await Subprocess.run(
                    Interop.program("python"),
                    [
                        Repository.root.appendingPathComponent("Deploy/interop/clients.py").path, "validate", kept.path,
                    ])
                #expect(validated.code == 0, "\(validated.errors.suffix(4000))")
                print("interop: validated \(validated.text.trimmingCharacters(in: .whitespacesAndNewlines))")
            }
        }

        /// Each FHIR transaction once over HTTP/2, one of them over HTTP/1.1 too.
        private func everyTransaction(_ curl: Curl, _ region: Region) async throws {
            let node = region.hospital
            let unique = "urn:oid:1.3.6.1.4.1.21367.2026.10.8.2"
            let bytes = Array(Canary.document(1).utf8)
            var bundle = Submissions.bundle(bytes, at: node, uniqueID: unique, set: unique + ".1")
            bundle = try JSONReader.read(
                Array(String(decoding: JSONWriter.bytes(bundle), as: UTF8.self).replacing(Canary.number, with: "RH-1").utf8))
            let simplified = Submissions.simplified(bytes, at: node, of: "RH-1")
            let generate = Submissions.generate(try Repository.sample("hospital-quintero-discharge-1.xml"))
            let form = ["--data", "patient=Patient/\(region.atHospital)"]
            let rows: [(name: String, path: String, arguments: [String], status: Int)] = [
                ("metadata", "/metadata", [], 200),
                ("iti65", "", try curl.post("iti65", bundle), 200),
                ("iti65-folder", "", try curl.post("iti65-folder", Submissions.folder(of: unique, at: node, patient: "RH-1")), 200),
                ("iti105", "/DocumentReference", try curl.post("iti105", simplified), 201),
                ("iti106", "/DocumentReference/$generate-metadata", try curl.post("iti106", generate), 200),
                ("iti67-get", "/DocumentReference?patient=\(region.atHospital)", [], 200),
                ("iti67-post", "/DocumentReference/_search", form, 200),
                ("iti67-page", "/DocumentReference?patient=\(region.atHospital)&_count=1", [], 200),
                ("iti67-strange", "/DocumentReference?patient=\(region.atHospital)&_include=*", [], 200),
                ("iti66-get", "/List?patient=\(region.atHospital)&code=submissionset&status=current&_include=List:item", [], 200),
                ("iti66-folder", "/List?patient=\(region.atHospital)&code=folder", [], 200),
                ("iti66-post", "/List/_search", form, 200),
                ("patient", "/Patient/\(region.atHospital)", [], 200),
                ("patients", "/Patient?identifier=\(node.numbers)%7CRH-1", [], 200),
                ("match", "/Patient/$match", try curl.post("match", Submissions.match()), 200),
            ]
            for row in rows {
                let answer = try await curl.ask(row.name, row.path, row.arguments)
                #expect(answer.status == row.status, "\(row.name): \(String(decoding: answer.body, as: UTF8.self).prefix(300))")
                #expect(answer.version == "2", "\(row.name)")
                #expect(answer.type.hasPrefix("application/fhir+json"), "\(row.name)")
            }
            let found = try await curl.ask("again", "/DocumentReference?patient=\(region.atHospital)", version: "--http1.1")
            #expect(found.version == "1.1")
            let urls = try found.json["entry"]?.items.compactMap {
                $0["resource"]?["content"]?[0]?["attachment"]?["url"]?.string
            } ?? []
            #expect(urls.count == 2)
            for url in urls {
                let document = try await curl.ask("iti68", url)
                #expect(document.status == 200)
                #expect(document.version == "2")
                #expect(document.body == bytes)
                let resource = try await curl.ask("binary", url + "?_format=json")
                #expect(resource.type.hasPrefix("application/fhir+json"))
            }
        }

        /// Refusals are resources too.
        private func refusals(_ curl: Curl) async throws {
            let rows: [(name: String, path: String, arguments: [String], status: Int)] = [
                ("401", "/Patient/x", ["--header", "Authorization: Bearer x"], 401),
                ("404", "/Patient/0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f", [], 404),
                ("404-route", "/Nothing/1", [], 404),
                ("405", "/DocumentReference", ["--request", "DELETE"], 405),
                ("400", "/DocumentReference?patient=a,b", [], 400),
                ("415", "/DocumentReference", ["--header", "Content-Type: text/plain", "--data", "x"], 415),
                ("406", "/metadata", ["--header", "Accept: text/html"], 406),
                ("422", "", ["--header", "Content-Type: application/fhir+json", "--data", #"{"resourceType":"Bundle","type":"transaction"}"#], 422),
            ]
            for row in rows {
                let answer = try await curl.ask("refused-\(row.name)", row.path, row.arguments)
                #expect(
                    answer.status == row.status || (row.status == 422 && answer.status == 400),
                    "\(row.name) \(answer.status) \(String(decoding: answer.body, as: UTF8.self).prefix(300))")
                #expect(try answer.json["resourceType"] == "OperationOutcome", "\(row.name)")
            }
        }

        @Test func `openssl gets an answer with the right certificate at the right port, and an alert otherwise`() async throws {
            try await Network.one { network, node in
                let cards = try Cards(node, network)
                func ask(_ isPeer: Bool, _ identity: (certificate: String, key: String)?, _ version: String) async throws
                    -> Subprocess.Outcome
                {
                    let port = isPeer ? node.peers.number : node.clients.number
                    let authority = isPeer ? node.home.networkAuthority.path : node.home.clientAuthority.path
                    let shown = identity.map { ["-cert", $0.certificate, "-key", $0.key] } ?? []
                    let request = "GET /fhir/metadata HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                    return try await Subprocess.run(
                        "timeout",
                        [
                            "20", "openssl", "s_client", "-connect", "127.0.0.1:\(port)", "-CAfile", authority,
                            "-verify_return_error", version, "-quiet", "-ign_eof",
                        ] + shown, input: Array(request.utf8))
                }
                let folder = network.folder
                let client = try cards.client.write("client", in: folder)
                let peer = try cards.node.write("peer", in: folder)
                let rows: [(name: String, isPeer: Bool, identity: (String, String)?, version: String, isAnswered: Bool)] = [
                    ("client, 1.3", false, client, "-tls1_3", true), ("client, 1.2", false, client, "-tls1_2", true),
                    ("client, 1.1", false, client, "-tls1_1", false), ("client, none", false, nil, "-tls1_3", false),
                    ("client, none, 1.2", false, nil, "-tls1_2", false),
                    ("client, a peer's", false, peer, "-tls1_3", false),
                    ("client, a peer's, 1.2", false, peer, "-tls1_2", false),
                    ("client, expired", false, try cards.expiredClient.write("expired", in: folder), "-tls1_3", false),
                    ("client, stranger's", false, try cards.strangersClient.write("stranger", in: folder), "-tls1_3", false),
                    ("client, self-signed", false, try cards.selfSigned.write("self", in: folder), "-tls1_3", false),
                    ("peer, 1.3", true, peer, "-tls1_3", true), ("peer, 1.2", true, peer, "-tls1_2", false),
                    ("peer, none", true, nil, "-tls1_3", false), ("peer, a client's", true, client, "-tls1_3", false),
                    ("peer, expired", true, try cards.expiredNode.write("expired-node", in: folder), "-tls1_3", false),
                    ("peer, stranger's", true, try cards.strangersNode.write("stranger-node", in: folder), "-tls1_3", false),
                ]
                for row in rows {
                    let outcome = try await ask(row.isPeer, row.identity, row.version)
                    #expect(outcome.text.hasPrefix("HTTP/1.1 200") == row.isAnswered, "\(row.name): \(outcome.errors.suffix(300))")
                    if !row.isAnswered {
                        #expect(outcome.out.isEmpty, "\(row.name)")
                        #expect(outcome.errors.contains("error:"), "\(row.name): \(outcome.errors.suffix(300))")
                    }
                }
                print("interop: openssl \(rows.count) rows")
            }
        }

        @Test func `sslyze finds no CBC and nothing under TLS 1.2, and TLS 1.3 alone between nodes`() async throws {
            try await Network.one { network, node in
                let cards = try Cards(node, network)
                let client = try cards.client.write("client", in: network.folder)
                let peer = try cards.node.write("peer", in: network.folder)
                let suites = try await Self.scan(node.clients.number, client, network)
                #expect(Set(suites.keys) == ["tls_1_2", "tls_1_3"])
                let all = suites.values.flatMap(\.self)
                #expect(all.allSatisfy { !$0.contains("CBC") && !$0.contains("RC4") && !$0.contains("TLS_RSA_WITH") })
                #expect(all.allSatisfy { $0.contains("GCM") || $0.contains("POLY1305") })
                let between = try await Self.scan(node.peers.number, peer, network)
                #expect(Set(between.keys) == ["tls_1_3"])
                print("interop: sslyze clients \(suites.mapValues(\.count)), peers \(between.mapValues(\.count))")
            }
        }

        /// The suites a port accepts, by protocol; protocols it refuses are left out.
        private static func scan(_ port: Int, _ identity: (certificate: String, key: String), _ network: Network)
            async throws -> [String: [String]]
        {
            let file = network.folder.appendingPathComponent("sslyze-\(port).json")
            let run = try await Subprocess.run(
                Interop.program("sslyze"),
                [
                    "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--mozilla_config",
                    "disable", "--cert", identity.certificate, "--key", identity.key, "--json_out", file.path, "--quiet",
                    "127.0.0.1:\(port)",
                ])
            let json = try JSONReader.read([UInt8](try Data(contentsOf: file)), limits: JSONLimits(nodesMax: 2_000_000))
            let result = try #require(json["server_scan_results"]?[0]?["scan_result"], "\(run.errors.suffix(500))")
            var accepted: [String: [String]] = [:]
            for version in ["ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2", "tls_1_3"] {
                let attempt = try #require(result["\(version)_cipher_suites"])
                try #require(attempt["status"] == "COMPLETED", "\(version): \(attempt)")
                let names = attempt["result"]?["accepted_cipher_suites"]?.items.compactMap {
                    $0["cipher_suite"]?["name"]?.string
                } ?? []
                if !names.isEmpty { accepted[version] = names }
            }
            return accepted
        }
    }
}

import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Testing

extension RealNodes {
    /// Other makers' HL7 v2 client and validator, and a tester of APIs that knows nothing but `openapi.json`.
    @Suite(.enabled(Interop.missing) { await Interop.isReady() })
    struct InteropFeedTests {
        @Test func `python-hl7 is answered, and hl7apy's strict validation takes every acknowledgement`() async throws {
            try await Network.run { network in
                let node = try network.add()
                let port = try node.addFeed()
                try await node.start()
                try await until("the feed listens") { try node.node.bound["feed admissions"] != nil }
                let script = Repository.root.appendingPathComponent("Deploy/interop/feed.py").path
                let run = try await Subprocess.run(Interop.program("python"), [script, String(port.number), "ARH"])
                #expect(run.code == 0, "\(run.errors.suffix(2000))")
                #expect(run.text.hasPrefix("40 answered, 32 validated"), "\(run.text)")
                // And the program of that package, as an administrator would try it.
                let file = network.folder.appendingPathComponent("message.hl7")
                try Data(FeedMessages.identity("A01", "cli").replacing("\n", with: "\r").utf8).write(to: file)
                let sent = try await Subprocess.run(
                    Interop.program("mllp_send"), ["--loose", "--port", String(port.number), "--file", file.path, "127.0.0.1"])
                #expect(sent.code == 0 && sent.text.contains("MSA|AA|cli"), "\(sent.text) \(sent.errors.suffix(500))")
                print("interop: hl7 \(run.text.trimmingCharacters(in: .whitespacesAndNewlines))")
            }
        }

        /// A few seconds; twenty minutes with HIE_LONG.
        static let isLong = ProcessInfo.processInfo.environment["HIE_LONG"] != nil

        @Test func `schemathesis finds no failure of the server, and no answer that its own openapi.json does not name`() async throws {
            try await Network.one { network, node in
                try await node.register()
                _ = try node.client()
                let folder = ClientFolder(node.home.clients.appendingPathComponent("ehr"))
                let token = String(decoding: try PlainFile.read(folder.token), as: UTF8.self)
                let base = "https://127.0.0.1:\(node.clients.number)"
                // In a folder of its own: it keeps what it found there.
                let place = network.folder.appendingPathComponent("schemathesis")
                try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
                let run = try await Subprocess.run(
                    "env",
                    [
                        "-C", place.path, Interop.program("schemathesis"), "run", base + "/openapi.json", "--url", base,
                        "--header", "Authorization: Bearer \(token)", "--tls-verify", folder.authority.path,
                        "--request-cert", folder.certificate.path, "--request-cert-key", folder.key.path,
                        "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance",
                        "--phases", Self.isLong ? "examples,coverage,fuzzing" : "fuzzing",
                        "--max-examples", Self.isLong ? "200" : "2", "--seed", "8", "--no-shrink",
                        "--suppress-health-check", "all", "--request-timeout", "20", "--warnings", "off",
                    ] + (Self.isLong ? [] : ["--max-time", "15"]))
                #expect(run.code == 0, "\((run.text + run.errors).suffix(6000))")
                let line = run.text.split(separator: "\n").last { $0.contains("generated") || $0.contains("passed") } ?? ""
                print("interop: schemathesis \(line)")
                #expect(try await node.home.ask("node/status")["healthy"] == true)
            }
        }
    }
}

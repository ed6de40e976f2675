import AdminEndpoint
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Testing

extension RealNodes {
    /// The loopback listener for supervisors: what it says while the node is well, and that it never speaks of a patient.
    @Suite struct HealthTests {
        private struct Reply {
            let status: Int
            let type: String
            let body: String
        }

        private static func get(_ path: String, _ node: RunningNode) async throws -> Reply {
            let address = try #require(try node.node.bound["health"])
            let url = try #require(URL(string: "http://\(address)\(path)"))
            let curl = try await Subprocess.run(
                "/usr/bin/curl", ["-s", "-S", "-m", "10", "-w", "\n%{http_code} %{content_type}", url.absoluteString])
            let lines = curl.text.split(separator: "\n", omittingEmptySubsequences: false)
            let last = lines.last?.split(separator: " ", maxSplits: 1).map(String.init) ?? []
            return Reply(
                status: last.first.flatMap { Int($0) } ?? 0, type: last.count > 1 ? last[1] : "",
                body: lines.dropLast().joined(separator: "\n"))
        }

        private static func serve(_ body: (RunningNode) async throws -> Void) async throws {
            try await Network.run { network in
                let node = try network.add()
                try node.reconfigure { $0 + "health: 127.0.0.1:0\n" }
                try await node.start()
                try await until("the health listener is bound") { try node.node.bound["health"] != nil }
                try await body(node)
            }
        }

        @Test func `a node that is well is alive, ready, and says so of every part`() async throws {
            try await Self.serve { node in
                #expect(try await Self.get("/livez", node).status == 200)
                #expect(try await Self.get("/readyz", node).status == 200)
                let health = try await Self.get("/healthz", node)
                #expect(health.status == 200)
                #expect(health.type == "application/health+json")
                let json = try JSONReader.read(Array(health.body.utf8))
                let findings = (json["checks"]?.items ?? []).compactMap(HealthFinding.init)
                let seen = Set(findings.map(\.component))
                #expect(seen.isSuperset(of: ["journal", "disk", "peers", "clock", "certificate peers", "certificate clients"]))
                #expect(findings.grade != .fail, "\(health.body)")
                #expect(try await Self.get("/nothing", node).status == 404)
            }
        }

        @Test func `metrics count requests by route and hold no patient, path or requester`() async throws {
            try await Self.serve { node in
                try await node.register()
                let client = try node.client()
                defer { client.close() }
                _ = try await client.send(.get, "/metadata")
                _ = try await client.send(.get, "/Patient/nobody-there-4711")
                _ = try await client.send(.get, "/some/where/else", below: "")
                let page = try await Self.get("/metrics", node)
                #expect(page.status == 200)
                #expect(page.type == "text/plain; version=0.0.4; charset=utf-8")
                #expect(page.body.contains(#"hie_requests_total{door="clients",route="/fhir/metadata",status="2xx"} 1"#))
                #expect(page.body.contains(#"hie_requests_total{door="clients",route="none",status="4xx"} 1"#))
                #expect(page.body.contains(#"route="/fhir/Patient/:id""#))
                #expect(!page.body.contains("4711"))
                #expect(!page.body.contains("some/where"))
                #expect(Canary.found(in: page.body.split(separator: "\n").map(String.init)).isEmpty)
                try Self.expectWellFormed(page.body)
                try await Self.expectAccepted(page.body)
            }
        }

        @Test func `the dashboard and the alert rules ask for what the node tells, and for nothing else`() async throws {
            try await Self.serve { node in
                let page = try await Self.get("/metrics", node).body
                let told = Set(page.split(separator: "\n").filter { $0.hasPrefix("# TYPE ") }.map { String($0.split(separator: " ")[2]) })
                let deploy = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                    .deletingLastPathComponent().appendingPathComponent("Deploy")
                for file in ["grafana-dashboard.json", "prometheus-alerts.yaml"] {
                    let text = try String(contentsOf: deploy.appendingPathComponent(file), encoding: .utf8)
                    let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }
                    let asked = Set(words.filter { $0.hasPrefix("hie_") || $0.hasPrefix("process_") }.map { word in
                        word.hasSuffix("_bucket") ? String(word.dropLast("_bucket".count)) : String(word)
                    })
                    #expect(asked.count > 5, "\(file)")
                    // Feeds and traces tell only where there are some.
                    let unknown = asked.subtracting(told).filter { !$0.hasPrefix("hie_feed_") && !$0.hasPrefix("hie_trace_") }
                    #expect(unknown.isEmpty, "\(file)")
                }
                let dashboard = try JSONReader.read(
                    [UInt8](Data(contentsOf: deploy.appendingPathComponent("grafana-dashboard.json"))))
                #expect(dashboard["panels"]?.items.isEmpty == false)
            }
        }

        /// Each family is declared once, before its samples; buckets grow and end at the count (exposition format 0.0.4).
        private static func expectWellFormed(_ text: String) throws {
            var kinds: [String: String] = [:]
            var samples: Set<Substring> = []
            var buckets: [Substring: [Double]] = [:]
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ")
                if line.hasPrefix("# TYPE ") {
                    #expect(kinds.updateValue(String(words[3]), forKey: String(words[2])) == nil, "\(line) twice")
                }
                guard !line.hasPrefix("#") else { continue }
                let place = try #require(line.lastIndex(of: " "))
                let value = try #require(Double(line[line.index(after: place)...]), "\(line)")
                #expect(samples.insert(line[..<place]).inserted, "\(line) twice")
                let name = line[..<(line.firstIndex { $0 == "{" || $0 == " " } ?? line.endIndex)]
                let family = ["_bucket", "_sum", "_count"].reduce(String(name)) { name, suffix in
                    name.hasSuffix(suffix) && kinds[String(name.dropLast(suffix.count))] == "histogram"
                        ? String(name.dropLast(suffix.count)) : name
                }
                #expect(kinds[family] != nil, "\(line) is of no family")
                if name.hasSuffix("_bucket"), let le = line.range(of: ",le=") { buckets[line[..<le.lowerBound], default: []].append(value) }
            }
            #expect(!buckets.isEmpty)
            for (row, counts) in buckets { #expect(counts == counts.sorted() && counts.count == 12, "\(row)") }
        }

        /// Prometheus' own reader, where it is installed.
        private static func expectAccepted(_ text: String) async throws {
            let promtool = "/usr/bin/promtool"
            guard FileManager.default.isExecutableFile(atPath: promtool) else { return }
            let verdict = try await Subprocess.run(promtool, ["check", "metrics"], input: Array(text.utf8))
            #expect(verdict.code == 0, "\(verdict.errors)\(verdict.text)")
        }
    }
}

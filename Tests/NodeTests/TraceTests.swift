import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import PeerTransport
import Testing
import Transactions

extension RealNodes {
    /// Spans of the nodes' work at a collector of another maker: one trace across nodes, nothing of a patient in it.
    @Suite(.enabled("no python3") { InteropServer.isReady }) struct TraceTests {
        private static func send(_ node: RunningNode, _ collector: InteropServer, _ more: String = "") throws {
            let port = try collector.port
            try node.reconfigure { $0 + "traces:\n  url: http://127.0.0.1:\(port)/v1/traces\n\(more)" }
        }

        @Test func `a question across facilities is one trace: who was asked hangs below who asked`() async throws {
            try await Network.run { network in
                let collector = try InteropServer("trace_collector", in: network)
                defer { collector.kill() }
                try await collector.start()
                let hospital = try network.add()
                try Self.send(hospital, collector)
                try await hospital.start()
                let clinic = try network.add(
                    .init(name: "clinic", community: "1.3.6.1.4.1.21367.2026.11", seeds: [hospital]))
                try Self.send(clinic, collector)
                try await clinic.start()
                try await hospital.register()
                let patient = try await clinic.register().id
                try await until("they know each other") {
                    try await clinic.home.ask("peer/list")["peers"]?.items.count == 1
                }
                let client = try clinic.client()
                defer { client.close() }
                let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
                let answer = try await client.send(
                    .get, "/DocumentReference?patient=\(patient)&status=current",
                    headers: [("traceparent", "00-\(trace)-00f067aa0ba902b7-01")])
                #expect(answer.status == 200, "\(answer.text)")
                // What its caller does not want recorded is not, at neither node.
                let quiet = "0af7651916cd43dd8448eb211c80319c"
                _ = try await client.send(
                    .get, "/DocumentReference?patient=\(patient)", headers: [("traceparent", "00-\(quiet)-b7ad6b7169203331-00")])

                func spans() throws -> [JSONValue] { try collector.received.filter { $0["traceId"]?.string == trace } }
                func name(_ span: JSONValue) -> String { span["name"]?.string ?? "" }
                try await until("the spans arrive", within: .seconds(20)) {
                    try spans().count { name($0).hasPrefix("POST /") } >= 2 && spans().contains { name($0).hasPrefix("GET /") }
                }
                let root = try #require(try spans().first { name($0).hasPrefix("GET /") })
                #expect(root["parentSpanId"] == "00f067aa0ba902b7")
                #expect(root["kind"]?.integer == 2)
                #expect(root["resource"]?["service.instance.id"]?.string == clinic.community.urn)
                #expect(root["attributes"]?["http.route"] == "/fhir/DocumentReference")
                let asked = try spans().filter { $0["kind"]?.integer == 3 }
                #expect(asked.allSatisfy { $0["parentSpanId"] == root["spanId"] })
                let names = Set(asked.map(name))
                #expect(names.isSubset(of: ["POST Patient", "POST DocumentReference"]), "\(names)")
                let served = try spans().filter { $0["resource"]?["service.instance.id"]?.string == hospital.community.urn }
                #expect(!served.isEmpty)
                let parents = Set(served.compactMap { $0["parentSpanId"]?.string })
                let spansAsked = Set(asked.compactMap { $0["spanId"]?.string })
                #expect(parents.isSubset(of: spansAsked))
                try await clinic.stop()
                try await hospital.stop()
                let all = try collector.received
                #expect(!all.contains { $0["traceId"]?.string == quiet })
                let lines = all.map { String(decoding: JSONWriter.bytes($0), as: UTF8.self) }
                #expect(Canary.found(in: lines).isEmpty, "patient data in a span")
                #expect(!lines.contains { $0.contains("dr.brattain") || $0.contains(patient.description) })
            }
        }

        @Test func `a collector that is away costs nothing but spans, and what it refuses is counted`() async throws {
            try await Network.run { network in
                let collector = try InteropServer("trace_collector", in: network)
                defer { collector.kill() }
                try await collector.start()
                let node = try network.add()
                let health = try ReservedPort()
                try Self.send(node, collector)
                try node.reconfigure { $0 + "health: 127.0.0.1:\(health.number)\n" }
                try collector.answer("400")
                try await node.start()
                let client = try node.client()
                defer { client.close() }
                for _ in 0..<20 { #expect(try await client.send(.get, "/metadata", as: .none).status == 200) }
                let pool = HTTPConnectionPool(
                    destination: .host("127.0.0.1", port: health.number), uptime: World.system.uptime, connectionsMax: 1)
                defer { pool.close() }
                func count(_ outcome: String) async throws -> Int {
                    let page = try await pool.send(ClientRequest(.get, "/metrics"), deadline: World.system.uptime() + .seconds(5))
                    let line = String(decoding: page.body, as: UTF8.self).split(separator: "\n")
                        .first { $0.hasPrefix("hie_trace_spans_total{outcome=\"\(outcome)\"}") }
                    return try #require(line.flatMap { Int($0.split(separator: " ")[1]) })
                }
                try await until("refused spans are counted", within: .seconds(15)) { try await count("refused") >= 20 }
                collector.kill()
                for _ in 0..<20 {
                    let (answer, took) = try await timing { try await client.send(.get, "/metadata", as: .none) }
                    #expect(answer.status == 200)
                    #expect(took < .seconds(5))
                }
                #expect(try await count("exported") == 0)
                let (_, stopping) = try await timing { try await node.stop() }
                #expect(stopping < .seconds(15))
            }
        }
    }
}

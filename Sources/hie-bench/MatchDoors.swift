import ExchangeCore
import ExchangeNode
import FHIRModel
import JSON
import PatientIndex
import PeerTransport

/// `$match` and the feed at the doors of a node that holds many registrations: durable answers, 16 clients.
struct MatchDoors {
    private let bench: Bench
    private let node: BenchNode
    private let load: LoadRegistrations

    /// - Parameter load: what the node was filled with.
    init(_ bench: Bench, _ node: BenchNode, _ load: LoadRegistrations) {
        self.bench = bench
        self.node = node
        self.load = load
    }

    private static let clients = 16
    private static let feeders = 64

    func run() async throws {
        let (process, _) = try await node.start()
        defer { node.kill(process) }
        let clients = try await node.connections(Self.clients)
        let single = Array(clients.prefix(1))
        let match = MatchWork(node: node, load: load)
        // The first seconds warm caches of pages.
        _ = try await bench.loaded(node, process, match, over: clients, seconds: bench.seconds, seed: 1)
        let (alone, _) = try await bench.loaded(node, process, match, over: single, seconds: bench.seconds * 2, seed: 2)
        let (many, cpu) = try await bench.loaded(node, process, match, over: clients, seconds: bench.seconds * 3, seed: 3)
        func add(_ figure: String, _ value: Double, _ unit: String, _ aim: Figure.Aim? = nil) {
            bench.report.add(Figure("match." + figure, value, unit, aim: aim))
        }
        add("http_single_p50_ms", alone.milliseconds(at: 50), "ms")
        add("http_single_p99_ms", alone.milliseconds(at: 99), "ms")
        add("http_p50_ms", many.milliseconds(at: 50), "ms", .atMost(2))
        add("http_p99_ms", many.milliseconds(at: 99), "ms", .atMost(10))
        add("http_rate", many.rate, "1/s", .atLeast(2000))
        add("http_cpu_us", cpu * 1e6 / Double(max(many.done, 1)), "us")
        let feeders = try await node.connections(Self.feeders)
        let (fed, feedCPU) = try await bench.loaded(
            node, process, FeedWork(node: node, load: load), over: feeders, seconds: bench.seconds * 3, seed: 4)
        add("feed_rate", fed.rate, "1/s", .atLeast(1500))
        add("feed_p99_ms", fed.milliseconds(at: 99), "ms")
        add("feed_cpu_us", feedCPU * 1e6 / Double(max(fed.done, 1)), "us")
        if let usage = ProcessUsage(of: process.id) { add("node_peak_mb", Double(usage.peakBytes) / 1_048_576, "MiB") }
    }
}

/// `$match` about a registered person, written anew each time.
private struct MatchWork: Workload {
    let node: BenchNode
    let load: LoadRegistrations

    func next(_ chance: inout Chance) -> Int { Int.random(in: 1 << 30...1 << 40, using: &chance) }

    func request(_ item: Int) -> ClientRequest {
        let row = load.question(item)
        let patient = PatientMapping.resource(identifiers: row.identifiers, demographics: row.demographics)
        let question = Parameters([
            .init(name: "resource", resource: patient), .init("onlyCertainMatches", "valueBoolean", true),
        ])
        return node.request(
            .post, "/Patient/$match", type: "application/fhir+json", body: JSONWriter.bytes(.object(question.json)))
    }

    func fault(_ answer: ClientResponse, to item: Int) -> String? {
        answer.body.isEmpty ? "an empty answer" : nil
    }
}

/// ITI-104: a new registration of a registered person, under a number of its own.
private struct FeedWork: Workload {
    let node: BenchNode
    let load: LoadRegistrations

    func next(_ chance: inout Chance) -> Int { Int.random(in: 1 << 41...1 << 50, using: &chance) }

    func request(_ item: Int) -> ClientRequest {
        let row = load.question(item)
        var identifiers = row.identifiers
        if let own = PatientIdentifier(system: "urn:oid:1.3.6.1.4.1.21367.2026.99.1", value: "N\(item)") {
            identifiers.insert(own, at: 0)
        }
        let patient = PatientMapping.resource(identifiers: identifiers, demographics: row.demographics)
        return node.request(
            .put, "/Patient?identifier=urn:oid:1.3.6.1.4.1.21367.2026.99.1%7CN\(item)", type: "application/fhir+json",
            body: JSONWriter.bytes(.object(patient)), asRegistrar: true)
    }

    func fault(_ answer: ClientResponse, to item: Int) -> String? { answer.status == 201 ? nil : "it was not created" }
}

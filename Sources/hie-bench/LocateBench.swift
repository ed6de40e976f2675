import ExchangeCore
import ExchangeNode
import Glibc
import GossipDirectory
import PeerTransport
import Transactions

/// One run of `hie-bench locate`: its scenes one after another, each with its figures.
struct LocateBench: Sendable {
    let network: LocateNetwork
    let asker: LocateAsker
    let report: Report
    let isQuick: Bool

    private var rounds: LocateRounds { LocateRounds(asker) }
    /// What the reference's simulation caps a question at.
    private static let longDeadline = Duration.seconds(5)
    /// The interactive deadline.
    private static let deadline = Duration.milliseconds(1500)

    func measure() async throws {
        try await warm()
        let healthy = try await model()
        try await overhead()
        try await overshoot()
        try await failing(healthy: healthy)
        try await overload()
        try await cost()
    }

    /// Connections made and usual answer times learnt, before anything counts.
    private func warm() async throws {
        try await network.set { _ in .steady(milliseconds: 1) }
        // Each of the eight patients by both, so that who they are elsewhere is remembered by both.
        let first = await rounds.paced(16, every: 100) { .init(isPlain: $0 >= 8, deadline: .seconds(20)) }
        guard first.allSatisfy({ $0.answered == network.plan.places.count }) else {
            throw ExchangeError(
                .unavailable, "only \(first.map(\.answered)) communities answered; \(first.fault ?? "")")
        }
        try await network.set { _ in .model }
        // An endpoint's usual time is learnt from its last 64 answers.
        _ = await rounds.paced(isQuick ? 32 : 80, every: 100) { _ in .init(deadline: Self.deadline) }
    }

    /// The reference's model, every second question without hedges and breakers.
    private func model() async throws -> [LocateAsker.Sample] {
        let each = isQuick ? 24 : 500
        report.words("\(each) questions with and \(each) without hedges and breakers, one every 150 ms")
        try await network.set { _ in .model }
        let tally = asker.exchange.searches.tally
        let all = await rounds.paced(2 * each, every: 150) { .init(isPlain: $0 % 2 == 1, deadline: Self.longDeadline) }
        let counts = try await network.set { _ in .model }
        let ours = all.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
        let plain = all.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
        if let fault = all.fault { report.words("a question came to nothing: \(fault)") }
        let (before, now) = (tally, asker.exchange.searches.tally)
        report.words(
            "first requests \(now.first - before.first), second \(now.hedged - before.hedged), "
                + "repeated \(now.repeated - before.repeated), spared by breakers \(now.spared - before.spared)")
        let p50 = ours.milliseconds(at: 0.5), p99 = ours.milliseconds(at: 0.99)
        report.add(Figure("locate.p50_ms", p50, "ms", aim: .atMost(250)))
        report.add(Figure("locate.p99_ms", p99, "ms", aim: .atMost(1000)))
        report.add(Figure("locate.complete_1s", ours.complete(within: 1000), "%", aim: .atLeast(99)))
        let extra = (Double(counts["a"] ?? 0) / max(1, Double(counts["b"] ?? 0)) - 1) * 100
        report.add(Figure("locate.extra_requests", extra, "%", aim: .atMost(8)))
        report.add(Figure("locate.plain_p50_ms", plain.milliseconds(at: 0.5), "ms"))
        report.add(Figure("locate.plain_p99_ms", plain.milliseconds(at: 0.99), "ms"))
        report.add(Figure("locate.plain_complete_1s", plain.complete(within: 1000), "%"))
        return ours
    }

    /// 16 healthy communities that answer after 30 to 60 ms each: what the question takes beyond the slowest.
    private func overhead() async throws {
        let asked = Set(network.plan.places.prefix(16).map(\.community))
        try await network.set { .steady(milliseconds: 30 + 2 * min($0, 15)) }
        _ = await rounds.closed(1, seconds: 0.3, .init(deadline: Self.deadline, only: asked))
        let (samples, _) = await rounds.closed(1, seconds: isQuick ? 2 : 20, .init(deadline: Self.deadline, only: asked))
        if let fault = samples.fault { report.words("a question came to nothing: \(fault)") }
        let disk = try BareDisk(folder: network.folder).append(documents: 1, bytes: 1024, seconds: 0.3)
        report.add(Figure("locate.overhead_p50_ms", samples.milliseconds(at: 0.5) - 60, "ms"))
        report.add(Figure("locate.overhead_p99_ms", samples.milliseconds(at: 0.99) - 60, "ms", aim: .atMost(5)))
        report.add(Figure("disk.sync_ms", disk.syncMilliseconds, "ms"))
        report.words("of the overhead, two syncs of the journal: the intent before, the disclosure after")
    }

    /// A deadline that most questions meet unfinished: how long after it the answer is there.
    private func overshoot() async throws {
        let limit = 150.0
        try await network.set { _ in .model }
        let samples = await rounds.paced(isQuick ? 30 : 1000, every: 60) { _ in .init(deadline: .milliseconds(Int64(limit))) }
        let late = samples.filter { !$0.isComplete }
        report.words("\(late.count) of \(samples.count) questions met their deadline of 150 ms unfinished")
        report.add(
            Figure("locate.overshoot_ms", max(0, late.milliseconds(at: 0.999) - limit), "ms", aim: .atMost(50)))
    }

    /// 3 dead and 5 slow communities, after ten questions that had to find out, beside the healthy network.
    private func failing(healthy: [LocateAsker.Sample]) async throws {
        // One process ended, two hosts hang: at both of their endpoints.
        try await network.set { $0 == 7 ? .gone : $0 == 31 || $0 == 63 ? .hangs : (40..<45).contains($0) ? .slow : .model }
        let cap = Double(Self.deadline.wholeMilliseconds)
        let usual = min(healthy.milliseconds(at: 0.99), cap)
        if isQuick {
            _ = await rounds.paced(10, every: 200) { _ in .init(deadline: Self.deadline) }
        } else {
            for _ in 0..<10 { _ = await rounds.paced(1, every: 0) { _ in .init(deadline: Self.deadline) } }
        }
        let ours = await rounds.paced(isQuick ? 20 : 200, every: 100) { _ in .init(deadline: Self.deadline) }
        let plain = await rounds.paced(isQuick ? 5 : 50, every: 100) { _ in .init(isPlain: true, deadline: Self.deadline) }
        let p99 = ours.milliseconds(at: 0.99)
        report.add(Figure("locate.failing_p99_ms", p99, "ms"))
        report.add(Figure("locate.failing_ratio", p99 / max(usual, 1), "1", aim: .atMost(1.15)))
        report.add(Figure("locate.plain_failing_p99_ms", plain.milliseconds(at: 0.99), "ms"))
        try await network.set { _ in .model }
        // Whatever was opened may close again.
        try await World.system.sleep(.seconds(isQuick ? 1 : 12))
    }

    /// Five times more questions than can be answered: what is still answered completely and in time.
    private func overload() async throws {
        let asked = Set(network.plan.places.suffix(16).map(\.community))
        try await network.set { _ in .steady(milliseconds: 5) }
        _ = await rounds.closed(8, seconds: 0.5, .init(deadline: Self.deadline, only: asked))
        var peak = 0.0
        for lanes in [8, 24] {
            let (samples, seconds) = await rounds.closed(
                lanes, seconds: isQuick ? 0.7 : 4, .init(deadline: Self.deadline, only: asked))
            peak = max(peak, Double(samples.count { $0.isComplete }) / seconds)
        }
        let span = isQuick ? 1.5 : 8
        let gap = 1000 / (5 * peak)
        let watch = Stopwatch()
        let samples = await rounds.paced(Int(span * 5 * peak), every: gap) { _ in .init(deadline: Self.deadline, only: asked) }
        let goodput = Double(samples.count { $0.isComplete }) / watch.seconds
        if let fault = samples.fault { report.words("under overload some were refused: \(fault)") }
        report.add(Figure("locate.peak_rate", peak, "1/s"))
        report.add(Figure("locate.overload_goodput", goodput / max(peak, 0.001) * 100, "%", aim: .atLeast(90)))
    }

    /// What one community's answer costs the asking node: all of it, and beyond a bare exchange of the same bytes over the
    /// same kind of connection.
    private func cost() async throws {
        try await network.set { _ in .steady(milliseconds: 2) }
        let seconds = isQuick ? 1.5 : 8
        _ = await rounds.closed(2, seconds: 0.3, .init(deadline: .seconds(5)))
        try await network.set { _ in .steady(milliseconds: 2) }
        let before = LocateRounds.cpuSeconds
        let (samples, _) = await rounds.closed(2, seconds: seconds, .init(deadline: .seconds(5)))
        let spent = LocateRounds.cpuSeconds - before
        let requests = try await network.set { _ in .steady(milliseconds: 2) }.values.reduce(0, +)
        let answers = samples.map(\.answered).reduce(0, +)
        let bare = try await bareExchange(seconds: seconds / 2)
        let each = spent / Double(max(answers, 1)) * 1e6
        let requestsEach = Double(requests) / Double(max(answers, 1))
        report.words("\(answers) answers cost \(requests) requests")
        report.add(Figure("locate.cpu_all_us_per_peer", each, "us"))
        report.add(Figure("locate.cpu_bare_us_per_request", bare, "us"))
        report.add(Figure("locate.cpu_us_per_peer", each - bare * requestsEach, "us", aim: .atMost(60)))
    }

    /// CPU microseconds of one find over kept TLS connections with nothing around it: no signature, no reading, no journal.
    private func bareExchange(seconds: Double) async throws -> Double {
        let token = String(repeating: "x", count: 900)
        let body = Array("patient=Patient%2F00000000-0000-4000-8000-000000000000&_count=500".utf8)
        let headers = [
            ("Content-Type", "application/x-www-form-urlencoded"), ("Accept", "application/fhir+json"),
            ("Authorization", "Bearer " + token), ("X-Request-Id", "c" + String(repeating: "0", count: 31)),
            ("Request-Timeout", "5"),
        ]
        let request = ClientRequest(.post, "/DocumentReference/_search", headers: headers, body: body)
        let targets = network.plan.places.compactMap { place in
            EndpointURL("https://127.0.0.1:\(place.ports[0])/fhir").map { (place.community, $0) }
        }
        let watch = Stopwatch()
        let before = LocateRounds.cpuSeconds
        let done = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    var done = 0
                    while watch.seconds < seconds { done += await once(request, to: targets) }
                    return done
                }
            }
            return await group.reduce(0, +)
        }
        guard done > 0 else { throw ExchangeError(.unavailable, "no bare exchange was answered") }
        return (LocateRounds.cpuSeconds - before) / Double(done) * 1e6
    }

    private func once(_ request: ClientRequest, to targets: [(CommunityID, EndpointURL)]) async -> Int {
        let deadline = World.system.uptime() + .seconds(5)
        let connections = asker.connections
        return await withTaskGroup(of: Int.self) { group in
            for (community, url) in targets {
                group.addTask {
                    let answer = try? await connections.send(request, to: url, of: community, deadline: deadline)
                    return answer?.response.status == 200 ? 1 : 0
                }
            }
            return await group.reduce(0, +)
        }
    }
}

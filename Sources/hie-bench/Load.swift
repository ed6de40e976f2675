import ExchangeCore
import Histogram
import NIOPosix
import PeerTransport

/// What a load asks: the next question, and whether an answer is right.
protocol Workload: Sendable {
    /// What one question is about.
    associatedtype Item: Sendable

    /// Chooses the next question.
    func next(_ chance: inout Chance) -> Item

    /// The question on the wire.
    func request(_ item: Item) -> ClientRequest

    /// Nil when the answer is right; else what is wrong with it. Only 2xx can be right.
    func fault(_ answer: ClientResponse, to item: Item) -> String?
}

/// What one round of a load came to.
struct LoadRound: Sendable {
    /// Right answers.
    var done = 0
    /// Wrong answers, and none.
    var failed = 0
    /// What was wrong with one of them.
    var fault: String?
    /// Seconds from the first question to the last answer.
    var seconds = 0.0
    /// Nanoseconds of each right answer.
    var latencies: [UInt64] = []

    /// Right answers a second.
    var rate: Double { seconds > 0 ? Double(done) / seconds : 0 }

    /// Milliseconds at a percentile.
    func milliseconds(at percentile: Double) -> Double { [self].milliseconds(at: percentile) }

    mutating func take(_ other: LoadRound) {
        done += other.done
        failed += other.failed
        fault = fault ?? other.fault
        latencies += other.latencies
    }
}

extension [LoadRound] {
    /// Milliseconds at a percentile over all rounds (HdrHistogram, three digits).
    func milliseconds(at percentile: Double) -> Double {
        var histogram = Histogram<UInt32>(highestTrackableValue: 120_000_000)
        for round in self {
            for latency in round.latencies { histogram.record(Swift.min(latency / 1000, 120_000_000)) }
        }
        return Double(histogram.valueAtPercentile(percentile)) / 1000
    }
}

/// A closed loop: each connection sends its next question when the last one is answered.
enum Load {
    /// The client's one thread for sockets; the node has the rest of the machine.
    static let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// Keeps every connection busy for some seconds; repeatable by its seed.
    static func run(
        _ work: some Workload, over connections: [HTTPConnection], seconds: Double, seed: UInt64,
    ) async -> LoadRound {
        let watch = Stopwatch()
        return await withTaskGroup(of: LoadRound.self) { group in
            for (lane, connection) in connections.enumerated() {
                group.addTask {
                    var chance = Chance(seed: seed &* 1000 &+ UInt64(lane))
                    var round = LoadRound()
                    while watch.seconds < seconds, await ask(work, over: connection, &chance, &round) {}
                    return round
                }
            }
            var all = LoadRound()
            for await round in group { all.take(round) }
            all.seconds = watch.seconds
            return all
        }
    }

    /// Sends every item once, over all connections at once; for filling a node.
    static func send<Work: Workload>(_ work: Work, items: [Work.Item], over connections: [HTTPConnection])
        async -> LoadRound
    {
        let watch = Stopwatch()
        return await withTaskGroup(of: LoadRound.self) { group in
            for (lane, connection) in connections.enumerated() {
                group.addTask {
                    var round = LoadRound()
                    for index in stride(from: lane, to: items.count, by: connections.count) {
                        guard await ask(work, items[index], over: connection, &round) else { break }
                    }
                    return round
                }
            }
            var all = LoadRound()
            for await round in group { all.take(round) }
            all.seconds = watch.seconds
            return all
        }
    }

    private static func ask<Work: Workload>(
        _ work: Work, over connection: HTTPConnection, _ chance: inout Chance, _ round: inout LoadRound,
    ) async -> Bool {
        await ask(work, work.next(&chance), over: connection, &round)
    }

    /// Asks once; false when the connection is of no more use.
    private static func ask<Work: Workload>(
        _ work: Work, _ item: Work.Item, over connection: HTTPConnection, _ round: inout LoadRound,
    ) async -> Bool {
        let request = work.request(item)
        let watch = Stopwatch()
        do throws(ExchangeError) {
            let answer = try await connection.send(request, timeout: .seconds(60))
            let nanoseconds = watch.nanoseconds
            var fault = work.fault(answer, to: item)
            if !(200...299).contains(answer.status) {
                fault = "status \(answer.status): " + String(decoding: answer.body.prefix(300), as: UTF8.self)
            }
            if let fault {
                round.failed += 1
                round.fault = fault
            } else {
                round.done += 1
                round.latencies.append(nanoseconds)
            }
            return true
        } catch {
            round.failed += 1
            round.fault = error.description
            return false
        }
    }
}

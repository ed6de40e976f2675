import AdminEndpoint
import ExchangeCore
import ExchangeNode
import Foundation
import JSON
import Synchronization
import Testing

/// Documents that a node acknowledged, by where they are to be found.
private final class Acknowledged: Sendable {
    private let all = Mutex<[(path: String, bytes: [UInt8])]>([])

    var count: Int { all.withLock { $0.count } }
    func add(_ path: String, _ bytes: [UInt8]) { all.withLock { $0.append((path, bytes)) } }
    func since(_ place: Int) -> [(path: String, bytes: [UInt8])] { all.withLock { Array($0[place...]) } }
}

/// A generator whose numbers follow from its seed: the failure names its replay.
struct SeededMoments: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

extension RealNodes {
    /// Promise 1: a publish answered 201 survives SIGKILL at any moment.
    @Suite(.enabled(if: HieProcess.executable != nil, "the program hie was not built"))
    struct KillTests {
        private static let environment = ProcessInfo.processInfo.environment

        /// 20, 200 with HIE_LONG, or what HIE_KILL_ROUNDS says.
        static let rounds =
            environment["HIE_KILL_ROUNDS"].flatMap { Int($0) } ?? (environment["HIE_LONG"] == nil ? 20 : 200)

        /// Publishes until the node is gone; notes what was acknowledged.
        private static func write(
            _ client: NodeClient, _ writer: Int, _ round: Int, at node: RunningNode, into acknowledged: Acknowledged,
        ) async {
            var number = 0
            while !Task.isCancelled {
                number += 1
                let padding = String(repeating: "\(writer)", count: 64 + (number * 977) % 6000)
                let bytes = Array("\(Canary.words) \(round)/\(writer)/\(number) \(padding)".utf8)
                do {
                    let reply = try await client.post(
                        "/DocumentReference", Submissions.simplified(bytes, at: node),
                        headers: [("prefer", "return=representation")])
                    guard reply.status == 201 else {
                        Issue.record("a publish was answered \(reply.status): \(reply.text.prefix(200))")
                        return
                    }
                    let url = try reply.json["content"]?[0]?["attachment"]?["url"]?.string ?? ""
                    acknowledged.add(try path(url), bytes)
                } catch { return }
            }
        }

        /// How many of these documents are not found again with their bytes.
        private static func lost(_ documents: [(path: String, bytes: [UInt8])], _ client: NodeClient) async throws -> Int {
            try await withThrowingTaskGroup(of: Int.self) { group in
                let lanes = 8
                for lane in 0..<lanes {
                    group.addTask {
                        var lost = 0
                        for place in stride(from: lane, to: documents.count, by: lanes) {
                            let reply = try await client.document(documents[place].path)
                            if reply.status != 200 || reply.bytes != documents[place].bytes { lost += 1 }
                        }
                        return lost
                    }
                }
                return try await group.reduce(0, +)
            }
        }

        @Test func `every 201 is found again after SIGKILL at random moments, and the journal verifies each time`()
            async throws
        {
            var random = SeededMoments(state: 2026)
            try await Network.process { _, node, process in
                _ = try node.client()
                let acknowledged = Acknowledged()
                var lost = 0
                var damaged = 0
                for round in 1...Self.rounds {
                    let place = acknowledged.count
                    // A token holds an hour, which the long run may outlast.
                    if round % 50 == 0 { try node.renew() }
                    let client = try node.known()
                    let delay = Int64.random(in: 0...300, using: &random)
                    // Now and then the node dies while its callers still connect; else in the middle of its work.
                    let isEarly = round % 8 == 0
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for writer in 0..<8 {
                            group.addTask {
                                await Self.write(client, writer, round, at: node, into: acknowledged)
                            }
                        }
                        if !isEarly {
                            try await until("something is acknowledged", within: .seconds(20)) {
                                acknowledged.count > place
                            }
                        }
                        try await World.system.sleep(.milliseconds(delay))
                        await process.end(SIGKILL)
                        group.cancelAll()
                        try await group.waitForAll()
                    }
                    client.close()
                    try await process.start()
                    let fresh = try node.known()
                    let damage = try await process.damage()
                    if !damage.isEmpty { damaged += 1 }
                    #expect(damage == [], "round \(round), killed after \(delay) ms")
                    let missing = try await Self.lost(acknowledged.since(place), fresh)
                    #expect(missing == 0, "round \(round), killed after \(delay) ms")
                    lost += missing
                    fresh.close()
                }
                let last = try node.known()
                lost = max(lost, try await Self.lost(acknowledged.since(0), last))
                await process.end(SIGTERM)
                let verdict = await JournalAudit.verify(node.home)
                #expect(verdict.damage == [])
                print(
                    "kill: \(Self.rounds) rounds, \(acknowledged.count) publishes acknowledged, \(lost) lost, "
                        + "\(damaged) journals damaged, \(verdict.entries) entries verified")
                #expect(lost == 0)
                #expect(acknowledged.count > Self.rounds, "there was something to lose")
            }
        }
    }
}

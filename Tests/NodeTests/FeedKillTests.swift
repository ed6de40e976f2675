import AdminEndpoint
import ExchangeCore
import ExchangeNode
import Foundation
import HL7v2
import PatientIndex
import PeerTransport
import Synchronization
import Testing
import Transactions

/// What the senders of a feed were told.
private final class Told: Sendable {
    private let all = Mutex<[String: String]>([:])

    var count: Int { all.withLock { $0.count } }
    var last: [String: String] { all.withLock { $0 } }
    /// The last street of a patient that was acknowledged.
    func add(_ number: String, _ street: String) { all.withLock { $0[number] = street } }
}

extension RealNodes {
    /// Promise 1 through MLLP: what was answered AA survives SIGKILL at any moment, and has one effect.
    @Suite(.enabled(if: HieProcess.executable != nil, "the program hie was not built"))
    struct FeedKillTests {
        /// 6, 100 with HIE_LONG.
        static let rounds = ProcessInfo.processInfo.environment["HIE_LONG"] == nil ? 6 : 100

        private static func message(_ number: String, _ id: String, street: String) -> [UInt8] {
            FeedMessages.identity("A08", id, "\(number)^^^ARH||Zweig^Bo||19700101|M|||\(street)^^Town^VT^05999").utf8
                .map { $0 == 0x0A ? 0x0D : $0 }
        }

        /// Moves one patient from street to street until the node is gone; the last message is sent again after it is back.
        private static func feed(_ port: Int, _ number: String, _ round: Int, into told: Told) async -> [UInt8]? {
            guard let client = try? await FeedClient(port) else { return nil }
            for move in 1... {
                let street = "\(round) Street \(move)"
                let message = message(number, "\(number)-\(round)-\(move)", street: street)
                let before = client.answers.count
                await client.connection.send(MLLPFrame.encode(message))
                try? await until("an answer, or the end", within: .seconds(20)) {
                    client.answers.count > before || !client.connection.isOpen || Task.isCancelled
                }
                guard let answer = client.answers.dropFirst(before).first else { return message }
                guard let code = try? answer.first("MSA")?.field(1).text(), code == "AA" else {
                    Issue.record("a message was not taken")
                    return nil
                }
                told.add(number, street)
            }
            return nil
        }

        @Test func `what was acknowledged is there after SIGKILL, and an older message sent again takes nothing back`() async throws {
            var random = SeededMoments(state: 8)
            try await Network.one { _, node in
                try await node.stop()
                let port = try node.addFeed()
                let process = HieProcess(node)
                let told = Told()
                var first: [[UInt8]] = []
                try await process.start()
                for round in 1...Self.rounds {
                    let before = told.count
                    let numbers = (0..<4).map { "K-\(round)-\($0)" }
                    let waiting = await withTaskGroup(of: [UInt8]?.self) { group in
                        for number in numbers {
                            group.addTask { await Self.feed(port.number, number, round, into: told) }
                        }
                        try? await until("something is acknowledged", within: .seconds(20)) { told.count >= before + 4 }
                        try? await World.system.sleep(.milliseconds(Int64.random(in: 0...60, using: &random)))
                        await process.end(SIGKILL)
                        group.cancelAll()
                        return await group.reduce(into: [[UInt8]]()) { if let message = $1 { $0.append(message) } }
                    }
                    try await process.start()
                    let client = try await FeedClient(port.number)
                    // Senders send the message that was not answered again, and an old one by mistake.
                    for message in waiting { #expect(try await client.ask(message).code == "AA") }
                    first += numbers.map { Self.message($0, "\($0)-\(round)-1", street: "\(round) Street 1") }
                    for message in first { #expect(try await client.ask(message).code == "AA") }
                }
                await process.end(SIGTERM)
                try await node.start()
                for (number, street) in told.last {
                    let identifier = try #require(PatientIdentifier(system: node.numbers, value: number))
                    let found = try await node.exchange.activePatients(identifier: identifier)
                    #expect(found.count == 1, "one record of \(number)")
                    let lines = found.first?.demographics.addresses.first?.lines.first ?? ""
                    let (kept, said) = (Self.move(lines), Self.move(street))
                    #expect(kept == said || kept == said + 1, "\(number): acknowledged \(street), kept \(lines)")
                }
                #expect(told.count == 4 * Self.rounds)
                #expect(await JournalAudit.verify(node.home).damage == [])
            }
        }

        private static func move(_ street: String) -> Int { street.split(separator: " ").last.flatMap { Int($0) } ?? -1 }
    }
}

import ExchangeCore
import Journal
import Synchronization
import Testing
import Transactions

/// The outbox by itself: order, patience, what is kept.
@Suite struct OutboxTests {
    /// Sends one parcel for each submission; answers as it is told.
    private final class StubCourier: OutboxCourier {
        let receiver = "stub"
        let exchange: Exchange
        let answers: @Sendable (_ entry: JournalPosition, _ attempt: Int) -> OutboxVerdict
        let sent = Mutex<[JournalPosition]>([])

        init(_ exchange: Exchange, _ answers: @escaping @Sendable (JournalPosition, Int) -> OutboxVerdict) {
            self.exchange = exchange
            self.answers = answers
        }

        func parcels(from position: JournalPosition, limit: Int) async throws(ExchangeError) -> (
            parcels: [Parcel<Int>], next: JournalPosition
        ) {
            let (entries, next) = try await exchange.reader.entries(from: position, limit: limit) { kind, _ in kind == .submission }
            return (entries.map { Parcel(entry: $0.position, part: 0, recorded: $0.time, content: 0) }, next)
        }

        func send(_ parcel: Parcel<Int>, number: UInt64) async -> OutboxVerdict {
            let attempt = sent.withLock { sent in
                sent.append(parcel.entry)
                return sent.count { $0 == parcel.entry }
            }
            return answers(parcel.entry, attempt)
        }
    }

    private final class StubStore: OutboxStore {
        let kept = Mutex<OutboxPlace?>(nil)
        func place() async throws(ExchangeError) -> OutboxPlace? { kept.withLock { $0 } }
        func keep(_ place: OutboxPlace) async throws(ExchangeError) { kept.withLock { $0 = place } }
    }

    /// Runs an outbox until it has come to the journal's end, or for so long of the world's time.
    private static func run(
        _ node: OneNode, _ courier: StubCourier, _ store: StubStore, hours: Int = 200, origin: String = "log",
        _ change: (inout JournalOutbox<StubCourier>.Terms) -> Void = { _ in },
    ) async throws -> OutboxStatus {
        var terms = JournalOutbox<StubCourier>.Terms()
        terms.keepsUndelivered = true
        change(&terms)
        let outbox = JournalOutbox(courier, store: store, terms: terms)
        let end = node.world.uptime() + .seconds(hours * 3600)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await outbox.run(node.exchange, origin: origin, from: 0) }
            group.addTask {
                while node.world.uptime() < end, outbox.status?.place.entry != node.exchange.journal.size {
                    try await node.world.sleep(.seconds(30))
                }
            }
            try await group.next()
            group.cancelAll()
        }
        return try #require(outbox.status)
    }

    private static func publish(_ node: OneNode, _ count: Int) async throws -> [JournalPosition] {
        let patient = try await node.register("P").id
        var entries: [JournalPosition] = []
        for number in 1...count {
            entries.append(node.exchange.journal.size)
            try await node.publish(number, for: patient)
        }
        return entries
    }

    @Test func `nothing overtakes what waits, and a place that was kept is where it goes on`() throws {
        try OneNode.run { node in
            let entries = try await Self.publish(node, 4)
            let store = StubStore()
            let courier = StubCourier(node.exchange) { entry, attempt in
                entry == entries[1] && attempt < 5 ? .later("busy") : .taken
            }
            let status = try await Self.run(node, courier, store)
            #expect(courier.sent.withLock { $0 } == [entries[0]] + Array(repeating: entries[1], count: 5) + entries.dropFirst(2))
            #expect(status.place.delivered == 4 && status.failure == nil)
            #expect(store.kept.withLock { $0 } == status.place)
            let again = StubCourier(node.exchange) { _, _ in .taken }
            _ = try await Self.run(node, again, store)
            #expect(again.sent.withLock { $0 }.isEmpty)
            let anew = StubCourier(node.exchange) { _, _ in .taken }
            _ = try await Self.run(node, anew, store, origin: "another log")
            #expect(anew.sent.withLock { $0 } == entries, "another log is sent from its start")
        }
    }

    @Test func `what cannot be delivered is given up after the stated time and not before, and the next goes on`() throws {
        try OneNode.run { node in
            let entries = try await Self.publish(node, 2)
            let began = node.world.now()
            let store = StubStore()
            let courier = StubCourier(node.exchange) { entry, _ in entry == entries[0] ? .later("away") : .taken }
            let status = try await Self.run(node, courier, store) {
                $0.patience = .seconds(3 * 3600)
                $0.pauseMax = .seconds(600)
            }
            #expect(status.place.delivered == 1 && status.place.refused == 1)
            let lost = try #require(status.place.undelivered.first)
            #expect(lost.entry == entries[0] && lost.reason == "given up after 3 h: away")
            #expect(lost.time >= began + .seconds(3 * 3600) && lost.time < began + .seconds(4 * 3600))
            #expect(courier.sent.withLock { $0.count { $0 == entries[0] } } < 60, "pauses grow")
            // Everything is old by now: each is tried once all the same.
            let late = StubCourier(node.exchange) { entry, _ in entry == entries[0] ? .later("away") : .taken }
            let after = try await Self.run(node, late, StubStore()) { $0.patience = .seconds(60) }
            #expect(late.sent.withLock { $0 } == entries && after.place.undelivered.map(\.entry) == [entries[0]])
        }
    }

    @Test func `what is asked for again is sent once, and stands in the list until it is taken`() throws {
        try OneNode.run { node in
            let entries = try await Self.publish(node, 1)
            let store = StubStore()
            let courier = StubCourier(node.exchange) { _, attempt in attempt < 2 ? .refused("no") : attempt < 3 ? .later("not now") : .taken }
            var status = try await Self.run(node, courier, store)
            #expect(status.place.undelivered.map(\.reason) == ["no"])
            for (reasons, delivered) in [(["not now"], 0), ([], 1)] as [([String], UInt64)] {
                store.kept.withLock { $0?.undelivered[0].isAsked = true }
                // Something more, so that the end is not reached at once.
                _ = try await node.register("Q")
                status = try await Self.run(node, courier, store)
                #expect(status.place.undelivered.map(\.reason) == reasons && status.place.delivered == delivered)
            }
            #expect(courier.sent.withLock { $0 } == Array(repeating: entries[0], count: 3))
        }
    }
}

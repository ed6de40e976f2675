import ExchangeCore
import Foundation
import Storage
import Testing
import Transactions

/// What feeds have taken, on the disk.
@Suite struct TakenMessageStoreTests {
    private static let key = [UInt8](repeating: 7, count: 32)

    private static func message(_ number: UInt64) -> TakenMessage {
        TakenMessage(.message, key: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 16), content: number << 40 | number)
    }

    private static func folder() -> String { FileManager.default.temporaryDirectory.path + "/taken-\(UUID().uuidString)" }

    @Test func `what was remembered is there again in its order, by many at once and after a restart`() async throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try FileTakenMessageStore(path, key: Self.key, atMost: 1000)
        #expect(store.taken().isEmpty)
        try await store.remember(Self.message(0))
        try await withThrowingTaskGroup { group in
            for number in 1..<200 { group.addTask { try await store.remember(Self.message(UInt64(number))) } }
            try await group.waitForAll()
        }
        let again = try FileTakenMessageStore(path, key: Self.key, atMost: 1000)
        #expect(again.taken().first == Self.message(0))
        #expect(Set(again.taken()) == Set((0..<200).map { Self.message(UInt64($0)) }))
        #expect(again.digest([1]) == store.digest([1]) && again.digest([1]).count == 16)
        let other = try FileTakenMessageStore(path, key: [UInt8](repeating: 8, count: 32), atMost: 1000)
        #expect(other.digest([1]) != store.digest([1]))
    }

    @Test func `a torn end is cut and a damaged record passed over, and what comes after is kept`() async throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try FileTakenMessageStore(path, key: Self.key, atMost: 1000)
        for number in 1...3 { try await store.remember(Self.message(UInt64(number))) }
        let file = URL(fileURLWithPath: path + "/taken")
        var bytes = try Data(contentsOf: file)
        #expect(bytes.count == 96)
        bytes[40] ^= 1
        try (bytes + Data([1, 2, 3])).write(to: file)
        let torn = try FileTakenMessageStore(path, key: Self.key, atMost: 1000)
        #expect(torn.taken() == [Self.message(1), Self.message(3)])
        try await torn.remember(Self.message(4))
        #expect(try FileTakenMessageStore(path, key: Self.key, atMost: 1000).taken() == [1, 3, 4].map(Self.message))
    }

    @Test func `the files do not grow beyond twice what is remembered`() async throws {
        let path = Self.folder()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let store = try FileTakenMessageStore(path, key: Self.key, atMost: 10)
        for number in 1...95 { try await store.remember(Self.message(UInt64(number))) }
        let sizes = try ["taken", "taken.before"].map { try Data(contentsOf: URL(fileURLWithPath: path + "/" + $0)).count }
        #expect(sizes == [160, 320])
        let newest = try FileTakenMessageStore(path, key: Self.key, atMost: 10).taken()
        #expect(newest == (86...95).map { Self.message(UInt64($0)) })
    }
}

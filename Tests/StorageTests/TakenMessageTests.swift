import ExchangeCore
import Foundation
import GRDB
import Journal
import Storage
import Testing
import Transactions

/// What feeds have taken, as the journal remembers it.
@Suite struct TakenMessageTests {
    private static func message(_ number: UInt64) -> TakenMessage {
        TakenMessage(
            number % 3 == 0 ? .sequence : .message, key: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 16),
            content: UInt64.max - number << 40)
    }

    private static func write(_ numbers: Range<UInt64>, _ contract: ProjectionContract) async throws {
        for number in numbers {
            _ = try await contract.writer.append(
                EntryDraft(kind: .feed, subject: nil, payload: message(number).payload, value: message(number)))
        }
    }

    @Test(arguments: ProjectionKind.allCases)
    func `the latest are remembered in their order, and by a projection made anew`(kind: ProjectionKind) async throws {
        let contract = try await ProjectionContract(kind)
        defer { contract.remove() }
        #expect(try await contract.projection.takenMessages(atMost: 10).isEmpty)
        try await Self.write(0..<20, contract)
        #expect(try await contract.projection.takenMessages(atMost: 5) == (15..<20).map(Self.message))
        _ = try await contract.reader.bringUpToDate(contract.projection, rebuild: true)
        #expect(try await contract.projection.takenMessages(atMost: 100) == (0..<20).map(Self.message))
    }

    @Test func `the table does not grow beyond what is remembered`() async throws {
        let contract = try await ProjectionContract(.sqlite)
        defer { contract.remove() }
        try await Self.write(1..<4, contract)
        let file = try DatabaseQueue(path: contract.folder.appendingPathComponent("projection.sqlite").path)
        try await file.write { database in
            try database.execute(
                sql: "UPDATE taken SET number = ? WHERE number = 3", arguments: [TakenMessage.rememberedMax + 1])
        }
        try await Self.write(4..<5, contract)
        #expect(try await contract.projection.takenMessages(atMost: 10) == [1, 3, 4].map(Self.message), "the second is let go")
    }

    @Test func `what is no taken message in the journal is refused as damage`() throws {
        #expect(try TakenMessage(payload: Self.message(7).payload) == Self.message(7))
        for text in [
            "", "{}", #"{"content":"1","key":"00","kind":1}"#, #"{"content":"1","key":"00000000000000000000000000000000","kind":3}"#,
            #"{"content":"xyz","key":"00000000000000000000000000000000","kind":1}"#,
            #"{"content":"11111111111111111","key":"00000000000000000000000000000000","kind":1}"#,
        ] {
            #expect(throws: ExchangeError.self, "\(text)") { try TakenMessage(payload: Array(text.utf8)) }
        }
    }

    /// A record as versions before tables 10 wrote it.
    private static func record(_ message: TakenMessage) -> [UInt8] {
        var bytes = [message.kind.rawValue, 0, 0, 0] + message.key
        bytes += (0..<8).map { UInt8(truncatingIfNeeded: message.content >> (8 * $0)) }
        let check = CRC32C.checksum(bytes)
        return bytes + (0..<4).map { UInt8(truncatingIfNeeded: check >> (8 * $0)) }
    }

    @Test func `files of an earlier version are read in order, past a damaged record and a torn end, and removed`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("taken-\(UUID().uuidString)")
        let files = EarlierTakenMessages(folder.path)
        #expect(try files.read().isEmpty)
        try files.remove()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(Self.record(Self.message(1))).write(to: folder.appendingPathComponent("taken.before"))
        var newest = (2...4).flatMap { Self.record(Self.message($0)) }
        newest[40] ^= 1
        try Data(newest + [1, 2, 3]).write(to: folder.appendingPathComponent("taken"))
        #expect(try files.read() == [1, 2, 4].map(Self.message))
        try files.remove()
        #expect(try files.read().isEmpty)
    }
}

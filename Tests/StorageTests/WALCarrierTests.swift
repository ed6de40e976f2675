import Foundation
import GRDB
import Synchronization
import Testing

@testable import Storage

@Suite struct WALCarrierTests {
    /// A table that each write changes some pages of.
    private static func write(_ number: Int, _ writer: DatabasePool, _ carrier: WALCarrier) async throws {
        try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
            writer.asyncWrite { database in
                for row in 0..<20 {
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO t(id, body) VALUES (?, ?)", arguments: [(number * 7 + row * 31) % 500, Data(count: 3000)])
                }
            } completion: { database, result in
                done.resume(with: result)
                carrier.follow(database, of: writer)
            }
        }
    }

    private static func opened(_ path: String, pagesMax: Int, told: @escaping @Sendable ((any Error)?) -> Void = { _ in })
        throws -> (DatabasePool, WALCarrier)
    {
        var configuration = Configuration()
        configuration.prepareDatabase { try $0.execute(sql: "PRAGMA wal_autocheckpoint=0") }
        let writer = try DatabasePool(path: path, configuration: configuration)
        try writer.writeWithoutTransaction {
            try $0.execute(sql: "CREATE TABLE IF NOT EXISTS t(id INTEGER PRIMARY KEY, body BLOB NOT NULL)")
        }
        return (writer, try WALCarrier(path: path, configuration: configuration, pagesMax: pagesMax, told: told))
    }

    @Test func `the log is carried over while writing goes on, and does not grow`() async throws {
        let folder = try JournalFolder()
        let (writer, carrier) = try Self.opened(folder.path + "/db", pagesMax: 100)
        for number in 0..<400 { try await Self.write(number, writer, carrier) }
        let size = try FileManager.default.attributesOfItem(atPath: folder.path + "/db-wal")[.size] as? Int ?? 0
        // 400 writes of some 40 pages are 64 MB; what is written while the log is carried over comes on top of 100 pages.
        #expect(size > 0 && size < 16 << 20, "\(size)")
        carrier.stop()
        try writer.close()
        try carrier.close()
        let (again, other) = try Self.opened(folder.path + "/db", pagesMax: 100)
        #expect(try await again.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == 500)
        #expect(try await again.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
        other.stop()
        try again.close()
        try other.close()
    }

    @Test func `closing while the log is carried over waits for it`() async throws {
        let folder = try JournalFolder()
        for round in 0..<60 {
            let (writer, carrier) = try Self.opened(folder.path + "/db", pagesMax: 2)
            for number in 0..<(round % 4 + 1) { try await Self.write(number, writer, carrier) }
            carrier.stop()
            try writer.close()
            try carrier.close()
        }
    }

    @Test func `that rounds fail is said once, and once that they work again`() throws {
        let folder = try JournalFolder()
        let said = Mutex<[Bool]>([])
        let (writer, carrier) = try Self.opened(folder.path + "/db", pagesMax: 2) { why in said.withLock { $0.append(why != nil) } }
        for _ in 0..<3 { carrier.attempt { throw DatabaseError(resultCode: .SQLITE_IOERR) } }
        #expect(said.withLock { $0 } == [true])
        for _ in 0..<3 { carrier.attempt { try carrier.checkpoint(.passive) } }
        #expect(said.withLock { $0 } == [true, false])
        carrier.stop()
        carrier.attempt { try carrier.checkpoint(.passive) }
        #expect(said.withLock { $0 } == [true, false])
        try writer.close()
        try carrier.close()
    }

    @Test func `a checkpoint after the end is refused`() throws {
        let folder = try JournalFolder()
        let (writer, carrier) = try Self.opened(folder.path + "/db", pagesMax: 2)
        try carrier.checkpoint(.truncate)
        carrier.stop()
        #expect(throws: (any Error).self) { try carrier.checkpoint(.truncate) }
        try writer.close()
        try carrier.close()
    }
}

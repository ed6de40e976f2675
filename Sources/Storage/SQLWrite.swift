import ExchangeCore
import GRDB
import GRDBSQLite

/// A value on its way into a row.
enum SQLValue {
    case integer(Int64)
    case text(String)
    case bytes([UInt8])
    /// An identifier's 16 bytes.
    case id(high: UInt64, low: UInt64)

    /// An identifier of this node, as a blob.
    static func id<Subject>(_ id: LocalID<Subject>) -> SQLValue { .id(high: id.high, low: id.low) }

    /// A moment in milliseconds.
    static func time(_ time: Timestamp) -> SQLValue { .integer(time.milliseconds) }
}

extension Database {
    /// Runs a statement that changes rows, one that is prepared once, with these values.
    ///
    /// What every publish and every access writes goes this way: GRDB's arguments box and copy each value several times,
    /// which cost as much as the writing itself (`hie-bench journal`).
    func run(_ sql: String, _ values: [SQLValue]) throws {
        let pointer = try cachedStatement(sql: sql).sqliteStatement
        defer { sqlite3_reset(pointer) }
        var column: Int32 = 0
        for value in values {
            column += 1
            let code = switch value {
            case .integer(let number): sqlite3_bind_int64(pointer, column, number)
            case .text(let text): sqlite3_bind_text(pointer, column, text, Int32(clamping: text.utf8.count), copied)
            case .bytes(let bytes): bytes.withUnsafeBytes { Self.bind($0, pointer, column) }
            case .id(let high, let low):
                withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Self.bind($0, pointer, column) }
            }
            guard code == SQLITE_OK else { throw Self.failure(pointer) }
        }
        guard sqlite3_step(pointer) == SQLITE_DONE else { throw Self.failure(pointer) }
    }

    /// Runs one statement for each of many pairs of numbers: it is looked up once.
    ///
    /// - Parameter after: called behind each.
    func runEach<Item>(_ sql: String, _ items: [Item], _ numbers: (Item) -> (Int64, Int64), after: (Int) throws -> Void) throws {
        let pointer = try cachedStatement(sql: sql).sqliteStatement
        sqlite3_reset(pointer)
        defer { sqlite3_reset(pointer) }
        for (place, item) in items.enumerated() {
            let (first, second) = numbers(item)
            guard sqlite3_bind_int64(pointer, 1, first) == SQLITE_OK, sqlite3_bind_int64(pointer, 2, second) == SQLITE_OK,
                sqlite3_step(pointer) == SQLITE_DONE
            else { throw Self.failure(pointer) }
            sqlite3_reset(pointer)
            try after(place)
        }
    }

    private static func bind(_ bytes: UnsafeRawBufferPointer, _ pointer: SQLiteStatement, _ column: Int32) -> Int32 {
        bytes.count == 0
            ? sqlite3_bind_zeroblob(pointer, column, 0)
            : sqlite3_bind_blob(pointer, column, bytes.baseAddress, Int32(clamping: bytes.count), copied)
    }
}

/// SQLite copies what is bound (SQLITE_TRANSIENT).
private var copied: sqlite3_destructor_type { unsafeBitCast(-1, to: sqlite3_destructor_type.self) }

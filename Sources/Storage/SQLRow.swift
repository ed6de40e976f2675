import ExchangeCore
import GRDB
import GRDBSQLite

/// One row of a statement, read where SQLite has it: each value is copied once, into what the caller wants.
///
/// GRDB's own rows make a table of lower-cased column names for each fetch and a `Data` for each blob, which was half of
/// what a search of twenty rows cost. Valid until the next step.
struct SQLRow {
    fileprivate let statement: SQLiteStatement

    /// A number; 0 for NULL.
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    /// A text; empty for NULL.
    func text(_ column: Int32) -> String {
        let start = sqlite3_column_text(statement, column)
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: start, count: start == nil ? 0 : count), as: UTF8.self)
    }

    /// A blob's bytes; empty for NULL.
    func bytes(_ column: Int32) -> [UInt8] { [UInt8](blob(column)) }

    /// An identifier of this node.
    func id<Subject>(_ column: Int32) throws -> LocalID<Subject> {
        guard let id = LocalID<Subject>(bytes: blob(column)) else {
            throw ExchangeError(.corrupted, "a row cannot be read; hie journal rebuild makes it anew")
        }
        return id
    }

    private func blob(_ column: Int32) -> UnsafeRawBufferPointer {
        let start = sqlite3_column_blob(statement, column)
        return UnsafeRawBufferPointer(
            start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(statement, column)))
    }
}

extension Database {
    /// Calls the body with each row that a question brings, in order.
    func rows(_ sql: String, _ arguments: StatementArguments, _ body: (SQLRow) throws -> Void) throws {
        let statement = try cachedStatement(sql: sql)
        // Also resets what an earlier question may have left.
        try statement.setArguments(arguments)
        let pointer = statement.sqliteStatement
        defer { sqlite3_reset(pointer) }
        while true {
            switch sqlite3_step(pointer) {
            case SQLITE_ROW: try body(SQLRow(statement: pointer))
            case SQLITE_DONE: return
            default: throw Self.failure(pointer)
            }
        }
    }

    /// Calls the body with each row that a question by one or two numbers brings, in order.
    ///
    /// A look-up asks some forty of them: GRDB's arguments would cost as much as the answers. The text must not be asked with
    /// other arguments elsewhere.
    func rows(_ question: Statement, by first: Int64, _ second: Int64? = nil, _ body: (SQLRow) throws -> Void) throws {
        let pointer = question.sqliteStatement
        sqlite3_reset(pointer)
        defer { sqlite3_reset(pointer) }
        guard sqlite3_bind_int64(pointer, 1, first) == SQLITE_OK,
            second.map({ sqlite3_bind_int64(pointer, 2, $0) == SQLITE_OK }) ?? true
        else { throw Self.failure(pointer) }
        while true {
            switch sqlite3_step(pointer) {
            case SQLITE_ROW: try body(SQLRow(statement: pointer))
            case SQLITE_DONE: return
            default: throw Self.failure(pointer)
            }
        }
    }

    /// SQLite's own word for what went wrong with a statement.
    static func failure(_ pointer: SQLiteStatement) -> DatabaseError {
        DatabaseError(resultCode: ResultCode(rawValue: sqlite3_extended_errcode(sqlite3_db_handle(pointer))))
    }

    /// What the body makes of each row.
    func all<Value>(_ sql: String, _ arguments: StatementArguments, _ body: (SQLRow) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        try rows(sql, arguments) { values.append(try body($0)) }
        return values
    }

    /// What the body makes of the only row a question can bring; nil when it brings none.
    func one<Value>(_ sql: String, _ arguments: StatementArguments, _ body: (SQLRow) throws -> Value) throws -> Value? {
        var value: Value?
        try rows(sql, arguments) { value = try body($0) }
        return value
    }
}

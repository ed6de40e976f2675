import ExchangeCore
import Foundation
import GRDB

extension SQLiteProjection {
    /// The version of the tables that this program makes; tables of another are made anew from the journal.
    package static var version: Int { ProjectionSchema.version }

    /// The version of the tables in a file, whether a node has it open or not; nil where there is no file, or it is none of
    /// ours. Changes nothing.
    package static func version(ofFileAt path: String) -> Int? {
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { database in
                guard try database.tableExists("mark") else { return nil }
                return try Int.fetchOne(database, sql: "PRAGMA user_version")
            }
        } catch { return nil }
    }
}

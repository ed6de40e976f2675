import ExchangeCore
import Journal
import Transactions

/// How far the feed to a repository has come, in a small file that is replaced as a whole.
package struct FileAuditFeedStore: AuditFeedStore {
    private static let name = "audit-feed"
    private let folder: DurableFolder
    private let threads = BlockingThreads(count: 1)

    /// The place in a folder that is there.
    package init(_ folder: String) { self.folder = DurableFolder(folder) }

    package func place() async throws(ExchangeError) -> AuditFeedPlace? {
        try await threads.run { [folder] () throws(ExchangeError) in
            guard let bytes = try folder.contents(Self.name, bytesMax: 4096) else { return nil }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            guard lines.count == 3, let entry = JournalPosition(lines[1]), let refused = UInt64(lines[2]) else {
                throw ExchangeError(
                    .corrupted, "nobody can say how far the audit feed has come; remove the file to send everything again",
                    at: folder.file(Self.name))
            }
            return AuditFeedPlace(origin: String(lines[0]), entry: entry, refused: refused)
        }
    }

    package func keep(_ place: AuditFeedPlace) async throws(ExchangeError) {
        try await threads.run { [folder] () throws(ExchangeError) in
            try folder.replace(Self.name, with: Array("\(place.origin)\n\(place.entry)\n\(place.refused)\n".utf8))
        }
    }
}

import ExchangeCore
import Foundation
import JSON
import Storage

extension JournalEnd {
    /// Reads the answer of a running node to `journal/end`; nil when it is none.
    package init?(_ json: JSONValue) {
        guard let segment = json["segment"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let offset = json["offset"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let entries = json["entries"]?.integer.flatMap({ UInt64(exactly: $0) }),
            let root = json["root"]?.string.flatMap({ Hexadecimal.decode($0) })
        else { return nil }
        self.init(segment: segment, offset: offset, entries: entries, root: root)
    }

    /// The end of the journal of a node that is stopped; recovers it as a start does.
    package static func ofStopped(_ home: NodeHome) async throws(ExchangeError) -> JournalEnd {
        let origin = NodeStore.origin(of: try NodeConfiguration(of: home), in: home)
        let (store, _) = try await FileJournalStore.open(
            home.store.appendingPathComponent("journal").path, origin: origin)
        let end = store.end
        try await store.close()
        return end
    }
}

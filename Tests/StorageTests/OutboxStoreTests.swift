import ExchangeCore
import Foundation
import Storage
import Testing
import Transactions

/// How far an outbox has come, on disk.
@Suite struct OutboxStoreTests {
    @Test func `a place comes back as it was kept, its undelivered parcels too`() async throws {
        let folder = try JournalFolder()
        let store = FileOutboxStore(folder.path + "/outboxes", name: "inbox")
        #expect(try await store.place() == nil)
        var place = OutboxPlace(origin: "oid/1.2.3", entry: 7)
        place.delivered = 5
        place.refused = 2
        place.undelivered = [
            UndeliveredParcel(entry: 3, part: 0, time: Timestamp(milliseconds: 1), reason: "a \"reason\"\nof two lines"),
            UndeliveredParcel(entry: 4, part: 1, time: Timestamp(milliseconds: 2), reason: "", isAsked: true),
        ]
        try await store.keep(place)
        #expect(try await FileOutboxStore(folder.path + "/outboxes", name: "inbox").place() == place)
        #expect(try await FileOutboxStore(folder.path + "/outboxes", name: "other").place() == nil)
    }

    @Test func `a place of three lines, as earlier versions kept it, is read, and what is none is said to be damaged`() async throws {
        let folder = try JournalFolder()
        let file = URL(fileURLWithPath: folder.path + "/audit-feed")
        let store = FileOutboxStore(folder.path, name: "audit-feed")
        try Data("oid/1.2.3\n12\n1\n".utf8).write(to: file)
        let place = try #require(try await store.place())
        #expect(place.entry == 12 && place.refused == 1 && place.delivered == 0)
        for text in ["", "oid/1.2.3\n12\n", "oid\nx\n1\n", "oid\n1\n1\nx\n", "oid\n1\n1\n1\n{}\n", "oid\n1\n1\n1\nnoise\n"] {
            try Data(text.utf8).write(to: file)
            await #expect(throws: ExchangeError(.corrupted, "")) { try await store.place() }
        }
    }
}

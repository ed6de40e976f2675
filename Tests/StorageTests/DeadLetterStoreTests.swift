import ExchangeCore
import Foundation
import Storage
import Testing
import Transactions

/// Refused messages on disk: found again, sealed, bounded in time.
@Suite struct DeadLetterStoreTests {
    private static let key = [UInt8](repeating: 7, count: 32)
    private static let now = Timestamp(seconds: 1_796_000_000)
    private static let message = Array("MSH|^~\\&|A\rPID|1||4711^^^X||Zwetschgenbaum^Quillfeather".utf8)

    private static func open(_ folder: JournalFolder, key: [UInt8] = key, now: Timestamp = now) throws -> FileDeadLetterStore {
        try FileDeadLetterStore(folder.path + "/dead-letters", key: key, now: now, age: .seconds(3600))
    }

    private static func letter(_ id: String, at time: Timestamp = now) -> DeadLetter {
        DeadLetter(
            id: id, feed: "admissions", kind: "ADT^A01", sender: "SND SF", controlID: "C-1", size: message.count, first: time,
            last: time, times: 1, condition: 204, reason: "add the authority", place: "PID-3")
    }

    @Test func `a letter is found again by who opens the folder next, byte for byte, and once however often it came`() async throws {
        let folder = try JournalFolder()
        let store = try Self.open(folder)
        let id = store.id(of: Self.message, feed: "admissions")
        #expect(store.id(of: Self.message, feed: "other") != id)
        try await store.keep(Self.message, as: Self.letter(id))
        try await store.keep(Self.message, as: Self.letter(id, at: Self.now + .seconds(5)))
        let again = try Self.open(folder)
        let letter = try #require(again.letters().first)
        #expect(again.letters().count == 1)
        #expect(letter.times == 2 && letter.first == Self.now && letter.last == Self.now + .seconds(5))
        #expect(letter.place == "PID-3" && letter.condition == 204)
        #expect(try await again.message(id) == Self.message)
        try await again.remove(id)
        try await again.remove(id)
        #expect(try await again.message(id) == nil)
        #expect(try Self.open(folder).letters().isEmpty)
    }

    @Test func `nothing of a message stands on the disk in clear, in a name least of all`() async throws {
        let folder = try JournalFolder()
        let store = try Self.open(folder)
        let id = store.id(of: Self.message, feed: "admissions")
        try await store.keep(Self.message, as: Self.letter(id))
        let path = folder.path + "/dead-letters"
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
        #expect(names == [id + ".letter"])
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path + "/" + names[0])))
        for word in ["Zwetschgenbaum", "4711", "PID", "admissions", "authority"] {
            #expect(bytes.firstRange(of: Array(word.utf8)) == nil, "\(word)")
        }
    }

    @Test func `what is too old is let go, what another key sealed or a bit changed is named`() async throws {
        let folder = try JournalFolder()
        let store = try Self.open(folder)
        let id = store.id(of: Self.message, feed: "admissions")
        try await store.keep(Self.message, as: Self.letter(id))
        let foreign = #expect(throws: ExchangeError.self) { try Self.open(folder, key: [UInt8](repeating: 8, count: 32)) }
        #expect(foreign?.code == .corrupted)
        let url = URL(fileURLWithPath: folder.path + "/dead-letters/\(id).letter")
        let sound = try [UInt8](Data(contentsOf: url))
        for place in [0, 8, 20, sound.count - 1] {
            var bytes = sound
            bytes[place] ^= 1
            try Data(bytes).write(to: url)
            let damage = #expect(throws: ExchangeError.self, "byte \(place)") { try Self.open(folder) }
            #expect(damage?.location?.hasSuffix(".letter") == true)
        }
        try Data(sound).write(to: url)
        #expect(try Self.open(folder, now: Self.now + .seconds(3600)).letters().count == 1)
        #expect(try Self.open(folder, now: Self.now + .seconds(3601)).letters().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/dead-letters").isEmpty)
    }
}

import Crypto
import ExchangeCore
import JSON
import Synchronization
import Transactions

/// Refused messages as files, each sealed (AES-256-GCM) under a key of the store's own; what is known of them in memory.
///
/// A file: eight bytes `HIEDEAD1`; u32 (little-endian) length of the first box; two boxes of nonce, ciphertext and tag: the
/// letter as JSON, and the message. The file's name is a keyed hash (HMAC-SHA-256): it tells nothing of the message.
package final class FileDeadLetterStore: DeadLetterStore {
    /// Letters kept at most.
    package static let lettersMax = 10_000
    /// Bytes of all messages kept at most.
    package static let bytesMax = 256 << 20

    private static let magic = Array("HIEDEAD1".utf8)
    private static let ending = ".letter"
    private static let fileBytesMax = 1 << 30

    private let folder: DurableFolder
    private let key: SymmetricKey
    private let threads = BlockingThreads(count: 1)
    private let known: Mutex<[String: DeadLetter]>

    /// Opens a folder, made when it is not there. Letters older than `age` before `now` are let go.
    ///
    /// - Parameter key: 32 bytes.
    /// - Throws: `.unavailable`; `.corrupted` naming the file that this key does not open.
    package init(_ path: String, key: [UInt8], now: Timestamp, age: Duration) throws(ExchangeError) {
        folder = DurableFolder(path)
        self.key = SymmetricKey(data: key)
        try folder.create()
        var letters: [String: DeadLetter] = [:]
        for name in try folder.names() where name.hasSuffix(Self.ending) {
            let letter = try Self.open(folder, name, self.key).letter
            guard letter.first + age >= now else {
                try folder.remove(name)
                continue
            }
            letters[letter.id] = letter
        }
        known = Mutex(letters)
    }

    package var isEmpty: Bool { known.withLock { $0.isEmpty } }

    package func id(of message: [UInt8], feed: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: Array(feed.utf8) + [0] + message, using: key)
        return Hexadecimal.encode(Array(Array(code).prefix(16)))
    }

    package func keep(_ message: [UInt8], as letter: DeadLetter) async throws(ExchangeError) {
        let (kept, isFull) = known.withLock { known -> (DeadLetter, Bool) in
            if let before = known[letter.id] {
                var again = before
                again.last = letter.last
                again.times += 1
                again.condition = letter.condition
                again.reason = letter.reason
                again.place = letter.place
                return (again, false)
            }
            let bytes = known.values.reduce(message.count) { $0 + $1.size }
            return (letter, known.count >= Self.lettersMax || bytes > Self.bytesMax)
        }
        guard !isFull else {
            throw ExchangeError(.tooLarge, "the store of refused messages is full; see hie feed dead-letter list")
        }
        let (folder, key) = (folder, key)
        try await threads.run { () throws(ExchangeError) in
            try folder.replace(kept.id + Self.ending, with: try Self.sealed(kept, message, key))
        }
        known.withLock { $0[kept.id] = kept }
    }

    package func letters() -> [DeadLetter] {
        known.withLock { Array($0.values) }.sorted { ($1.last, $1.id) < ($0.last, $0.id) }
    }

    package func letter(_ id: String) -> DeadLetter? { known.withLock { $0[id] } }

    package func message(_ id: String) async throws(ExchangeError) -> [UInt8]? {
        guard letter(id) != nil else { return nil }
        let (folder, key) = (folder, key)
        return try await threads.run { () throws(ExchangeError) in
            try Self.open(folder, id + Self.ending, key).message
        }
    }

    package func remove(_ id: String) async throws(ExchangeError) {
        guard known.withLock({ $0.removeValue(forKey: id) }) != nil else { return }
        let folder = folder
        try await threads.run { () throws(ExchangeError) in
            try folder.remove(id + Self.ending)
            try folder.sync()
        }
    }

    private static func sealed(_ letter: DeadLetter, _ message: [UInt8], _ key: SymmetricKey) throws(ExchangeError) -> [UInt8] {
        let head = try box(JSONWriter.bytes(json(letter)), key)
        var bytes = magic
        for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: head.count >> shift)) }
        return bytes + head + (try box(message, key))
    }

    private static func box(_ bytes: [UInt8], _ key: SymmetricKey) throws(ExchangeError) -> [UInt8] {
        guard let combined = try? AES.GCM.seal(bytes, using: key).combined else {
            throw ExchangeError(.internal, "a refused message could not be sealed")
        }
        return Array(combined)
    }

    private static func open(_ folder: DurableFolder, _ name: String, _ key: SymmetricKey)
        throws(ExchangeError) -> (letter: DeadLetter, message: [UInt8])
    {
        let damage = ExchangeError(
            .corrupted, "the file is damaged, or of another key; move it away", at: folder.file(name))
        guard let bytes = try folder.contents(name, bytesMax: fileBytesMax), bytes.count >= magic.count + 4,
            bytes.starts(with: magic)
        else { throw damage }
        let start = magic.count + 4
        let length = (0..<4).reduce(0) { $0 | Int(bytes[magic.count + $1]) << (8 * $1) }
        guard length <= bytes.count - start, let head = opened(bytes[start..<start + length], key),
            let message = opened(bytes[(start + length)...], key), let json = try? JSONReader.read(head),
            let letter = letter(json), name == letter.id + ending
        else { throw damage }
        return (letter, message)
    }

    private static func opened(_ box: ArraySlice<UInt8>, _ key: SymmetricKey) -> [UInt8]? {
        guard let sealed = try? AES.GCM.SealedBox(combined: Array(box)), let clear = try? AES.GCM.open(sealed, using: key)
        else { return nil }
        return Array(clear)
    }

    private static func json(_ letter: DeadLetter) -> JSONValue {
        var object: JSONObject = [
            "id": .string(letter.id), "feed": .string(letter.feed), "kind": .string(letter.kind),
            "sender": .string(letter.sender), "controlId": .string(letter.controlID),
            "size": .number(String(letter.size)), "first": .number(String(letter.first.milliseconds)),
            "last": .number(String(letter.last.milliseconds)), "times": .number(String(letter.times)),
            "condition": .number(String(letter.condition)), "reason": .string(letter.reason),
        ]
        object["place"] = letter.place.map { .string($0) }
        return .object(object)
    }

    private static func letter(_ json: JSONValue) -> DeadLetter? {
        func text(_ name: String) -> String? { json[name]?.string }
        func number(_ name: String) -> Int? { json[name]?.integer }
        guard let id = text("id"), let feed = text("feed"), let kind = text("kind"), let sender = text("sender"),
            let controlID = text("controlId"), let size = number("size"), let first = number("first"),
            let last = number("last"), let times = number("times"), let condition = number("condition"),
            let reason = text("reason")
        else { return nil }
        return DeadLetter(
            id: id, feed: feed, kind: kind, sender: sender, controlID: controlID, size: size,
            first: Timestamp(milliseconds: Int64(first)), last: Timestamp(milliseconds: Int64(last)), times: times,
            condition: condition, reason: reason, place: text("place"))
    }
}

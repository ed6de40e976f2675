import ExchangeCore
import JSON
import Trust

/// How far one node has read another's directory: exact, because each store counts its arrivals.
package struct DirectoryCursor: Hashable, Sendable {
    /// Which store: a random number made when it was opened.
    package let store: UInt64
    /// The last arrival read.
    package let arrival: UInt64

    /// A cursor from its parts.
    package init(store: UInt64, arrival: UInt64) {
        self.store = store
        self.arrival = arrival
    }
}

/// How much a directory holds and the sum of its hashes: equal roots need no exchange (directory.md 2.2).
package struct DirectoryRoot: Hashable, Sendable {
    /// How many admissions and records.
    package private(set) var count = 0
    /// The sum of their hashes modulo 2^256, big-endian; the order they came in does not show.
    package private(set) var sum = [UInt8](repeating: 0, count: 32)

    /// The root of an empty directory.
    package init() {}

    init(count: Int, sum: [UInt8]) {
        self.count = count
        self.sum = sum
    }

    mutating func add(_ hash: Thumbprint) {
        count += 1
        var carry = 0
        for at in sum.indices.reversed() {
            carry += Int(sum[at]) + Int(hash.bytes[at])
            sum[at] = UInt8(truncatingIfNeeded: carry)
            carry >>= 8
        }
    }
}

/// What nodes send one another about the directory, either way: POST to `/directory` on the peer port, and its answer.
///
/// Signed texts travel as they are; whoever receives them judges each by itself, so the carrier need not be believed.
package struct DirectoryMessage: Hashable, Sendable {
    /// The media type of the wire form.
    package static let mediaType = "application/concordat-directory+json"
    /// The longest wire form accepted, in bytes.
    package static let bytesMax = 512 * 1024
    /// The most signed texts in one message.
    package static let textsMax = 512
    /// How many bytes of signed texts a sender puts into one message before it says `more`.
    package static let frameBytes = 256 * 1024

    /// The network; a message of another one is refused whole.
    package var network: Thumbprint
    /// Admissions, compact.
    package var admissions: [String] = []
    /// Records, compact.
    package var records: [String] = []
    /// The sender's root.
    package var root = DirectoryRoot()
    /// Whether the receiver is asked for what the sender does not have.
    package var wants = false
    /// In a question: how far the sender has read the receiver; nil reads from the start.
    package var since: DirectoryCursor?
    /// In an answer: how far the receiver has now read the sender.
    package var cursor: DirectoryCursor?
    /// In an answer: whether there is more to read after `cursor`.
    package var more = false

    /// A message with nothing in it.
    package init(network: Thumbprint) { self.network = network }

    /// Whether it carries no signed text.
    package var isEmpty: Bool { admissions.isEmpty && records.isEmpty }

    /// The wire form.
    package var bytes: [UInt8] {
        var object: JSONObject = [
            "net": .string(network.text), "admissions": .array(admissions.map { .string($0) }),
            "records": .array(records.map { .string($0) }),
            "root": ["count": .number(String(root.count)), "sum": .string(Hexadecimal.encode(root.sum))],
            "want": .bool(wants),
        ]
        object["since"] = since.map(Self.json)
        object["cursor"] = cursor.map(Self.json)
        object["more"] = .bool(more)
        return JSONWriter.bytes(.object(object))
    }

    /// Reads the wire form; `.tooLarge` beyond the limits, `.badRequest` for what is not one.
    package init(_ bytes: [UInt8]) throws(ExchangeError) {
        guard bytes.count <= Self.bytesMax else {
            throw ExchangeError(.tooLarge, "a directory message may have \(Self.bytesMax) bytes at the most")
        }
        let limits = JSONLimits(depthMax: 4, nodesMax: Self.textsMax * 2 + 32)
        guard let value = try? JSONReader.read(bytes, limits: limits),
            let network = value["net"]?.string.flatMap({ Thumbprint($0) }), let wants = value["want"]?.bool,
            let root = Self.root(value["root"])
        else { throw ExchangeError(.badRequest, "this is no directory message") }
        self.network = network
        admissions = value["admissions"]?.items.compactMap(\.string) ?? []
        records = value["records"]?.items.compactMap(\.string) ?? []
        guard admissions.count + records.count <= Self.textsMax else {
            throw ExchangeError(.tooLarge, "a directory message may hold \(Self.textsMax) signed texts at the most")
        }
        self.root = root
        self.wants = wants
        since = Self.cursor(value["since"])
        cursor = Self.cursor(value["cursor"])
        more = value["more"]?.bool ?? false
    }

    private static func json(_ cursor: DirectoryCursor) -> JSONValue {
        let store = (0..<8).map { UInt8(truncatingIfNeeded: cursor.store >> (56 - 8 * $0)) }
        return ["store": .string(Hexadecimal.encode(store)), "arrival": .number(String(cursor.arrival))]
    }

    private static func cursor(_ value: JSONValue?) -> DirectoryCursor? {
        guard let store = value?["store"]?.string.flatMap({ Hexadecimal.decode($0) }), store.count == 8,
            let arrival = value?["arrival"]?.integer, arrival >= 0
        else { return nil }
        return DirectoryCursor(store: store.reduce(0) { $0 << 8 | UInt64($1) }, arrival: UInt64(arrival))
    }

    private static func root(_ value: JSONValue?) -> DirectoryRoot? {
        guard let count = value?["count"]?.integer, count >= 0,
            let sum = value?["sum"]?.string.flatMap({ Hexadecimal.decode($0) }), sum.count == 32
        else { return nil }
        return DirectoryRoot(count: count, sum: sum)
    }
}

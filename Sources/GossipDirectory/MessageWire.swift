import ExchangeCore
import JSON
import Trust

extension DirectoryMessage {
    private static let lists: [(name: String, path: any WritableKeyPath<DirectoryMessage, [String]> & Sendable)] = [
        ("admissions", \.admissions), ("revocations", \.revocations), ("records", \.records), ("proofs", \.proofs),
        ("observations", \.observations), ("heartbeats", \.heartbeats),
    ]

    /// The wire form; what is empty is left out.
    package var bytes: [UInt8] {
        var object: JSONObject = ["net": .string(network.text), "at": .number(String(at.milliseconds))]
        for (name, path) in Self.lists where !self[keyPath: path].isEmpty {
            object[name] = .array(self[keyPath: path].map { .string($0) })
        }
        if !checks.isEmpty { object["checks"] = .array(checks.map { .string($0.urn) }) }
        object["root"] = [
            "count": .number(String(root.count)), "sum": .string(Hexadecimal.encode(root.sum)),
            "hour": .number(String(hour)),
        ]
        if wants { object["want"] = .bool(true) }
        object["since"] = since.map(Self.json)
        object["digest"] = digest.map { lines in
            .string(Base64.encode(lines.flatMap { Self.word($0.key) + $0.state }, .url))
        }
        if !lacks.isEmpty { object["lacks"] = .string(Base64.encode(lacks.flatMap(Self.word), .url)) }
        object["cursor"] = cursor.map(Self.json)
        if more { object["more"] = .bool(true) }
        if bridge { object["bridge"] = .bool(true) }
        return JSONWriter.bytes(.object(object))
    }

    /// Reads the wire form; `.tooLarge` beyond the limits, `.badRequest` for what is not one.
    package init(_ bytes: [UInt8]) throws(ExchangeError) {
        guard bytes.count <= Self.bytesMax else {
            throw ExchangeError(.tooLarge, "a directory message may have \(Self.bytesMax) bytes at the most")
        }
        let limits = JSONLimits(depthMax: 4, nodesMax: Self.textsMax * 2 + 64)
        guard let value = try? JSONReader.read(bytes, limits: limits),
            let network = value["net"]?.string.flatMap({ Thumbprint($0) }),
            let rooted = value["root"], let root = Self.root(rooted),
            let hour = rooted["hour"]?.integer.flatMap({ UInt32(exactly: $0) }),
            let milliseconds = value["at"]?.integer, (0..<253_402_300_800_000).contains(milliseconds)
        else { throw ExchangeError(.badRequest, "this is no directory message") }
        self.init(network: network, at: Timestamp(milliseconds: Int64(milliseconds)))
        for (name, path) in Self.lists { self[keyPath: path] = value[name]?.items.compactMap(\.string) ?? [] }
        guard texts <= Self.textsMax else {
            throw ExchangeError(.tooLarge, "a directory message may hold \(Self.textsMax) signed texts at the most")
        }
        checks = value["checks"]?.items.prefix(64).compactMap { $0.string.flatMap { CommunityID($0) } } ?? []
        self.root = root
        self.hour = hour
        wants = value["want"]?.bool ?? false
        since = Self.cursor(value["since"])
        if let text = value["digest"] { digest = try Self.lines(text) }
        lacks = value["lacks"]?.string.flatMap { Base64.decode($0, .url) }.map(Self.words) ?? []
        cursor = Self.cursor(value["cursor"])
        more = value["more"]?.bool ?? false
        bridge = value["bridge"]?.bool ?? false
    }

    private static func lines(_ value: JSONValue) throws(ExchangeError) -> [DigestLine] {
        guard let bytes = value.string.flatMap({ Base64.decode($0, .url) }), bytes.count % DigestLine.bytes == 0 else {
            throw ExchangeError(.badRequest, "this is no directory digest")
        }
        return stride(from: 0, to: bytes.count, by: DigestLine.bytes).map { at in
            DigestLine(key: word(bytes[at..<(at + 8)]), state: Array(bytes[(at + 8)..<(at + DigestLine.bytes)]))
        }
    }

    private static func word(_ word: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }

    private static func word(_ bytes: ArraySlice<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }

    private static func words(_ bytes: [UInt8]) -> [UInt64] {
        stride(from: 0, to: bytes.count / 8 * 8, by: 8).map { word(bytes[$0..<($0 + 8)]) }
    }

    private static func json(_ cursor: DirectoryCursor) -> JSONValue {
        ["store": .string(Hexadecimal.encode(word(cursor.store))), "arrival": .number(String(cursor.arrival))]
    }

    private static func cursor(_ value: JSONValue?) -> DirectoryCursor? {
        guard let store = value?["store"]?.string.flatMap({ Hexadecimal.decode($0) }), store.count == 8,
            let arrival = value?["arrival"]?.integer, arrival >= 0
        else { return nil }
        return DirectoryCursor(store: word(store[...]), arrival: UInt64(arrival))
    }

    private static func root(_ value: JSONValue) -> DirectoryRoot? {
        guard let count = value["count"]?.integer, let sum = value["sum"]?.string.flatMap({ Hexadecimal.decode($0) })
        else { return nil }
        return DirectoryRoot(count: count, sum: sum)
    }
}

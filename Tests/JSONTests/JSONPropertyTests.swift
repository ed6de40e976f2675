import JSON
import Testing

/// SplitMix64: the whole test follows from the seed in its name.
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    init(_ seed: Int) { state = UInt64(seed) }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

struct JSONPropertyTests {
    static let words = [
        "", "a", "id", "resourceType", "é", "e\u{301}", "\u{1F600}", "\"", "\\", "/", "\n", "\u{0}", "\u{7F}",
        "\u{2028}", "a longer text with a \t tab", "\u{FFFD}", "\u{10FFFF}",
    ]
    static let numbers = ["0", "-0", "1.00", "0.0010", "1e5", "-1E-400", "12345678901234567890", "1.0e+10"]

    static func value(_ depth: Int, _ random: inout Seeded) -> JSONValue {
        switch Int.random(in: 0..<(depth > 5 ? 5 : 8), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .number(numbers[Int.random(in: 0..<numbers.count, using: &random)])
        case 3, 4: return .string(text(&random))
        case 5: return .array((0..<Int.random(in: 0..<5, using: &random)).map { _ in value(depth + 1, &random) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0..<40, using: &random) / (depth + 1) {
                object[text(&random)] = value(depth + 1, &random)
            }
            return .object(object)
        }
    }

    static func text(_ random: inout Seeded) -> String {
        (0..<Int.random(in: 0..<6, using: &random)).map { _ in words[Int.random(in: 0..<words.count, using: &random)] }
            .joined()
    }

    @Test(arguments: 0..<200) func `what is written is read back as it was`(_ seed: Int) throws {
        var random = Seeded(seed)
        let value = Self.value(1, &random)
        #expect(try JSONReader.read(JSONWriter.bytes(value)) == value)
        #expect(try JSONReader.read(JSONWriter.pretty(value)) == value)
        var twice = JSONWriter.bytes(value)
        JSONWriter.append(value, to: &twice)
        #expect(twice == JSONWriter.bytes(value) + JSONWriter.bytes(value))
    }

    @Test(arguments: 0..<20) func `no beginning of an object is an object`(_ seed: Int) {
        var random = Seeded(seed)
        let bytes = JSONWriter.bytes(["x": Self.value(3, &random), "y": Self.value(3, &random)]).prefix(600)
        let readable = (0..<bytes.count - 1).filter { (try? JSONReader.read(Array(bytes.prefix($0)))) != nil }
        #expect(readable.isEmpty)
    }

    @Test(arguments: 0..<50) func `a changed byte is read or refused, never a crash`(_ seed: Int) throws {
        var random = Seeded(seed)
        let original = JSONWriter.bytes(Self.value(3, &random))
        for _ in 0..<100 where !original.isEmpty {
            var bytes = original
            let at = Int.random(in: 0..<bytes.count, using: &random)
            bytes[at] = UInt8.random(in: 0...255, using: &random)
            guard let value = try? JSONReader.read(bytes) else { continue }
            // What is read at all is read the same again after writing.
            #expect(try JSONReader.read(JSONWriter.bytes(value)) == value)
        }
    }

    @Test func `numbers and control characters are written by RFC 8259`() {
        #expect(
            JSONWriter.bytes(["a": [.number("1.00"), "\u{1}\u{1F}\n\"\\/"]])
                == Array(#"{"a":[1.00,"\u0001\u001f\n\"\\/"]}"#.utf8))
        #expect(
            JSONWriter.pretty(["a": [1, []], "b": [:]])
                == Array("{\n  \"a\": [\n    1,\n    []\n  ],\n  \"b\": {}\n}\n".utf8))
    }

    @Test func `a large object costs in proportion`() throws {
        // Doubled input may cost twice the nodes and no more: the limit on nodes counts the work.
        let members = (0..<20_000).map { "\"member\($0)\":\"value\"" }.joined(separator: ",")
        let object = try JSONReader.read(Array("{\(members)}".utf8), limits: JSONLimits(nodesMax: 20_001))
        #expect(object.object?.members.count == 20_000)
    }
}

import FHIRModel
import JSON
import Testing

struct PrimitiveTests {
    static let rows: [(Primitive, [JSONValue], [JSONValue])] = [
        (.boolean, [true, false], ["true", 1, .null]),
        (
            .integer, [0, -1, .number("2147483647"), .number("-2147483648")],
            [.number("2147483648"), .number("1.0"), .number("1e1"), "1", .number("-2147483649")]
        ),
        (.unsignedInt, [0, 1], [-1]), (.positiveInt, [1], [0, -1]),
        (.decimal, [.number("1.00"), .number("1e-5"), -1], ["1.00"]),
        (.string, ["a", " a\n\t", "é"], ["", " ", "a\u{0}", "a\u{1B}", 1]),
        (.code, ["a", "a b"], ["", " a", "a ", "a  b", "a\tb"]),
        (
            .id, ["a", "A-1.b", .string(String(repeating: "a", count: 64))],
            ["", "a_b", "a/b", .string(String(repeating: "a", count: 65)), "é"]
        ),
        (.uri, ["urn:oid:1.2", "a"], ["", "a b", "a\n"]),
        (.oid, ["urn:oid:1.2.3"], ["1.2.3", "urn:oid:3.1", "urn:oid:1.02"]),
        (
            .uuid, ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"],
            ["c757873d-ec9a-4326-a141-556f43239520", "urn:uuid:c757873d"]
        ),
        (
            .date, ["1970", "1970-12", "1972-02-29"],
            ["1971-02-29", "1970-13", "70", "1970-1-1", "1970-01-01T00:00:00Z"]
        ),
        (
            .dateTime, ["1970", "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.123+14:00"],
            ["1970-01-01T00:00Z", "1970-01-01T00:00:00", "1970-01-01T24:00:00Z", "1970-01-01 00:00:00Z"]
        ),
        (.instant, ["1970-01-01T00:00:00Z"], ["1970", "1970-01-01", "1970-01-01T00:00Z"]),
        (.time, ["10:00:00", "23:59:59.5"], ["24:00:00", "10:00", "10:00:00Z", "1:00:00"]),
        (
            .base64Binary, ["YQ==", "YWI=", "YWJj", "YWJjYWJj"],
            ["", "YQ", "YR==", "Y Q==", "YWJj\n", "YW=j", "=WJj", "YWJ_", "YWJjY===", "YQ==YQ=="]
        ),
        (.xhtml, ["<div>a</div>"], ["", "a", "<p/>"]),
    ]

    @Test(arguments: rows.indices) func `a primitive takes its own shape and no other`(_ index: Int) {
        let (type, good, bad) = Self.rows[index]
        for value in good { #expect(type.accepts(value), "\(type) \(value)") }
        for value in bad { #expect(!type.accepts(value), "\(type) \(value)") }
        #expect(!type.accepts(.null))
        #expect(!type.accepts([]))
        #expect(!type.accepts([:]))
    }
}

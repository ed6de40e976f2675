import JSON
import Testing

struct JSONReaderTests {
    private func read(_ text: String) throws -> JSONValue { try JSONReader.read(Array(text.utf8)) }

    private func offset(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> Int? {
        do {
            _ = try JSONReader.read(bytes, limits: limits)
            return nil
        } catch {
            return error.offset
        }
    }

    @Test func `values are read as they are written`() throws {
        #expect(
            try read(#" { "b" : [ 1.00 , -0 , 1e+400 , true , null , "\u00e9\ud83d\ude00\n\/" ] , "a" : { } } "#) == [
                "b": [.number("1.00"), .number("-0"), .number("1e+400"), true, .null, "é😀\n/"], "a": [:],
            ])
        #expect(try read("\u{FEFF}[]") == [])
        #expect(try read("\"\"") == "")
        #expect(try read(#"{"":{"":0}}"#)[""]?[""] == 0)
    }

    @Test(arguments: [
        "", " ", "{", "[", "[1,]", "[,1]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{'a':1}", "01", "-", "-01", "1.", ".5",
        "1e", "1e+", "+1", "NaN", "Infinity", "-Infinity", "tru", "nul", "True", "[1 2]", "{\"a\" 1}", "[1]x", "1 1",
        "\"", "\"\\", "\"\\u12\"", "\"\\x\"", "\"\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\udc00\"",
        "\"\\ud800\\ud800\"", "\"\t\"", "\"\n\"", "\"\u{0}\"", "//x\n1", "[1]//", "{\"a\":1 \"b\":2}", "]", "}", ",",
        "[}", "{]", "0x1", "1_0", "\u{A0}1",
    ])
    func `what RFC 8259 does not have is refused`(_ text: String) {
        #expect(throws: JSONError.self) { try read(text) }
    }

    @Test func `what is not UTF-8 is refused at its string`() {
        #expect(offset([0x22, 0xFF, 0x22]) == 1)
        #expect(offset([0x22, 0xC0, 0x80, 0x22]) == 1)
        #expect(offset([0x22, 0xED, 0xA0, 0x80, 0x22]) == 1)
        #expect(offset([0x5B, 0x22, 0x61, 0xE2, 0x82, 0x22, 0x5D]) == 2)
        #expect(offset([0xFF, 0xFE, 0x5B, 0x00]) == 0)
        #expect(offset([0x5B, 0x00, 0x5D, 0x00]) == 0)
        #expect(offset([0x00, 0x5B]) == 0)
    }

    @Test func `a name may stand once, compared as bytes after unescaping`() throws {
        #expect(throws: JSONError.self) { try read(#"{"a":1,"a":1}"#) }
        #expect(offset(Array(#"{"a":1,"\u0061":2}"#.utf8)) == 7)
        // The same letter to people and to String, other bytes: two names.
        #expect(try read(#"{"\u00e9":1,"e\u0301":2}"#).object?.members.count == 2)
        #expect(try read(#"{"\u212b":1,"A\u030a":2}"#).object?.members.count == 2)
        #expect(try read(#"{"a":{"a":1}}"#)["a"]?["a"] == 1)
    }

    @Test(arguments: [1, 22, 23, 24, 25, 1000]) func `a doubled name is found among many`(_ count: Int) throws {
        let members = (0..<count).map { "\"n\($0)\":\($0)" }
        let object = try read("{" + members.joined(separator: ",") + "}")
        #expect(object.object?.members.map(\.name) == (0..<count).map { "n\($0)" })
        for doubled in [0, count / 2, count - 1] {
            let text = "{" + (members + ["\"n\(doubled)\":0"]).joined(separator: ",") + "}"
            #expect(throws: JSONError.self) { try read(text) }
        }
        let composed = (0..<count).map { "\"n\($0)\":\($0)" } + ["\"\u{E9}\":1", "\"e\u{301}\":2"]
        #expect(try read("{" + composed.joined(separator: ",") + "}").object?.members.count == count + 2)
    }

    @Test func `limits hold exactly`() throws {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(offset(nested(64)) == nil)
        #expect(offset(nested(65)) == 64)
        #expect(offset(nested(600), JSONLimits(depthMax: .max)) == 512)
        #expect(offset(Array("[1,2,3]".utf8), JSONLimits(nodesMax: 4)) == nil)
        #expect(offset(Array("[1,2,3,4]".utf8), JSONLimits(nodesMax: 4)) == 7)
        #expect(offset(Array(String(repeating: "1", count: 64).utf8)) == nil)
        #expect(offset(Array(String(repeating: "1", count: 65).utf8)) == 0)
    }

    @Test(arguments: 0..<20) func `long strings end where they end`(_ length: Int) throws {
        for special in ["", "é", "\u{1F600}", "\u{7F}", "\u{80}", "~", "!"] {
            let text = String(repeating: "x", count: length) + special + String(repeating: "y", count: length)
            #expect(try read("\"\(text)\"") == .string(text))
            #expect(try read("[\"\(text)\",\"\(text)\\n\"]") == [.string(text), .string(text + "\n")])
        }
        for broken: UInt8 in [0x1F, 0x01, 0x0A, 0xFF] {
            let bytes = [0x22] + [UInt8](repeating: 0x78, count: length) + [broken] + Array("12345678\"".utf8)
            #expect(offset(bytes) == (broken == 0xFF ? 1 : length + 1))
        }
    }
}

import Testing

@testable import JSON

/// Long texts found their values in, whatever pieces they come in.
@Suite struct JSONEntryScannerTests {
    private static func found(_ text: String, pieces: Int = .max) throws -> [String] {
        let bytes = Array(text.utf8)
        var scanner = JSONEntryScanner()
        var places: [JSONEntryScanner.Place] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            try scanner.take(rest.prefix(pieces)) { places.append($0) }
            rest = rest.dropFirst(pieces)
        }
        try scanner.end()
        return places.map { place in
            let range = Int(place.offset)..<Int(place.offset + place.length)
            return (place.isEntry ? "entry " : "") + String(decoding: bytes[range], as: UTF8.self)
        }
    }

    private static let texts: [(String, [String])] = [
        (#"{"resourceType":"Bundle","entry":[{"a":1},{"b":[{"c":"}"}]}],"total":2}"#, [#"entry {"a":1}"#, #"entry {"b":[{"c":"}"}]}"#]),
        ("\u{FEFF}{\"entry\" : [ { \"resource\" : { \"entry\" : [ { } ] } } ] }", [#"entry { "resource" : { "entry" : [ { } ] } }"#]),
        ("{\"id\":\"1\"}\n{\"id\":\"2\"}\n", [#"{"id":"1"}"#, #"{"id":"2"}"#]),
        (#"{"x":"entry","y":[{"z":1}]}"#, [#"{"x":"entry","y":[{"z":1}]}"#]),
        (#"{"entries":[{"a":1}],"\"entry":[{"b":1}]}"#, [#"{"entries":[{"a":1}],"\"entry":[{"b":1}]}"#]),
        (#"{"a":"\\","entry":[{"s":"\"]}{["}]}"#, [#"entry {"s":"\"]}{["}"#]),
        (#"{"entry":[]}{"entry":{"a":[1]}}"#, [#"{"entry":{"a":[1]}}"#]),
        (#"{"meta":{"entry":[{"no":1}]},"entry":[1,{"yes":1},"x"]}"#, [#"entry {"yes":1}"#]),
        ("", []),
    ]

    @Test(arguments: 0..<texts.count) func `values are found, also a byte at a time`(number: Int) throws {
        let (text, expected) = Self.texts[number]
        for pieces in [1, 2, 3, 7, Int.max] { #expect(try Self.found(text, pieces: pieces) == expected) }
    }

    @Test(arguments: ["[1]", "x", "{\"a\":\"", "{\"entry\":[{}", "{}]", "{\"a\":1}x"])
    func `what is no text of objects is refused`(text: String) {
        #expect(throws: JSONError.self) { try Self.found(text) }
    }

    @Test func `depth has a limit, and length has none`() throws {
        #expect(throws: JSONError.self) { try Self.found(#"{"a":"# + String(repeating: "[", count: 600)) }
        var scanner = JSONEntryScanner()
        var count = 0
        try scanner.take(Array(#"{"entry":["#.utf8)) { _ in count += 1 }
        let entry = Array(#"{"resource":{"resourceType":"Patient"}},"#.utf8)
        for _ in 0..<20_000 { try scanner.take(entry) { _ in count += 1 } }
        try scanner.take(Array(#"{}]}"#.utf8)) { _ in count += 1 }
        try scanner.end()
        #expect(count == 20_001)
    }
}

import Testing

/// Each rule is shown text that breaks it and text that only looks so: a rule that never fails holds nothing.
struct PlantedTests {
    /// One planted text: what it is, and the rules it must break (in order), none when it is fine.
    struct Planted: Sendable, CustomTestStringConvertible {
        let text: String
        let breaks: [Rule]
        var testDescription: String { "\(breaks.map(\.rawValue)) \(text.prefix(60))" }

        init(_ text: String, _ breaks: Rule...) {
            self.text = text
            self.breaks = breaks
        }
    }

    private static func file(_ text: String, _ path: String = "Sources/Journal/Planted.swift") -> SourceFile {
        SourceFile(path: path, text: text)
    }

    @Test(arguments: [
        Planted("let now = Date()", .clock), Planted("let now: Date = .init(); f(Date.now)", .clock),
        Planted("let start = ContinuousClock.now", .clock), Planted("let start = ContinuousClock().now", .clock),
        Planted("let start = SuspendingClock.now", .clock), Planted("let end = NIODeadline.now() + .seconds(1)", .clock),
        Planted("let moment = world.now(); let other = PartialDate()"), Planted("// Date() is banned\nlet a = \"Date()\""),
        Planted("let text = \"at \\(Date())\"", .clock), Planted("/* Date() /* nested */ Date() */ let a = 1"),
        Planted("let die = Int.random(in: 1...6)", .randomness),
        Planted("let die = Int.random(in: range(a, b), using: &generator)"),
        Planted("let one = list.randomElement()", .randomness), Planted("let mixed = list.shuffled(using: &random)"),
        Planted("let id = UUID()", .randomness), Planted("let id = UUID(uuidString: text)"),
        Planted("var g = SystemRandomNumberGenerator()", .randomness), Planted("let bits = world.randomBits()"),
        Planted("try await Task.sleep(for: .seconds(1))", .sleep), Planted("try await world.sleep(.seconds(1))"),
        Planted("sleep(1)", .sleep), Planted("usleep(1000)", .sleep), Planted("func sleep(_ time: Duration) {}"),
        Planted("Task { await run() }", .unstructured), Planted("Task.detached { }", .unstructured),
        Planted("Task(priority: .high) { }", .unstructured), Planted("let t = Task<Void, Never> { }", .unstructured),
        Planted("await withTaskGroup(of: Int.self) { group in }"), Planted("struct Task { }"),
        Planted("final class Box: @unchecked Sendable {}", .unchecked),
        Planted("nonisolated(unsafe) var count = 0", .unchecked), Planted("final class Box: Sendable {}"),
        Planted("public struct A {}", .access), Planted("public import NIOCore", .access),
        Planted("log(\"x\", privacy: .public)"), Planted("// public\npackage struct A {}"),
        Planted("fputs(text, stdout); write(STDOUT_FILENO, bytes, 1)", .printing, .printing),
        Planted("print(\"hello\")", .printing), Planted("debugPrint(x)", .printing),
        Planted("terminal.print(\"hello\"); func print(_ text: String) {}; fingerprint(x)"),
    ])
    func `clocks, chance, tasks, access and printing are banned in code, not in words`(_ planted: Planted) {
        #expect(BanRule.findings(Self.file(planted.text)).map(\.rule) == planted.breaks)
    }

    @Test(arguments: [
        Planted("import FoundationXML", .markup), Planted("let p = XMLParser(data: d)", .markup),
        Planted("let d = JSONDecoder()", .markup), Planted("try JSONSerialization.data(x)", .markup),
        Planted("let e = JSONEncoder()", .markup), Planted("// JSONDecoder reads the first duplicate"),
        Planted("let r = Regex(text)", .regex), Planted("let r: NSRegularExpression? = nil", .regex),
        Planted("let r = /a+b/", .regex), Planted("let r = #/a+b/#", .regex),
        Planted("let half = total / 2 / 3; let path = \"/a/b/\"; list.reduce(1, /)"),
        Planted("configuration.certificateVerification = .optionalVerification", .tls),
        Planted("TLSConfiguration.makeServerConfigurationWithMTLS(a)", .tls),
        Planted("HTTPClient.shared.execute(r)", .sharedClient), Planted("URLSession.shared.data(r)", .sharedClient),
        Planted("let v = try! f()", .crash), Planted("let v = x as! Int", .crash), Planted("if try !f() { let v = try? f() as? Int }"),
        Planted("fatalError(\"no\")", .crash), Planted("let v = x!", .unwrap), Planted("let v = f()!.g", .unwrap),
        Planted("let v = list[0]!", .unwrap), Planted("var v: Int!", .unwrap),
        Planted("if !a && b != c && d!=e && !f() { return !g }"), Planted("// MARK: - Here\nlet a = 1", .length),
    ])
    func `foreign parsers, backtracking, soft TLS and traps are banned`(_ planted: Planted) {
        #expect(BanRule.findings(Self.file(planted.text)).map(\.rule) == planted.breaks)
    }

    @Test(arguments: [
        Planted("db.execute(sql: \"DELETE FROM a WHERE b = \\(c)\")", .sql),
        Planted("db.execute(sql: \"\"\"\n  anything \\(c)\n  \"\"\")", .sql),
        Planted("let q = \"SELECT a FROM b WHERE c = '\\(d)'\"", .sql),
        Planted("let q = \"PRAGMA user_version = \\(n)\"", .sql),
        Planted("db.execute(sql: \"DELETE FROM a WHERE b = ?\", arguments: [c])"),
        Planted("db.execute(literal: \"DELETE FROM a WHERE b = \\(c)\")"),
        Planted("let words = \"Select the \\(thing) from the list\""),
        Planted("// sql: \"SELECT \\(a) FROM b\"\nlet a = 1"),
    ])
    func `values never enter SQL as text`(_ planted: Planted) {
        #expect(SQLRule.findings(Self.file(planted.text)).map(\.rule) == planted.breaks)
    }

    private static let map = HouseMap(
        manifest: """
            let core = ["Low", "Words"]
            let floors: [[Module]] = [
                [Module("Low"), Module("Words", foreign: ["CThing"])],
                [], [], [Module("Middle", needs: ["Low"])],
                [Module("High", needs: core + ["Middle"], foreign: ["NIOCore"]), Module("Beside", needs: core)],
            ]
            let packages: [String: (url: String, version: Version)] = [
                "swift-nio": ("https://example.org/swift-nio", "2.99.9"),
            ]
            """)

    @Test(arguments: [
        ("Low", "import Middle"), ("Middle", "import High"), ("High", "import Beside"), ("Middle", "import Words"),
        ("Middle", "import Foundation"), ("Middle", "import Glibc"), ("Middle", "import NIOCore"),
        ("High", "import GRDB"), ("Beside", "import NIOCore"), ("High", "import struct Beside.Thing"),
        ("Middle", "@testable import High"), ("Middle", "internal import Beside"), ("Nowhere", "let a = 1"),
        ("High", "import FoundationNetworking"),
    ])
    func `an import sideways, upward or round the map is refused`(_ module: String, _ text: String) {
        let file = Self.file(text, "Sources/\(module)/Planted.swift")
        #expect(LayerRule(map: Self.map).findings(file).map(\.rule) == [.layer])
    }

    @Test(arguments: [
        ("Middle", "import Low\nimport FoundationEssentials\nimport Synchronization"),
        ("High", "import Low\nimport Middle\nimport NIOCore\nimport Foundation"), ("Words", "import CThing"),
        ("Low", "// import High\nlet a = \"import High\"\n#if canImport(High)\n#endif"),
    ])
    func `an import of a lower floor is fine`(_ module: String, _ text: String) {
        let file = Self.file(text, "Sources/\(module)/Planted.swift")
        #expect(LayerRule(map: Self.map).findings(file) == [])
    }

    @Test(arguments: [
        Planted("package struct A {}", .documentation), Planted("/// An A.\npackage struct A {}"),
        Planted("/// An A.\n@frozen @available(*, deprecated, message: \"x\")\npackage final class A {}"),
        Planted("// An A.\npackage struct A {}", .documentation), Planted("//// wall\npackage var a = 1", .documentation),
        Planted("/** An A. */ package enum A {}"), Planted("/// An A.\nstruct A {}\npackage let b = 1", .documentation),
        Planted("@inlinable\npackage func f() {}", .documentation),
        Planted("/// Runs.\n@discardableResult static package func f() -> Int { 1 }"),
        Planted("package static func < (a: Self, b: Self) -> Bool { true }"),
        Planted("package static func == (a: Self, b: Self) -> Bool { true }"),
        Planted("package func hash(into hasher: inout Hasher) {}"), Planted("package var description: String { \"\" }"),
        Planted("package init(stringLiteral value: String) {}"), Planted("package init(a: Int) {}", .documentation),
        Planted("package extension A { }"), Planted("let package = Package(); package.name = 1"),
        Planted("/// A.\npackage private(set) var a = 1\nprivate(set) package var b = 2", .documentation),
        Planted("package struct G: RandomNumberGenerator {\n package func next() -> UInt64 { 0 } }", .documentation),
        Planted("package class func make() {}", .documentation), Planted("struct A { package(set) var a = 1 }"),
    ])
    func `a package declaration without words of its own is refused`(_ planted: Planted) {
        let file = Self.file(planted.text)
        #expect(DocumentationRule(sources: [file]).findings(file).map(\.rule) == planted.breaks)
    }

    @Test func `what answers a protocol of the house is documented there`() {
        let port = Self.file(
            """
            /// A port.
            package protocol EntryStore: Sendable, SyncStore {
                /// Appends.
                func append(_ a: [Int: Int], at b: Set<Int>)
            }
            /// What all ports promise.
            package protocol SyncStore {
                /// Makes durable.
                func sync()
            }
            """)
        let answer = Self.file(
            """
            /// A store.
            package struct MemoryStore: EntryStore {
                package func append(_ a: [Int: Int], at b: Set<Int>) {}
                package func append(_ a: [Int: Int]) {}
            }
            """)
        let elsewhere = Self.file("extension MemoryStore { package func sync() {} }")
        let stranger = Self.file("package func append(_ a: [Int: Int], at b: Set<Int>) {}")
        let rule = DocumentationRule(sources: [port, answer, elsewhere])
        #expect(rule.findings(answer).map(\.line) == [4])
        #expect(rule.findings(elsewhere) == [])
        #expect(rule.findings(stranger).map(\.rule) == [.documentation])
    }

    @Test(arguments: [
        Planted("struct PeerManager {}", .name), Planted("enum StringUtils {}", .name), Planted("class BaseStore {}", .name),
        Planted("struct StoreImpl {}", .name), Planted("enum Helpers {}"), Planted("enum Base64 {}"),
        Planted("struct Database {}"), Planted("protocol CommonThing {}", .name), Planted("struct PatientInfo {}", .name),
        Planted("struct PatientData {}", .name), Planted("struct Journal {}", .name), Planted("struct JournalEntry {}"),
        Planted("typealias AHelper = Int", .name), Planted("// struct PeerManager\nlet a = Manager.self"),
    ])
    func `a name that says nothing is refused`(_ planted: Planted) {
        #expect(NameRule.findings(Self.file(planted.text)).map(\.rule) == planted.breaks)
    }

    @Test func `a file of 401 lines is refused and one of 400 is not`() {
        let line = "let a = 1\n"
        #expect(TextRule.length(Self.file(String(repeating: line, count: 401))).map(\.rule) == [.length])
        #expect(TextRule.length(Self.file(String(repeating: line, count: 400))) == [])
    }

    @Test func `unfinished work is refused, words that contain its sign are not`() {
        #expect(TextRule.unfinished("a", "// " + "TO" + "DO: later").map(\.line) == [1])
        #expect(TextRule.unfinished("a", "x\n# FIX" + "ME").map(\.line) == [2])
        #expect(TextRule.unfinished("a", "MASTO" + "DON todo fixme") == [])
    }

    @Test func `T121 a private key is found in PEM, in JWK and by its file's name`() {
        let body = String(repeating: "MIGHAgEAMBMGByqGSM49", count: 3)
        let mark = "-----BEGIN EC PRIVATE" + " KEY-----"
        #expect(TextRule.secret("a.md", "x\n\(mark)\n\(body)").map(\.line) == [2])
        #expect(TextRule.secret("a.swift", "let k = \"\(mark)\\n\(body)\"").map(\.rule) == [.secret])
        #expect(TextRule.secret("a.swift", "let k = \"\(mark)\\n\" + base64EncodedString(of: key)") == [])
        let token = "{\"kty\":\"EC\",\"d\":\"\(String(repeating: "Ab-_", count: 11))\"}"
        #expect(TextRule.secret("Samples/a.json", token).map(\.rule) == [.secret])
        #expect(TextRule.secret("Samples/a.json", "{\"kty\":\"EC\",\"d\":\"short\"}") == [])
        #expect(TextRule.secretName("Certificates/network.key").map(\.rule) == [.secret])
        #expect(TextRule.secretName("Certificates/network.pem") == [])
    }

    @Test(arguments: [
        Planted("try await Task.sleep(for: .seconds(1))", .test), Planted("Thread.sleep(forTimeInterval: 1)", .test),
        Planted("let address = \":8443\"", .test), Planted("let url = \"https://127.0.0.1:\(8443)/fhir\"", .test),
        Planted("server.bind(host: name, port: 8080)", .test), Planted("start(\"127.0.0.1\", port: 9000)", .test),
        Planted("server.bind(host: name, port: 0)"), Planted("let urn = \"urn:ietf:rfc:3986\""),
        Planted("let url = \"https://localhost:\\(port)/fhir\""), Planted("try await world.sleep(.seconds(1))"),
        Planted("let endpoint = \"https://hospital.example:8443\""), Planted("let time = \"T10:30:00\""),
    ])
    func `a test that sleeps or counts on a port is refused`(_ planted: Planted) {
        #expect(TestRule.findings(Self.file(planted.text, "Tests/A/B.swift")).map(\.rule) == planted.breaks)
    }

    @Test func `L12 a release below its floor is refused, also when it cannot be read`() throws {
        #expect(ReleaseFloors.broken(Self.map.pins) == ["swift-nio"])
        #expect(ReleaseFloors.broken(["swift-nio": "2.100.0", "swift-nio-ssl": "2.37.10"]) == [])
        #expect(ReleaseFloors.broken(["swift-nio-http2": "1.44.0", "swift-nio-ssl": "main"]).count == 2)
        let resolved = "{\"pins\": [{\"identity\": \"swift-nio-ssl\", \"state\": {\"version\": \"2.37.2\"}}]}"
        #expect(ReleaseFloors.broken(try ReleaseFloors.resolved(resolved)) == ["swift-nio-ssl"])
    }
}

import Foundation
import Testing

/// The text of the house itself, held to DESIGN.md.
struct TidyTests {
    private static let map = HouseMap(manifest: Checkout.text("Package.swift") ?? "")

    /// The rules over `Sources`, each under its own name so that a failure says which.
    private static func findings(_ rules: Set<Rule>) -> [Finding] {
        all.filter { rules.contains($0.rule) }.unexcused
    }

    private static let all: [Finding] = {
        let layer = LayerRule(map: map)
        let documentation = DocumentationRule(sources: Checkout.sources)
        let rules: [(SourceFile) -> [Finding]] = [
            layer.findings, BanRule.findings, SQLRule.findings, documentation.findings, NameRule.findings,
            TextRule.length,
        ]
        return Checkout.sources.flatMap { file in rules.flatMap { $0(file) } }
    }()

    @Test func `the sources are found at all`() {
        let paths = Set(Checkout.sources.map(\.path))
        #expect(paths.contains("Sources/ExchangeCore/World.swift"))
        #expect(paths.contains("Sources/XDSMetadata/DocumentEntry.swift"))
        #expect(Checkout.tests.contains { $0.path == "Tests/TidyTests/TidyTests.swift" })
        #expect(Checkout.sources.reduce(0) { $0 + $1.code.count } > 10_000)
    }

    @Test func `the map of floors is read as Package.swift states it`() {
        let map = Self.map
        #expect(map.floorCount == 7)
        #expect(map.modules["ExchangeCore"]?.floor == 0)
        #expect(map.modules["Transactions"]?.floor == 3)
        #expect(map.modules["hie"]?.floor == 6)
        #expect(map.modules["Transactions"]?.needs.contains("Journal") == true)
        #expect(map.modules["XML"]?.foreign == ["CExpat"])
        #expect(map.pins["swift-nio"] != nil)
    }

    @Test func `every folder of Sources stands on a floor`() {
        let folders = Set(Checkout.sources.map(\.module))
        #expect(folders.subtracting(Self.map.modules.keys).sorted() == [])
    }

    @Test func `a module imports lower floors only, and nothing round the map`() {
        let found = Self.findings([.layer])
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test(arguments: [
        Rule.clock, .randomness, .sleep, .unstructured, .unchecked, .access, .printing, .markup, .regex, .sql, .tls,
        .sharedClient, .crash, .unwrap,
    ])
    func `nobody does what only a door may do`(_ rule: Rule) {
        let found = Self.findings([rule])
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func `no file is longer than 400 lines`() {
        let found: [Finding] = Self.findings([.length]) + Checkout.tests.flatMap(TextRule.length)
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func `every package declaration is documented`() {
        let found = Self.findings([.documentation])
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func `type names say what they are`() {
        let found = Self.findings([.name])
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func `every exception is still needed`() {
        let idle = exceptions.filter { exception in
            Checkout.exists(exception.path)
                && !Self.all.contains { $0.rule == exception.rule && $0.path == exception.path }
        }
        #expect(idle.map { "\($0.path) no longer needs \($0.rule.rawValue)" } == [])
        #expect(exceptions.allSatisfy { $0.reason.count > 10 })
    }

    @Test func `tests neither sleep nor count on a port`() {
        let found = Checkout.tests.flatMap(TestRule.findings).unexcused
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func `T121 no private key lies in the repository`() {
        let texts = Checkout.everyPath.filter { Checkout.isText($0) }
        #expect(texts.count > 20)
        let named = Checkout.everyPath.flatMap(TextRule.secretName)
        let found = named + texts.flatMap { TextRule.secret($0, Checkout.text($0) ?? "") }
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func `nothing is left to be finished`() {
        let texts = Checkout.everyPath.filter { Checkout.isText($0) }
        let found = texts.flatMap { TextRule.unfinished($0, Checkout.text($0) ?? "") }
        #expect(found.isEmpty, "\(found.listing)")
    }

    @Test func `L12 no package below its safe release is pinned or resolved`() throws {
        #expect(ReleaseFloors.broken(Self.map.pins) == [])
        guard let resolved = Checkout.text("Package.resolved") else { return }
        #expect(ReleaseFloors.broken(try ReleaseFloors.resolved(resolved)) == [])
    }
}

extension Checkout {
    private static let textEndings: Set<String> = [
        "swift", "md", "yaml", "yml", "json", "xml", "txt", "sh", "service", "conf", "cnf", "pem", "crt", "h", "py", "tsv",
        "",
    ]

    /// Whether a file is text by its ending; scripts have none.
    static func isText(_ path: String) -> Bool { textEndings.contains((path as NSString).pathExtension) }
}

extension ReleaseFloors {
    /// The releases in a `Package.resolved`.
    static func resolved(_ text: String) throws -> [String: String] {
        let tree = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        let pins = tree?["pins"] as? [[String: Any]] ?? []
        return pins.reduce(into: [:]) { found, pin in
            let state = pin["state"] as? [String: Any]
            if let name = pin["identity"] as? String, let version = state?["version"] as? String {
                found[name] = version
            }
        }
    }
}

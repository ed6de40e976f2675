/// The floors and the pinned packages as `Package.swift` states them, read from its text.
struct HouseMap {
    struct Module {
        let floor: Int
        let needs: Set<String>
        let foreign: Set<String>
    }

    private(set) var modules: [String: Module] = [:]
    private(set) var pins: [String: String] = [:]
    private(set) var floorCount = 0

    init(manifest: String) {
        let code = SwiftTokens.read(manifest).filter { $0.kind != .comment && $0.kind != .documentation }
        let lists = Self.lists(code)
        readFloors(code, lists)
        readPins(code)
    }

    /// `let core = ["A", "B"]`: named lists that the floors use.
    private static func lists(_ code: [Token]) -> [String: [String]] {
        var lists: [String: [String]] = [:]
        for index in code.indices.dropLast(4)
        where code[index].text == "let" && code[index + 2].text == "=" && code[index + 3].text == "[" {
            lists[code[index + 1].text] = code[(index + 4)...].prefix { $0.text != "]" || $0.kind == .string }
                .filter { $0.kind == .string }.map(\.text)
        }
        return lists
    }

    private mutating func readFloors(_ code: [Token], _ lists: [String: [String]]) {
        guard let name = code.firstIndex(where: { $0.kind == .word && $0.text == "floors" }),
            let equals = code[name...].firstIndex(where: { $0.kind == .symbol && $0.text == "=" })
        else { return }
        var depth = 0
        var floor = -1
        var index = equals + 1
        while index < code.count {
            let token = code[index]
            if token.kind == .symbol && token.text == "[" {
                depth += 1
                if depth == 2 { floor += 1 }
            } else if token.kind == .symbol && token.text == "]" {
                depth -= 1
                if depth == 0 { break }
            } else if token.kind == .word && token.text == "Module" {
                index = readModule(code, from: index + 1, floor: floor, lists)
            }
            index += 1
        }
        floorCount = floor + 1
    }

    /// Reads `("Name", needs: ..., foreign: ...)` and returns where it ends.
    private mutating func readModule(
        _ code: [Token], from start: Int, floor: Int, _ lists: [String: [String]],
    ) -> Int {
        var depth = 0
        var names: [String: [String]] = ["": [], "needs": [], "foreign": []]
        var label = ""
        var index = start
        while index < code.count {
            let token = code[index]
            switch (token.kind, token.text) {
            case (.symbol, "("): depth += 1
            case (.symbol, ")"): depth -= 1
            case (.string, _): names[label, default: []].append(token.text)
            case (.word, "needs"), (.word, "foreign"): label = token.text
            case (.word, _): names[label, default: []] += lists[token.text] ?? []
            default: break
            }
            if depth == 0 { break }
            index += 1
        }
        if let name = names[""]?.first {
            modules[name] = Module(
                floor: floor, needs: Set(names["needs"] ?? []), foreign: Set(names["foreign"] ?? []))
        }
        return index
    }

    /// `"name": ("https://...", "1.2.3")`.
    private mutating func readPins(_ code: [Token]) {
        for index in code.indices.dropLast(5)
        where code[index].kind == .string && code[index + 1].text == ":" && code[index + 2].text == "("
            && code[index + 3].text.hasPrefix("https://") && code[index + 4].text == ","
            && code[index + 5].kind == .string
        {
            pins[code[index].text] = code[index + 5].text
        }
    }
}

/// A release number, compared part by part.
struct Release: Comparable {
    let parts: [Int]

    init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, !parts.contains(nil) else { return nil }
        self.parts = parts.compactMap { $0 }
    }

    static func < (left: Self, right: Self) -> Bool { left.parts.lexicographicallyPrecedes(right.parts) }
}

/// The lowest releases that may be linked (security.md L12): below them lie known ways to stop or fool a server.
enum ReleaseFloors {
    static let lowest = ["swift-nio": "2.100.0", "swift-nio-http2": "1.44.1", "swift-nio-ssl": "2.37.6"]

    /// Names of packages in `found` that are below their floor, or whose release cannot be read.
    static func broken(_ found: [String: String]) -> [String] {
        lowest.keys.sorted().filter { name in
            guard let stated = found[name], let floor = lowest[name].flatMap(Release.init) else { return false }
            guard let release = Release(stated) else { return true }
            return release < floor
        }
    }
}

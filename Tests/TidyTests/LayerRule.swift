/// Imports go down: never sideways, never up, never round the map.
struct LayerRule {
    let map: HouseMap

    /// What the toolchain brings and floors 0-3 may use: no socket, no file, no clock.
    static let toolchainLow: Set<String> = ["FoundationEssentials", "Synchronization"]
    /// What the toolchain brings and floors 4-6 may use.
    static let toolchainHigh: Set<String> = toolchainLow.union(["Foundation", "Dispatch", "Glibc", "Musl"])

    func findings(_ file: SourceFile) -> [Finding] {
        guard let module = map.modules[file.module] else {
            return [.init(rule: .layer, path: file.path, line: 1, message: "\(file.module) stands on no floor")]
        }
        return Self.imports(file.code).compactMap { line, name in
            let problem: String? =
                if let other = map.modules[name] {
                    if other.floor >= module.floor {
                        "\(file.module) (floor \(module.floor)) may not import \(name) (floor \(other.floor))"
                    } else if !module.needs.contains(name) {
                        "\(file.module) imports \(name), which the map does not say it needs"
                    } else {
                        nil
                    }
                } else if module.foreign.contains(name) {
                    nil
                } else if (module.floor <= 3 ? Self.toolchainLow : Self.toolchainHigh).contains(name) {
                    nil
                } else {
                    "floor \(module.floor) has no use for \(name), or the map does not name it"
                }
            return problem.map { .init(rule: .layer, path: file.path, line: line, message: $0) }
        }
    }

    /// The modules a file imports, with their lines.
    static func imports(_ code: [Token]) -> [(Int, String)] {
        let kinds: Set<String> = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var", "actor"]
        return code.indices.compactMap { index in
            guard code[index].kind == .word, code[index].text == "import", index + 1 < code.count else { return nil }
            // `.import` is a member and `import:` a label; neither brings a module.
            if index > 0 && code[index - 1].text == "." { return nil }
            let isScoped = kinds.contains(code[index + 1].text) && index + 2 < code.count
            let name = code[index + (isScoped ? 2 : 1)]
            return name.kind == .word ? (code[index].line, name.text) : nil
        }
    }
}

/// Every `package` declaration is explained, except where its meaning is fixed by the protocol it answers to.
struct DocumentationRule {
    private let promises: Promises

    init(sources: [SourceFile]) { promises = Promises(sources: sources) }

    func findings(_ file: SourceFile) -> [Finding] {
        let answered = promises.answered(in: file)
        var found: [Finding] = []
        for index in file.tokens.indices where Self.isAccessModifier(file.tokens, index) {
            guard let declaration = Self.declaration(file.tokens, after: index), declaration.kind != "extension",
                !Self.isDocumented(file.tokens, before: index)
            else { continue }
            if Self.isFixed(declaration) || answered.contains(declaration.signature) { continue }
            found.append(
                .init(
                    rule: .documentation, path: file.path, line: file.tokens[index].line,
                    message: "`\(declaration.kind) \(declaration.signature)` has no doc comment"))
        }
        return found
    }

    struct Declaration {
        let kind: String
        let signature: String
    }

    private static let fixed: Set<String> = [
        "hash(into:)", "description", "debugDescription", "init(stringLiteral:)", "init(integerLiteral:)",
        "init(floatLiteral:)", "init(booleanLiteral:)", "init(nilLiteral:)", "init(arrayLiteral:)",
        "init(dictionaryLiteral:)", "init(unicodeScalarLiteral:)", "init(extendedGraphemeClusterLiteral:)",
    ]

    private static let modifiers: Set<String> = [
        "static", "final", "mutating", "nonmutating", "nonisolated", "indirect", "lazy", "weak", "unowned", "override",
        "convenience", "required", "private", "fileprivate", "internal", "borrowing", "consuming", "isolated",
        "distributed", "prefix", "postfix", "infix",
    ]
    private static let kinds: Set<String> = [
        "struct", "class", "enum", "actor", "protocol", "func", "var", "let", "init", "subscript", "typealias",
        "extension", "associatedtype", "macro", "case", "operator", "precedencegroup",
    ]

    private static func isFixed(_ declaration: Declaration) -> Bool {
        if fixed.contains(declaration.signature) { return true }
        // An operator says what it does by its name.
        let first = declaration.signature.unicodeScalars.first
        return declaration.kind == "func" && first.map { !$0.properties.isXIDStart && $0 != "_" && $0 != "`" } == true
    }

    private static func isAccessModifier(_ tokens: [Token], _ index: Int) -> Bool {
        guard tokens[index].kind == .word, tokens[index].text == "package", index + 1 < tokens.count else {
            return false
        }
        if index > 0, [".", "let", "var"].contains(tokens[index - 1].text) { return false }
        let next = tokens[index + 1].text
        // `package(set)` speaks of a setter only; the declaration's own access stands elsewhere.
        return kinds.contains(next) || modifiers.contains(next)
    }

    private static func declaration(_ tokens: [Token], after access: Int) -> Declaration? {
        var index = access + 1
        while index < tokens.count {
            let text = tokens[index].text
            // `class func` is a modifier and a kind; the last kind word is the kind.
            let next = index + 1 < tokens.count ? tokens[index + 1].text : ""
            if text == "class" && ["func", "var"].contains(next) {
                index += 1
            } else if kinds.contains(text) {
                return Declaration(kind: text, signature: signature(tokens, kind: text, at: index))
            } else if text == "(" || text == ")" || text == "set" || text == "unsafe" || modifiers.contains(text) {
                index += 1
            } else {
                return nil
            }
        }
        return nil
    }

    /// The name with its labels, as `append(_:at:)`; `at` is where the kind word stands.
    static func signature(_ tokens: [Token], kind: String, at: Int) -> String {
        var name = kind == "init" || kind == "subscript" ? kind : ""
        var index = at + 1
        if name.isEmpty {
            while index < tokens.count, tokens[index].kind == .symbol, tokens[index].text != "(" {
                name += tokens[index].text
                index += 1
                // `static func < <T>(`: operators are cut at the space.
                if index < tokens.count, !tokens[index].isGlued { break }
            }
            if name.isEmpty && index < tokens.count { name = tokens[index].text }
        }
        guard ["func", "init", "subscript"].contains(kind),
            let open = tokens[index...].firstIndex(where: { $0.kind == .symbol && $0.text == "(" })
        else { return name }
        return name + "(" + labels(tokens, from: open).map { $0 + ":" }.joined() + ")"
    }

    private static func labels(_ tokens: [Token], from open: Int) -> [String] {
        var labels: [String] = []
        var depth = 0
        var angles = 0
        var expects = false
        for index in open..<tokens.count {
            let token = tokens[index]
            if expects, token.kind == .word {
                labels.append(token.text)
                expects = false
            }
            guard token.kind == .symbol else { continue }
            switch token.text {
            case "(", "[", "{":
                depth += 1
                if depth == 1 { expects = true }
            case ")", "]", "}":
                depth -= 1
                if depth == 0 { return labels }
            case "<": angles += 1
            case ">" where tokens[index - 1].text != "-": angles -= 1
            case "," where depth == 1 && angles <= 0: expects = true
            default: break
            }
        }
        return labels
    }

    /// Walks back over modifiers and attributes; true when a doc comment stands before them.
    private static func isDocumented(_ tokens: [Token], before access: Int) -> Bool {
        var index = access - 1
        while index >= 0 {
            let token = tokens[index]
            if token.kind == .documentation { return true }
            if token.kind == .word, modifiers.contains(token.text) {
                index -= 1
            } else if token.text == ")", token.kind == .symbol, let open = opening(tokens, of: index) {
                index = open - 1
                // `private(set)` or `@Name(...)`: either way the name is next.
                if index >= 0, modifiers.contains(tokens[index].text) { index -= 1 }
            } else if token.kind == .word, let sign = attributeSign(tokens, name: index) {
                index = sign - 1
            } else {
                return false
            }
        }
        return false
    }

    private static func opening(_ tokens: [Token], of close: Int) -> Int? {
        var depth = 0
        for index in stride(from: close, through: 0, by: -1) where tokens[index].kind == .symbol {
            if tokens[index].text == ")" { depth += 1 }
            if tokens[index].text == "(" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }

    /// Where the `@` of an attribute stands whose (dotted) name ends at `name`.
    private static func attributeSign(_ tokens: [Token], name: Int) -> Int? {
        var index = name - 1
        while index > 0, tokens[index].text == "." { index -= 2 }
        return index >= 0 && tokens[index].text == "@" ? index : nil
    }
}

/// Values reach SQL as arguments, never as text.
enum SQLRule {
    private static let verbs = [
        "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "REPLACE ", "CREATE ", "DROP ", "ALTER ", "WITH ",
    ]
    private static let nouns = [" FROM", " INTO", " SET ", " TABLE", " INDEX", " WHERE", " VALUES"]

    static func findings(_ file: SourceFile) -> [Finding] {
        file.code.indices.compactMap { index in
            let token = file.code[index]
            guard token.kind == .string, token.isInterpolated else { return nil }
            let before = file.code[..<index].suffix(2).map(\.text)
            // GRDB's `literal:` and `SQL(...)` turn interpolations into arguments.
            if before == ["literal", ":"] || before == ["SQL", "("] || before == ["SQLRequest", "("] { return nil }
            let start = token.text.drop { $0 == " " || $0 == "\n" }
            let looksLikeSQL =
                verbs.contains { start.hasPrefix($0) } && nouns.contains { token.text.contains($0) }
                || start.hasPrefix("PRAGMA ")
            guard before == ["sql", ":"] || looksLikeSQL else { return nil }
            return .init(
                rule: .sql, path: file.path, line: token.line,
                message: "a value inside SQL text; use an argument, or `literal:`")
        }
    }
}

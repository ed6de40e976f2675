/// Names say what a thing is: some words say nothing.
enum NameRule {
    static let idle: Set<String> = ["Manager", "Helper", "Util", "Utils", "Impl", "Base", "Common"]
    private static let kinds: Set<String> = ["struct", "class", "enum", "actor", "protocol", "typealias"]

    static func findings(_ file: SourceFile) -> [Finding] {
        file.code.indices.dropLast().compactMap { index in
            let name = file.code[index + 1]
            guard file.code[index].kind == .word, kinds.contains(file.code[index].text), name.kind == .word,
                index == 0 || file.code[index - 1].text != ".", let problem = problem(name.text, in: file.module)
            else { return nil }
            return .init(rule: .name, path: file.path, line: name.line, message: problem)
        }
    }

    private static func problem(_ name: String, in module: String) -> String? {
        let words = words(name)
        if let word = words.first(where: idle.contains) { return "`\(name)`: \(word) says nothing; name what it does" }
        if words.count > 1, let last = words.last, ["Data", "Info"].contains(last) {
            return "`\(name)`: everything is \(last); name what it holds"
        }
        // `Journal.Journal` cannot be told from `Journal`: a module hides behind a type of its name.
        return name == module ? "`\(name)` is the module's own name" : nil
    }

    /// `SQLiteBaseStore` -> S, Q, Lite, Base, Store; digits stay with their word, so `Base64` is not `Base`.
    static func words(_ name: String) -> [String] {
        var words: [String] = []
        for character in name {
            if character.isUppercase || words.isEmpty {
                words.append(String(character))
            } else {
                words[words.count - 1].append(character)
            }
        }
        return words
    }
}

/// Words that nobody says outside the files that own them.
enum BanRule {
    /// A row of tokens, and what to do instead.
    struct Ban {
        let rule: Rule
        let words: [String]
        let instead: String
        /// Looks at the place before it counts; true when it does.
        var holds: @Sendable (ArraySlice<Token>, Int) -> Bool = { _, _ in true }
    }

    static func findings(_ file: SourceFile) -> [Finding] {
        let code = file.code[...]
        var found: [Finding] = []
        for index in code.indices where code[index].kind != .string {
            for ban in byFirstWord[code[index].text] ?? [] {
                let end = index + ban.words.count
                guard end <= code.count, zip(code[index..<end], ban.words).allSatisfy({ $0.text == $1 }),
                    code[index..<end].allSatisfy({ $0.kind != .string }), ban.holds(code, index)
                else { continue }
                found.append(
                    .init(
                        rule: ban.rule, path: file.path, line: code[index].line,
                        message: "`\(ban.words.joined())`: \(ban.instead)"))
            }
            found += special(file, code, index)
        }
        for token in file.tokens where token.kind == .comment && token.text.contains("MARK:") {
            found.append(
                .init(rule: .length, path: file.path, line: token.line, message: "a file needs no walls; make two"))
        }
        return found
    }

    private static let byFirstWord = Dictionary(grouping: bans) { $0.words[0] }

    private static let bans: [Ban] = clocks + tasks + parsers + dangers + words

    private static let clocks: [Ban] = {
        let world = "time comes as an argument or through World"
        let rows = [
            "Date ( )", "Date . now", "Date . init ( )", "ContinuousClock (", "SuspendingClock (", "NIODeadline . now",
            "DispatchTime . now", "DispatchWallTime . now", "clock_gettime", "gettimeofday",
        ]
        let chance = "randomness comes as an argument or through World"
        return rows.map { row(.clock, $0, world) }
            + ["UUID ( )", "SystemRandomNumberGenerator", "arc4random"].map { row(.randomness, $0, chance) }
    }()

    private static let tasks: [Ban] = [
        row(.sleep, "Task . sleep", "wait through World"), row(.sleep, "Thread . sleep", "wait through World"),
        row(.sleep, "usleep (", "wait through World"), row(.sleep, "nanosleep (", "wait through World"),
        row(.sleep, "sleep (", "wait through World", isFree),
        row(.unstructured, "Task {", "use a task group", isFree),
        row(.unstructured, "Task (", "use a task group", isFree),
        row(.unstructured, "Task . detached", "use a task group"),
        row(.unstructured, "Task . immediate", "use a task group"),
        row(.unstructured, "Task . init", "use a task group"),
        row(.unchecked, "@ unchecked Sendable", "put the state behind a Mutex"),
        row(.unchecked, "nonisolated ( unsafe )", "put the state behind a Mutex"),
    ]

    private static let parsers: [Ban] = {
        let xml = "XML goes through the module XML (expat)"
        let json = "JSON goes through the module JSON, which loses nothing"
        let hand = "scan by hand; Regex backtracks on foreign text"
        return ["import FoundationXML", "XMLParser (", "XMLDocument ("].map { row(.markup, $0, xml) }
            + ["JSONSerialization", "JSONDecoder", "JSONEncoder"].map { row(.markup, $0, json) }
            + ["NSRegularExpression", "Regex", "import RegexBuilder"].map { row(.regex, $0, hand) }
    }()

    private static let dangers: [Ban] = [
        row(.tls, "optionalVerification", "a client without certificate has no business here"),
        row(.tls, "makeServerConfigurationWithMTLS", "it accepts TLS 1.0; use the house's TLS profile"),
        row(.sharedClient, "HTTPClient . shared", "it follows redirects; make your own and shut it down"),
        row(.sharedClient, "URLSession", "it has no client certificates on Linux"),
        // `try !isEmpty(x)` negates; only the glued sign traps.
        row(.crash, "try !", "throw, or say why it cannot fail", isGluedAfter),
        row(.crash, "as !", "use as? and refuse", isGluedAfter),
        row(.crash, "fatalError (", "only a programmer's error may end the process; throw", isFree),
    ]

    private static let words: [Ban] = [
        row(.access, "public", "package is our public") { code, index in
            index == code.startIndex || code[index - 1].text != "."
        },
        row(.printing, "print (", "results go through Terminal", isFree),
        row(.printing, "debugPrint (", "results go through Terminal", isFree),
        row(.printing, "dump (", "results go through Terminal", isFree),
        row(.printing, "puts (", "results go through Terminal", isFree),
        row(.printing, "fputs (", "results go through Terminal", isFree),
        row(.printing, "STDOUT_FILENO", "results go through Terminal"),
        row(.printing, "FileHandle . standardOutput", "results go through Terminal"),
    ]

    private static func row(
        _ rule: Rule, _ words: String, _ instead: String,
        _ holds: @escaping @Sendable (ArraySlice<Token>, Int) -> Bool = { _, _ in true },
    ) -> Ban {
        Ban(rule: rule, words: words.split(separator: " ").map(String.init), instead: instead, holds: holds)
    }

    /// Neither a member of something of ours nor the declaration of one.
    private static func isFree(_ code: ArraySlice<Token>, _ index: Int) -> Bool {
        guard index > code.startIndex else { return true }
        return ![".", "func", "struct", "class", "enum", "actor", "extension", "case"].contains(code[index - 1].text)
    }

    private static func isGluedAfter(_ code: ArraySlice<Token>, _ index: Int) -> Bool { code[index + 1].isGlued }

    /// What is not a plain row of words.
    private static func special(_ file: SourceFile, _ code: ArraySlice<Token>, _ index: Int) -> [Finding] {
        let token = code[index]
        let next = index + 1 < code.endIndex ? code[index + 1] : nil
        func finding(_ rule: Rule, _ message: String) -> [Finding] {
            [.init(rule: rule, path: file.path, line: token.line, message: message)]
        }
        if token.kind == .regex { return finding(.regex, "scan by hand; Regex backtracks on foreign text") }
        if token.kind == .word, token.text.hasSuffix("Clock"), next?.text == ".", index + 2 < code.endIndex,
            code[index + 2].text == "now"
        {
            return finding(.clock, "`\(token.text).now`: time comes as an argument or through World")
        }
        let chances: Set<String> = ["random", "randomElement", "shuffled", "shuffle"]
        if token.kind == .word, chances.contains(token.text), next?.text == "(", index > code.startIndex,
            code[index - 1].text == ".", !arguments(code, from: index + 1).contains(where: { $0.text == "using" })
        {
            return finding(.randomness, "`.\(token.text)(` needs `using:` a generator from World")
        }
        if token.kind == .word, token.text == "Task", next?.text == "<", isFree(code, index),
            let end = code[index...].firstIndex(where: { $0.text == ">" && $0.line == token.line }),
            end + 1 < code.endIndex, ["{", "(", "."].contains(code[end + 1].text)
        {
            return finding(.unstructured, "`Task<>`: use a task group")
        }
        if token.kind == .symbol, token.text == "!", token.isGlued, index > code.startIndex {
            let before = code[index - 1]
            let isValue =
                before.kind == .word && !["try", "as", "return", "in"].contains(before.text)
                || before.kind == .string || [")", "]", "}", ">"].contains(before.text)
            if isValue && !(next?.text == "=" && next?.isGlued == true) {
                return finding(.unwrap, "`\(before.text)!`: guard and refuse")
            }
        }
        return []
    }

    /// The tokens between a `(` and its `)`.
    private static func arguments(_ code: ArraySlice<Token>, from open: Int) -> ArraySlice<Token> {
        var depth = 0
        for index in open..<code.endIndex where code[index].kind == .symbol {
            if code[index].text == "(" { depth += 1 }
            if code[index].text == ")" { depth -= 1 }
            if depth == 0 { return code[open..<index] }
        }
        return code[open...]
    }
}

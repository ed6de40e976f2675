/// What holds for any text: it is short, finished, and holds no secret.
enum TextRule {
    static let linesMax = 400
    /// Written in two halves, so that this file does not break its own rule.
    private static let unfinished = ["TO" + "DO", "FIX" + "ME"]
    private static let secretEndings = [".key", ".p12", ".pfx", ".jks"]

    static func length(_ file: SourceFile) -> [Finding] {
        guard file.lineCount > linesMax else { return [] }
        return [
            .init(
                rule: .length, path: file.path, line: linesMax + 1,
                message: "\(file.lineCount) lines; one idea to a file, \(linesMax) at most")
        ]
    }

    static func unfinished(_ path: String, _ text: String) -> [Finding] {
        guard unfinished.contains(where: text.contains) else { return [] }
        return lines(text).compactMap { number, line in
            let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" }
            guard unfinished.contains(where: { words.contains(Substring($0)) }) else { return nil }
            return .init(rule: .unfinished, path: path, line: number, message: "finish it, or open an issue")
        }
    }

    /// A key file by its name.
    static func secretName(_ path: String) -> [Finding] {
        guard secretEndings.contains(where: path.hasSuffix) else { return [] }
        return [.init(rule: .secret, path: path, line: 1, message: "keys are made by `hie init`, never committed")]
    }

    /// A private key in PEM, or (outside tests, which may hold the RFCs' published vectors) a private JWK.
    static func secret(_ path: String, _ text: String) -> [Finding] {
        var found: [Finding] = []
        let mark = "PRIVATE KEY" + "-----"
        var rest = text[...]
        while let place = rest.firstRange(of: mark) {
            rest = rest[place.upperBound...]
            let body = rest.drop { " \n\r\t\"\\n+".contains($0) }.prefix { $0.isASCII && ($0.isLetter || $0.isNumber) }
            // DER begins with a SEQUENCE, in base64 `M`; OpenSSH's own form with `b3Blbn`.
            guard body.count >= 16, body.first == "M" || body.hasPrefix("b3Blbn") else { continue }
            found.append(secretFinding(path, text, at: place.lowerBound))
        }
        guard !path.hasPrefix("Tests/"), text.contains("\"kty\""), let place = text.firstRange(of: "\"d\"") else {
            return found
        }
        let value = text[place.upperBound...].drop { " :\n\"".contains($0) }
            .prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
        if value.count >= 40 { found.append(secretFinding(path, text, at: place.lowerBound)) }
        return found
    }

    private static func secretFinding(_ path: String, _ text: String, at place: String.Index) -> Finding {
        let line = text[..<place].utf8.count { $0 == UInt8(ascii: "\n") } + 1
        return .init(rule: .secret, path: path, line: line, message: "a private key; take it out and make a new one")
    }

    private static func lines(_ text: String) -> [(Int, Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { ($0 + 1, $1) }
    }
}

/// What protocols require, and which types answer them: a requirement is documented once, where it is made.
struct Promises {
    /// By protocol, the signatures it requires.
    private var requirements: [String: Set<String>] = Self.foreign
    /// By type or protocol, the names behind its colon, in whatever file they stand.
    private var promised: [String: Set<String>] = [:]

    init(sources: [SourceFile]) {
        for file in sources {
            for declared in Self.declarations(file.code) {
                promised[declared.name, default: []].formUnion(declared.promises)
                if declared.isProtocol { requirements[declared.name, default: []].formUnion(declared.members) }
            }
        }
    }

    /// The signatures that need no words in this file: those of every protocol its types promise to answer.
    func answered(in file: SourceFile) -> Set<String> {
        var open = Self.declarations(file.code).flatMap { [$0.name] + $0.promises }
        var seen: Set<String> = []
        var answered: Set<String> = []
        while let name = open.popLast() {
            guard seen.insert(name).inserted else { continue }
            answered.formUnion(requirements[name] ?? [])
            open += promised[name] ?? []
        }
        return answered
    }

    private struct Declared {
        let name: String
        let isProtocol: Bool
        let promises: Set<String>
        let members: Set<String>
    }

    /// The types a file declares or extends; a protocol with what it requires.
    private static func declarations(_ code: [Token]) -> [Declared] {
        let kinds: Set<String> = ["struct", "class", "enum", "actor", "protocol", "extension"]
        return code.indices.dropLast().compactMap { index in
            guard code[index].kind == .word, kinds.contains(code[index].text), code[index + 1].kind == .word,
                index == 0 || code[index - 1].text != ".",
                let open = code[index...].firstIndex(where: { $0.kind == .symbol && $0.text == "{" })
            else { return nil }
            let head = code[(index + 2)..<max(open, index + 2)].prefix { $0.text != "where" }
            let isProtocol = code[index].text == "protocol"
            return Declared(
                name: code[index + 1].text, isProtocol: isProtocol,
                promises: Set(head.lazy.filter { $0.kind == .word }.map(\.text)),
                members: isProtocol ? members(code, from: open) : [])
        }
    }

    private static func members(_ code: [Token], from open: Int) -> Set<String> {
        var depth = 0
        var members: Set<String> = []
        for place in open..<code.count {
            let token = code[place]
            if token.kind == .symbol, token.text == "{" { depth += 1 }
            if token.kind == .symbol, token.text == "}" { depth -= 1 }
            if depth == 0 { break }
            if depth == 1, token.kind == .word, ["func", "var", "init", "subscript"].contains(token.text) {
                members.insert(DocumentationRule.signature(code, kind: token.text, at: place))
            }
        }
        return members
    }

    /// Protocols of the language and of the packages we stand on, whose members need no words of ours.
    private static let foreign: [String: Set<String>] = [
        "RandomNumberGenerator": ["next()"], "IteratorProtocol": ["next()"], "AsyncIteratorProtocol": ["next()"],
        "Sequence": ["makeIterator()"], "AsyncSequence": ["makeAsyncIterator()"],
        "RawRepresentable": ["rawValue", "init(rawValue:)"], "Identifiable": ["id"],
        "CaseIterable": ["allCases"], "Encodable": ["encode(to:)"], "Decodable": ["init(from:)"],
        "Codable": ["encode(to:)", "init(from:)"], "Service": ["run()"], "LosslessStringConvertible": ["init(_:)"],
        "Collection": ["startIndex", "endIndex", "index(after:)", "index(before:)", "subscript(_:)", "count"],
        "RandomAccessCollection": ["startIndex", "endIndex", "index(after:)", "index(before:)", "subscript(_:)"],
        "LocalizedError": ["errorDescription", "failureReason", "recoverySuggestion"],
        "ParsableCommand": ["configuration", "run()", "validate()"],
        "AsyncParsableCommand": ["configuration", "run()", "validate()"],
        "RouterMiddleware": ["handle(_:context:next:)"], "RequestContext": ["coreContext", "init(source:)"],
        "ChannelInboundHandler": [
            "channelRead(context:data:)", "channelActive(context:)", "channelInactive(context:)",
            "channelReadComplete(context:)", "errorCaught(context:error:)", "handlerAdded(context:)",
            "handlerRemoved(context:)", "userInboundEventTriggered(context:event:)",
        ],
        "TaskExecutor": ["enqueue(_:)", "asUnownedTaskExecutor()"],
    ]
}

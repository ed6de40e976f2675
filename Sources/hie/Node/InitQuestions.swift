import ConsentEngine
import ExchangeCore
import ExchangeNode
import FoundationEssentials

/// What `hie init` asks on a terminal of what its flags did not say: one question for each, asked again until it is answered.
struct InitQuestions {
    /// Reads one line of what is typed; nil at its end.
    let read: () -> String?
    /// Shows a question, without an end of line.
    let show: (String) -> Void

    /// The facility's name.
    func name() throws(CommandFailure) -> String {
        try ask("The facility's name: ") { $0.isEmpty ? .again("It stands in the directory, for people; it cannot be empty.") : .taken($0) }
    }

    /// The community.
    func community() throws(CommandFailure) -> String {
        try ask("The community it speaks for, an OID that the network gave you (such as 1.3.6.1.4.1.21367.2026.11): ") {
            CommunityID($0) == nil ? .again("That is no OID: numbers with dots between.") : .taken($0)
        }
    }

    /// What holds for patients who have said nothing.
    func consent() throws(CommandFailure) -> String {
        try ask("For patients who have said nothing, opt-out (shown until they refuse) or opt-in (shown once they agree): ") {
            ConsentPolicyDefault(name: $0) == nil
                ? .again("Write opt-out or opt-in; or deny, basic-normal, all-normal, break-glass-only.") : .taken($0)
        }
    }

    /// An address, with what it is when nothing is typed.
    func address(_ question: String, otherwise: String) throws(CommandFailure) -> String {
        try ask("\(question) [\(otherwise)]: ") {
            if $0.isEmpty { return .taken(otherwise) }
            return NodeConfiguration.Address($0) == nil ? .again("Write HOST:PORT, such as 127.0.0.1:8443.") : .taken($0)
        }
    }

    /// Peers to ask first; none when nothing is typed.
    func seeds() throws(CommandFailure) -> [String] {
        func parts(_ text: String) -> [String] { text.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init) }
        let text = try ask("A node of the network to ask first, HOST:PORT; empty for the first node of a network: ") {
            parts($0).allSatisfy { NodeConfiguration.Address($0) != nil } ? .taken($0) : .again("Write HOST:PORT, or nothing.")
        }
        return parts(text)
    }

    /// The folder of the network's authority; nil when nothing is typed.
    func network() throws(CommandFailure) -> String? {
        let text = try ask("The folder of the network's authority, when it is on this machine; empty otherwise: ") {
            $0.isEmpty || LocalFile.exists(NetworkAuthorityFolder($0, world: .system).certificate.path)
                ? .taken($0) : .again("There is no network's authority; hie certificate init --network makes one.")
        }
        return text.isEmpty ? nil : text
    }

    private enum Verdict {
        case taken(String)
        case again(String)
    }

    private func ask(_ question: String, _ judge: (String) -> Verdict) throws(CommandFailure) -> String {
        // Whoever holds a key down, or a script that should have used flags, ends it.
        for _ in 0..<20 {
            show(question)
            guard let line = read() else { break }
            switch judge(Self.trimmed(line)) {
            case .taken(let answer): return answer
            case .again(let why): show(why + "\n")
            }
        }
        throw CommandFailure(.usage, "there was no answer; nothing was made", hint: "hie init --help names the flags")
    }

    private static func trimmed(_ line: String) -> String {
        var text = Substring(line)
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return String(text)
    }
}

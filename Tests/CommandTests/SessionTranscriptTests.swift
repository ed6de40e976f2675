import Foundation
import Glibc
import JSON
import Testing

/// Every command once as it is meant, in one administrator's day: what is said, and the exit code, as
/// `Tests/transcripts/session.txt` has it. What is typed stands in `session.steps`, whose head explains its signs.
///
/// `HIE_RECORD=1` writes the file anew; what changed in it is to be read like any other change. Needs root, for it has two
/// administrators who are two people of this machine.
@Suite(.serialized, .enabled(if: geteuid() == 0, "only root can be two other people")) struct SessionTranscriptTests {
    private static let folder = Repository.root.appendingPathComponent("Tests/transcripts")
    private static let golden = folder.appendingPathComponent("session.txt")

    /// A line of `session.steps`.
    private struct Step {
        var line: String
        /// The numbers in what it says are not the same twice.
        var isCounting = false
        /// Nothing of what it says is the same twice; the exit code is.
        var isSilent = false
        /// Asked again until it has this in it.
        var awaited: String?
        /// The file that takes what it says.
        var target: String?
        /// The name of a value, and where it stands: the first word when nowhere.
        var kept: (name: String, path: [String])?
        /// One of two other people of this machine, at the administrators' socket.
        var person: UInt32?

        init(_ text: String) {
            line = text
            while let mark = line.first, "~?".contains(mark) {
                if mark == "~" { isCounting = true } else { isSilent = true }
                line = String(line.dropFirst().drop { $0 == " " })
            }
            for (name, number) in [("anna: ", UInt32(54_001)), ("bernd: ", 54_002)] where line.hasPrefix(name) {
                person = number
                line = String(line.dropFirst(name.count))
            }
            if let cut = Self.cut(&line, " => ") {
                let words = cut.split(separator: " ").map(String.init)
                kept = (words[0], words.dropFirst().first?.split(separator: ".").map(String.init) ?? [])
            }
            awaited = Self.cut(&line, " until ")
            target = Self.cut(&line, " > ")
        }

        private static func cut(_ line: inout String, _ sign: String) -> String? {
            guard let place = line.range(of: sign) else { return nil }
            defer { line = String(line[..<place.lowerBound]) }
            return String(line[place.upperBound...])
        }
    }

    private static func words(_ line: String) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { number, part -> [String] in
            number % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
        }.dropFirst().map { $0 }
    }

    /// What is the same in every run.
    private static func settled(_ said: String, _ step: Step, _ folder: String) -> String {
        if step.isSilent { return "(what it says is another thing each time)\n" }
        var text = said.replacingOccurrences(of: folder, with: "DIR").replacingOccurrences(of: Repository.samples, with: "SAMPLES")
        text = text.replacing(/[A-Za-z0-9_\-]{20,}\.[A-Za-z0-9_\-]{20,}\.[A-Za-z0-9_\-]{20,}/, with: "TOKEN")
        text = text.replacing(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/, with: "ID")
        text = text.replacing(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z/, with: "TIME")
        text = text.replacing(/\b20(2[6-9]|[3-9]\d)-\d\d-\d\d\b/, with: "DATE")
        text = text.replacing(/\b[0-9a-f]{16,}\b/, with: "HEX")
        text = text.replacing(/[A-Za-z0-9_\-+\/]{43,}=*/, with: "DIGEST")
        text = text.replacing(/127\.0\.0\.1:\d+/, with: "127.0.0.1:PORT")
        text = text.replacing(/\bR[0-9a-f]{12}\b/, with: "RECORD")
        text = text.replacing(/key [A-Za-z0-9_\-]+\.\.\./, with: "key KEY...")
        text = text.replacing(/root [0-9a-f]{8,}/, with: "root HEX")
        if step.isCounting { text = text.replacing(/\d+(\.\d+)?/, with: "N") }
        text = text.replacing(/\ {2,}/, with: "  ").replacing(/\ +\n/, with: "\n")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let shown = lines.prefix(14).map { $0.count > 160 ? $0.prefix(160) + "..." : $0 }
        return shown.joined(separator: "\n") + (lines.count > 14 ? "\n...\n" : "")
    }

    /// Persons who are registered twice, as many as a model is learnt from.
    private static let pairs: String = {
        let given = ["Alice", "Benjamin", "Carla", "Dario", "Edith", "Farid", "Greta", "Hugo", "Irene", "Jonas"]
        let family = ["Mohr", "Ruiz", "Kim", "Novak", "Okafor", "Strand", "Brandt", "Costa", "Dubois", "Eriksen"]
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let rows = (0..<600).flatMap { number in
            [0, 1].map { copy in
                let name = given[number % 10]
                let first = copy == 1 && number % 5 == 0 ? String(name.dropLast()) : name
                let phone = copy == 1 && number % 4 == 0 ? "" : String(6_140_000_000 + number * 7919)
                return "P\(number)-\(copy),F\(copy),\(number),\(family[number / 10 % 10]),\(first),"
                    + "\(1930 + number % 70)-\(two(1 + number % 12))-\(two(1 + number % 28)),\(number % 2 == 0 ? "F" : "M"),\(phone)\n"
            }
        }
        return "rec_id,source,mrn,last_name,first_name,dob,sex,phone\n" + rows.joined()
    }()

    /// A message that no feed takes: it is kept, and can be retried.
    private static func send(_ bytes: [UInt8], to port: UInt16) {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(file) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        let isOpen = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 }
        }
        guard isOpen, write(file, bytes, bytes.count) == bytes.count else { return }
        var answer = [UInt8](repeating: 0, count: 4096)
        _ = read(file, &answer, answer.count)
    }

    /// One day: its values, its nodes, and what was said.
    private final class Day {
        let folder: Folder
        var values: [String: String] = [:]
        var nodes: [String: RunningNode] = [:]
        var transcript: [String] = []
        var typed: [String] = []

        init(_ folder: Folder) { self.folder = folder }

        func filled(_ line: String) -> String {
            let line = line.replacingOccurrences(of: "DIR", with: folder.path).replacingOccurrences(of: "SAMPLES", with: Repository.samples)
            return values.reduce(line) {
                $0.replacingOccurrences(of: "{\($1.key)}", with: $1.value)
            }
        }
    }

    @Test(.timeLimit(.minutes(5))) func `an administrator's day says what it said, command for command`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        chmod(folder.path, 0o711)
        let day = Day(folder)
        defer { for node in day.nodes.values { node.stop() } }
        for (number, port) in try Ports.free(6).enumerated() { day.values["p\(number)"] = String(port) }
        let text = try String(contentsOf: Self.folder.appendingPathComponent("session.steps"), encoding: .utf8)
        for line in text.split(separator: "\n").map(String.init) where !line.hasPrefix("#") {
            if line.hasPrefix("@") { try await arrange(day, line) } else { try await enter(Step(line), day) }
        }
        let said = day.transcript.joined(separator: "\n")
        if ProcessInfo.processInfo.environment["HIE_RECORD"] == "1" {
            try said.write(to: Self.golden, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOf: Self.golden, encoding: .utf8).components(separatedBy: "\n\n$ ")
        let now = said.components(separatedBy: "\n\n$ ")
        // Rows of one moment stand in no order.
        func rows(_ text: String) -> [Substring] { text.split(separator: "\n").sorted() }
        for (before, after) in zip(kept, now) where rows(before) != rows(after) {
            Issue.record("it was\n\(before)\nand is\n\(after)\nHIE_RECORD=1 writes Tests/transcripts/session.txt anew")
        }
        #expect(kept.count == now.count)
        try await demandEveryCommand(day.typed)
    }

    /// Types one line, again while what it waits for is not there yet.
    private func enter(_ step: Step, _ day: Day) async throws {
        var environment = ["HIE_HOME": day.folder.path + "/hospital", "XDG_CONFIG_HOME": day.folder.path, "COLUMNS": "110"]
        if step.person != nil { environment["HIE_SOCKET"] = day.folder.path + "/open/admin.sock" }
        let program = Program(environment: environment)
        let words = Self.words(day.filled(step.line))
        var transcript = try await program.run(words, as: step.person)
        for _ in 0..<200 {
            guard let awaited = step.awaited, !transcript.text.contains(awaited) else { break }
            transcript = try await program.run(words, as: step.person)
        }
        day.typed.append(step.line)
        if let target = step.target { _ = try day.folder.file(String(day.filled(target).dropFirst(day.folder.path.count + 1)), transcript.out) }
        if let (name, path) = step.kept {
            let found = path.isEmpty ? nil : path.reduce(transcript.json) { value, part in Int(part).flatMap { value?[$0] } ?? value?[part] }
            day.values[name] = path.isEmpty
                ? transcript.text.split { " \n".contains($0) }.first.map(String.init) ?? ""
                : found?.string ?? found?.integer.map(String.init) ?? ""
        }
        let who = step.person.map { $0 == 54_001 ? "anna" : "bernd" }.map { " # as \($0)" } ?? ""
        let said = step.target == nil ? transcript.text + transcript.errors : transcript.errors
        day.transcript.append(
            "$ \(step.line)\(step.target.map { " > " + $0 } ?? "")\(who)\n\(Self.settled(said, step, day.folder.path))[\(transcript.code)]\n")
    }

    /// What is done beside the commands.
    private func arrange(_ day: Day, _ line: String) async throws {
        let words = line.split(separator: " ", maxSplits: 2).map(String.init)
        let path = day.folder.path
        switch words[0] {
        case "@start":
            let community = words[1] == "hospital" ? "1.3.6.1.4.1.21367.2026.10" : "1.3.6.1.4.1.21367.2026.11"
            day.nodes[words[1]] = try await RunningNode(folder: day.folder, home: path + "/" + words[1], community: community)
        case "@stop": #expect(day.nodes.removeValue(forKey: words[1])?.stop() == 0)
        case "@folder": try FileManager.default.createDirectory(atPath: path + "/" + words[1], withIntermediateDirectories: true)
        case "@append", "@write":
            let file = path + "/" + words[1]
            let before = words[0] == "@append" ? try String(contentsOfFile: file, encoding: .utf8) : ""
            let more = day.filled(words[2]).replacingOccurrences(of: "\\n", with: "\n")
            try (before + more + "\n").write(toFile: file, atomically: true, encoding: .utf8)
        case "@send":
            let message = words[2].replacingOccurrences(of: "\\r", with: "\r")
            Self.send([0x0B] + Array(message.utf8) + [0x1C, 0x0D], to: UInt16(day.values[words[1]] ?? "") ?? 0)
        case "@pairs": _ = try day.folder.file(words[1], text: Self.pairs)
        default: Issue.record("no such step: \(line)")
        }
    }

    /// What is no part of a day: `run` is what the nodes do all along, and `demo` is a day of its own (`Deploy/demo`).
    private static let elsewhere: Set = ["hie run", "hie demo"]

    private func demandEveryCommand(_ typed: [String]) async throws {
        let dump = try await Program().run("--experimental-dump-help")
        func leaves(_ node: JSONValue, _ above: String) -> [String] {
            guard let name = node["commandName"]?.string, name != "help" else { return [] }
            let path = above.isEmpty ? name : above + " " + name
            let below = (node["subcommands"]?.items ?? []).flatMap { leaves($0, path) }
            return below.isEmpty ? [path] : below
        }
        let commands = (dump.json?["command"]).map { leaves($0, "") } ?? []
        #expect(commands.count > 100)
        let missing = commands.filter { command in
            !Self.elsewhere.contains(command) && !typed.contains { $0 == command || $0.hasPrefix(command + " ") }
        }
        #expect(missing.isEmpty, "no transcript of \(missing)")
    }
}

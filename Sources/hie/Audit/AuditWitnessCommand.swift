import AdminEndpoint
import ArgumentParser
import ExchangeNode
import Foundation
import JSON

/// `hie audit witness`.
struct AuditWitnessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "witness",
        abstract: "Say who holds which head of whose journal, and what stands against whom.",
        discussion: """
            Every node cosigns the heads of the others' journals, and takes a new one only with \
            the proof that the journal merely grew. Two heads that cannot both be true are kept \
            as evidence, and shown here until the community goes on under a new log. Exits 9 \
            while there is any.

            EXAMPLE
              hie audit witness
              hie audit witness --json | jq '.evidence[0]'
              hie audit witness --evidence DIR && hie audit check DIR/evidence-0.json
            """)

    @Option(help: ArgumentHelp("Write each contradiction into a file of this folder, for others to check.", valueName: "folder"))
    var evidence: String?

    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let answer = try await AdminClient(home).ask(.auditWitness)
        let evidence = answer["evidence"]?.items ?? []
        if let folder = self.evidence {
            for path in try Self.write(evidence.compactMap { $0["file"] }, into: folder) {
                terminal.words("\(path): whoever holds it checks it with hie audit check")
            }
        }
        // Whoever goes on under a new log has said so openly; the same rule for the line and the exit code.
        let succeeded = Set((answer["heads"]?.items ?? []).filter { $0["latest"]?.bool == false }.map { $0.text("log") })
        if output.json { terminal.result(answer) } else { show(answer, evidence, succeeded, terminal) }
        let open = evidence.filter { !succeeded.contains($0.text("log")) }
        guard open.isEmpty else {
            throw CommandFailure(
                .damaged, "a journal contradicts itself: \(open.map { $0.text("log") }.joined(separator: ", "))",
                hint: "keep the evidence (--json), and ask that community's administrator what happened")
        }
    }

    /// Writes each file of evidence into a folder, made where it is not there; their paths.
    static func write(_ files: [JSONValue], into folder: String) throws -> [String] {
        try SecretFile.makeFolder(URL(fileURLWithPath: folder))
        return try files.enumerated().map { number, file in
            let path = "\(folder)/evidence-\(number).json"
            try LocalFile.write(JSONWriter.pretty(file) + [UInt8(ascii: "\n")], to: path)
            return path
        }
    }

    private func show(_ answer: JSONValue, _ evidence: [JSONValue], _ succeeded: Set<String>, _ terminal: Terminal) {
        var table = Table("JOURNAL OF", "LOG", "ENTRIES", "ROOT", "SEEN", "COSIGNED BY")
        for head in answer["heads"]?.items ?? [] {
            let cosigners = (head["cosigners"]?.items ?? []).map {
                "\($0.text("name").isEmpty ? $0.text("key") : $0.text("name"))"
            }
            let isAccused = evidence.contains { $0.text("log") == head.text("log") && !succeeded.contains($0.text("log")) }
            table.add(
                .init(head.text("name") + (head["own"]?.bool == true ? " (this node)" : ""), isAccused ? .bad : .plain),
                .init(head.text("log") + (head["latest"]?.bool == true ? "" : " (succeeded)")), .init(head.text("size")),
                .init(String(head.text("root").prefix(16))), .init(Words.time(head.text("seen"))),
                .init(cosigners.isEmpty ? "nobody yet" : cosigners.joined(separator: ", "),
                    cosigners.isEmpty ? .doubtful : .plain))
        }
        if table.isEmpty { terminal.words("no head of any journal is known yet") } else { terminal.result(table) }
        for found in evidence {
            let isPast = succeeded.contains(found.text("log"))
            terminal.result(
                "\(isPast ? "past " : "ALARM")  \(found.text("name").isEmpty ? found.text("log") : found.text("name")) \(found.text("sentence")) "
                    + "(found \(Words.time(found.text("found")))\(isPast ? "; it goes on under a new log" : ""))", isPast ? .plain : .bad)
        }
    }
}

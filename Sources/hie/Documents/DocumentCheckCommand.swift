import ArgumentParser
import CDA
import ExchangeCore
import JSON

/// `hie document check`.
struct DocumentCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Look at C-CDA documents before publishing: what is wrong, where, how to mend it.",
        discussion: """
            Needs no node. A folder stands for the .xml files in it. Exits 1 when a document \
            cannot be published as it is.

            EXAMPLE
              hie document check discharge.xml
              hie document check ./outbox --json | jq -r 'select(.publishable | not) | .file'
            """)

    @Argument(help: "Files or folders; - reads stdin.") var files: [String]
    @Flag(help: "Print only what keeps a document from being published.") var errorsOnly = false
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let paths = try DocumentFiles.paths(files)
        var refused = 0
        for path in paths {
            let findings = try DocumentFindings(path)
            if findings.fault != nil { refused += 1 }
            if output.json { terminal.resultLine(json(path, findings)) } else { show(path, findings, on: terminal) }
        }
        if paths.count > 1 {
            terminal.words("\(Words.count(paths.count - refused, "document")) can be published, \(refused) cannot")
        }
        if refused > 0 { throw ExitStatus.failed.exit }
    }

    private func show(_ path: String, _ findings: DocumentFindings, on terminal: Terminal) {
        if let refusal = findings.refusal {
            return terminal.result("\(path): cannot be read: \(refusal.description)", .bad)
        }
        let problems = findings.problems.filter { !errorsOnly || $0.severity == .error }
        let isFine = findings.fault == nil
        terminal.result(
            "\(path): " + (isFine ? "can be published" : "cannot be published")
                + (problems.isEmpty ? "" : ", " + Words.count(problems.count, "finding")), isFine ? .good : .bad)
        for problem in problems {
            terminal.result(
                "  \(problem.severity.rawValue)  \(problem.path): \(problem.message)",
                problem.severity == .error ? .bad : .doubtful)
        }
    }

    private func json(_ path: String, _ findings: DocumentFindings) -> JSONValue {
        var object: JSONObject = ["file": .string(path), "publishable": .bool(findings.fault == nil)]
        object["uniqueId"] = findings.document?.uniqueID.map { .string($0) }
        object["title"] = findings.document?.title.map { .string($0) }
        var list: [JSONValue] = []
        if let refusal = findings.refusal {
            list.append([
                "severity": "error", "path": .string(refusal.location ?? ""), "message": .string(refusal.message),
            ])
        }
        list += findings.problems.filter { !errorsOnly || $0.severity == .error }.map {
            ["severity": .string($0.severity.rawValue), "path": .string($0.path), "message": .string($0.message)]
        }
        object["findings"] = .array(list)
        return .object(object)
    }
}

import ArgumentParser
import CDA
import DocumentReview
import ExchangeCore
import ExchangeNode
import JSON
import Storage
import Terminology

/// `hie document check`.
struct DocumentCheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Review C-CDA documents before they leave: what is wrong, where, how to mend it.",
        discussion: """
            Needs no node. A folder stands for the .xml files in it. Findings are errors to mend \
            first, warnings, and advice; each with its place, its rule and the regulation behind it. \
            Codes are looked up in the releases that were imported (hie terminology); without one, \
            only their form is looked at. Exits 1 when a document has an error, 0 otherwise.

            EXAMPLE
              hie document check discharge.xml
              hie document check discharge.xml --errors-only --releases ./codes
              hie document check ./outbox --json | jq -r 'select(.errors > 0) | .file'
            """)

    @Argument(help: "Files or folders; - reads stdin.") var files: [String]
    @Flag(help: "Print errors alone.") var errorsOnly = false
    @OptionGroup var terminology: TerminologyOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let paths = try DocumentFiles.paths(files)
        let releases = try terminology.reading().releases()
        var refused = 0
        var wrong = 0
        for path in paths {
            let findings = try DocumentFindings(path)
            let review = try findings.review(now: World.system.now(), releases: releases)
            if findings.fault != nil { refused += 1 }
            if findings.fault != nil || review.contains(where: { $0.grade == .error }) { wrong += 1 }
            if output.json {
                terminal.resultLine(json(path, findings, review))
            } else {
                show(path, findings, review, on: terminal)
            }
        }
        if paths.count > 1 {
            terminal.words("\(Words.count(paths.count - refused, "document")) can be published, \(refused) cannot")
        }
        if wrong > 0 { throw ExitStatus.failed.exit }
    }

    private func shown(_ review: [ReviewFinding]) -> [ReviewFinding] {
        review.filter { !errorsOnly || $0.grade == .error }
    }

    private func show(_ path: String, _ findings: DocumentFindings, _ review: [ReviewFinding], on terminal: Terminal) {
        if let refusal = findings.refusal {
            return terminal.result("\(path): cannot be read: \(refusal.description)", .bad)
        }
        let counts = Self.counted(review)
        let isBad = findings.fault != nil
        terminal.result(
            "\(path): " + (isBad ? "cannot be published" : "can be published")
                + (counts.isEmpty ? ", nothing to mend" : ": " + counts),
            isBad ? .bad : review.contains { $0.grade == .error } ? .doubtful : .good)
        for finding in shown(review) {
            let basis = finding.basis.map { " [\($0)]" } ?? ""
            terminal.result("  \(finding.grade.rawValue)  \(finding.path): \(finding.message)\(basis)", Self.paint(finding.grade))
        }
    }

    /// `2 errors, 1 warning, 3 pieces of advice`; empty when there is nothing to say.
    private static func counted(_ review: [ReviewFinding]) -> String {
        ReviewFinding.Grade.allCases.compactMap { grade in
            let count = review.count { $0.grade == grade }
            guard count > 0 else { return nil }
            switch grade {
            case .error, .warning: return Words.count(count, grade.rawValue)
            case .advice: return Words.count(count, "piece") + " of advice"
            }
        }.joined(separator: ", ")
    }

    private static func paint(_ grade: ReviewFinding.Grade) -> Terminal.Paint {
        switch grade {
        case .error: .bad
        case .warning: .doubtful
        case .advice: .quiet
        }
    }

    private func json(_ path: String, _ findings: DocumentFindings, _ review: [ReviewFinding]) -> JSONValue {
        var object: JSONObject = ["file": .string(path), "publishable": .bool(findings.fault == nil)]
        object["uniqueId"] = findings.document?.uniqueID.map { .string($0) }
        object["title"] = findings.document?.title.map { .string($0) }
        var list: [JSONValue] = []
        if let refusal = findings.refusal {
            list.append([
                "severity": "error", "rule": "readable", "path": .string(refusal.location ?? ""),
                "message": .string(refusal.message),
            ])
        }
        for (name, grade) in [("errors", ReviewFinding.Grade.error), ("warnings", .warning), ("advice", .advice)] {
            let unreadable = grade == .error ? list.count : 0
            object[name] = .number(String(review.count { $0.grade == grade } + unreadable))
        }
        for finding in shown(review) {
            var row: JSONObject = [
                "severity": .string(finding.grade.rawValue), "rule": .string(finding.rule.rawValue),
                "path": .string(finding.path), "message": .string(finding.message),
            ]
            row["basis"] = finding.basis.map { .string($0) }
            list.append(.object(row))
        }
        object["findings"] = .array(list)
        return .object(object)
    }
}

extension DocumentFindings {
    /// What every rule of the house has to say of the document, worst first; nothing when it cannot be read.
    func review(now: Timestamp, releases: TerminologyReleases) throws(ExchangeError) -> [ReviewFinding] {
        guard let root, let document else { return [] }
        return try DocumentReviewer.review(root, header: document, now: now, releases: releases)
    }
}

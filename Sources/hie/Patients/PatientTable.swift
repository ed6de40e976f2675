import AdminEndpoint
import ExchangeCore
import ExchangeNode
import JSON
import PatientIndex

/// Tables of questions and answers about patients (CSV).
enum PatientTable {
    private static let chunk = 200

    /// What a table of questions came to.
    private struct Summary {
        /// Questions that were asked.
        var questions = 0
        /// Those of which somebody is certain.
        var certain = 0
        /// Those with somebody to look at.
        var answered = 0
        /// Rows that are no question.
        var refusals = TableRefusals()
        /// Lines of the answers.
        var written: [String] = []

        mutating func take(_ asked: JSONValue) {
            if let reason = asked["refused"]?.string {
                return refusals.add(line: asked["line"]?.integer ?? 0, reason: reason)
            }
            questions += 1
            let persons = asked["persons"]?.items ?? []
            if persons.contains(where: { $0["grade"]?.string == "certain" }) { certain += 1 }
            if !persons.isEmpty { answered += 1 }
            let row = CSVCells.quoted(asked["row"]?.string ?? "")
            for person in persons {
                let record = CSVCells.quoted(person["record"]?.string ?? "")
                written.append(
                    "\(row),\(record),\(PatientTable.bits(person["millibits"]?.integer ?? 0)),\(person["grade"]?.string ?? "")")
            }
        }
    }

    /// Asks every row of a table and writes the answers: best first, one line a person.
    static func match(
        _ path: String, out: String, profile: String, home: HomeOptions, output: OutputOptions, on terminal: Terminal,
    ) async throws {
        let profile = try MatchProfile(profile)
        let way = try await IdentityWay.open(home, policy: profile.policy)
        let summary: Summary
        do {
            summary = try await Progress.during("matching \(path)", world: .system, on: terminal) { progress in
                try await ask(path, out: out, profile: profile, way, progress)
            }
        } catch {
            try? await way.close()
            throw error
        }
        try await way.close()
        if output.json {
            terminal.result([
                "questions": .number(String(summary.questions)), "certain": .number(String(summary.certain)),
                "answered": .number(String(summary.answered)), "refused": summary.refusals.json,
            ])
        } else {
            summary.refusals.show("refused", on: terminal)
            terminal.result(
                "\(summary.questions) questions: \(summary.certain) certain, \(summary.answered) with somebody to look at")
        }
        try summary.refusals.fail("refused", hint: "mend them and ask again: the others are answered")
    }

    private static func ask(
        _ path: String, out: String, profile: MatchProfile, _ way: IdentityWay, _ progress: Progress,
    ) async throws -> Summary {
        var file = try TableFile(path)
        var summary = Summary()
        var isDone = false
        while !isDone {
            let first = file.number + 1
            var batch: [JSONValue] = []
            while batch.count < chunk {
                guard let line = try file.next() else {
                    isDone = true
                    break
                }
                batch.append(.string(String(decoding: line, as: UTF8.self)))
            }
            var question = profile.arguments
            question["header"] = .string(file.header)
            question["lines"] = .array(batch)
            question["first"] = .number(String(first))
            let answer = try await way.ask(.patientLookUp, question)
            for asked in answer["answers"]?.items ?? [] { summary.take(asked) }
            progress.note("\(summary.questions) questions")
        }
        try write("q_id,rec_id,score,grade", summary.written, to: out)
        return summary
    }

    /// Thousandths of a bit as bits: `12.345`.
    static func bits(_ millibits: Int) -> String {
        let size = abs(millibits)
        let rest = String(1000 + size % 1000).dropFirst()
        return (millibits < 0 ? "-" : "") + "\(size / 1000).\(rest)"
    }

    /// Writes a table whole, or leaves what was there.
    static func write(_ header: String, _ lines: [String], to path: String) throws {
        let text = header + "\n" + lines.map { $0 + "\n" }.joined()
        try LocalFile.write(Array(text.utf8), to: path)
    }
}

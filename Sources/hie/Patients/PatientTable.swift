import AdminEndpoint
import ExchangeCore
import ExchangeNode
import JSON
import PatientIndex

/// Tables of questions and answers about patients (CSV).
enum PatientTable {
    private static let chunk = 200

    /// Asks every row of a table and writes the answers: best first, one line a person.
    static func match(
        _ path: String, out: String, profile: String, home: HomeOptions, output: OutputOptions, on terminal: Terminal,
    ) async throws {
        let profile = try MatchProfile(profile)
        let way = try await IdentityWay.open(home, policy: profile.policy)
        let counts: [Int]
        do {
            counts = try await Progress.during("matching \(path)", world: .system, on: terminal) { progress in
                try await ask(path, out: out, profile: profile, way, progress)
            }
        } catch {
            try? await way.close()
            throw error
        }
        try await way.close()
        if output.json {
            return terminal.result([
                "questions": .number(String(counts[0])), "certain": .number(String(counts[1])),
                "answered": .number(String(counts[2])),
            ])
        }
        terminal.result("\(counts[0]) questions: \(counts[1]) certain, \(counts[2]) with somebody to look at")
    }

    private static func ask(
        _ path: String, out: String, profile: MatchProfile, _ way: IdentityWay, _ progress: Progress,
    ) async throws -> [Int] {
        var lines = try TextLines(path)
        guard let header = try lines.next() else {
            throw CommandFailure(.failed, "\(path) is empty", hint: "its first line names the columns")
        }
        var written: [String] = []
        var (questions, certain, answered) = (0, 0, 0)
        var isDone = false
        while !isDone {
            let first = lines.number + 1
            var batch: [JSONValue] = []
            while batch.count < chunk {
                guard let line = try lines.next() else {
                    isDone = true
                    break
                }
                batch.append(.string(String(decoding: line, as: UTF8.self)))
            }
            var question = profile.arguments
            question["header"] = .string(String(decoding: header, as: UTF8.self))
            question["lines"] = .array(batch)
            question["first"] = .number(String(first))
            let answer = try await way.ask(.patientLookUp, question)
            for asked in answer["answers"]?.items ?? [] {
                questions += 1
                let persons = asked["persons"]?.items ?? []
                if persons.contains(where: { $0["grade"]?.string == "certain" }) { certain += 1 }
                if !persons.isEmpty { answered += 1 }
                for person in persons {
                    let row = CSVCells.quoted(asked["row"]?.string ?? "")
                    let record = CSVCells.quoted(person["record"]?.string ?? "")
                    written.append(
                        "\(row),\(record),\(bits(person["millibits"]?.integer ?? 0)),\(person["grade"]?.string ?? "")")
                }
            }
            progress.note("\(questions) questions")
        }
        try write("q_id,rec_id,score,grade", written, to: out)
        return [questions, certain, answered]
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

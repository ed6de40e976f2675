import ExchangeCore
import ExchangeNode
import FHIRModel
import JSON

/// The second and third acts: registrations and documents.
extension DemoStage {
    func registerPatients() async throws -> String {
        try LocalFile.makeFolder(folder + "/patients")
        var added = 0
        for (index, registration) in plan.registrations.enumerated() {
            let file = "patients/\(registration.facility)-\(index + 1).json"
            try LocalFile.write(JSONWriter.pretty(.object(registration.resource)), to: folder + "/" + file)
            let answer = try await hie(
                ["patient", "add", "--home", registration.facility, "--file", file],
                telling: index == 0 ? .command : .nothing)
            guard answer.isDone, let id = answer.lines.first else {
                check(false, "\(registration.facility) did not register \(file): \(answer.complaint)")
                continue
            }
            if index == 0 { teller.output(id) }
            added += 1
            if registration.person == plan.subject, registration.facility == scene.at { patient = id }
        }
        if plan.registrations.count > 1 { teller.output("... and so for the others") }
        teller.line()
        let people = Set(plan.registrations.map(\.person))
        let shown = people.count > 5 ? [plan.subject] : Self.inOrder(plan.registrations.map(\.person))
        var table = Table("FACILITY", "NUMBER", "NAME", "BORN", "ADDRESS", "TELEPHONE")
        for registration in shown.flatMap(plan.registrations(of:)) {
            let facts = registration.demographics
            table.add(
                .init(registration.facility), .init(DemoTeller.short(registration.identifiers.first?.value ?? "", 18)),
                .init(DemoTeller.short(PatientWords.name(registration.resource), 24)),
                .init(String(facts.birthDate?.text.prefix(10) ?? "")),
                .init(DemoTeller.short(facts.addresses.first?.lines.first ?? "", 22)),
                .init(DemoTeller.short(facts.phones.first ?? "", 18)))
        }
        teller.output(table)
        if shown.count < people.count { teller.output("the scene's patient; \(people.count - 1) others beside") }
        check(
            added == plan.registrations.count,
            "\(Words.count(added, "registration")) of \(people.count) \(people.count == 1 ? "person" : "people")")
        guard !patient.isEmpty else {
            throw CommandFailure(.failed, "the scene's patient is not registered at \(scene.at)")
        }
        return "\(Words.count(added, "registration")) of \(people.count) \(people.count == 1 ? "person" : "people")"
    }

    func publishDocuments() async throws -> String {
        let facilities = Self.inOrder(plan.documents.map(\.facility))
        var runs: [(facility: String, run: DemoCommandRun)] = []
        for (index, slug) in facilities.enumerated() {
            let paths = plan.documents.filter { $0.facility == slug }.map(\.path)
            let command = ["document", "publish", "--as", try node(slug).publisher]
            let some = index == 0 && paths.count > 3 ? Array(paths.prefix(2)) : paths.count > 3 ? [paths[0]] : paths
            let rest = paths.count - some.count
            teller.command(command + some, remark: rest > 0 ? "...   # and \(rest) more" : "")
            for part in stride(from: 0, to: paths.count, by: 500) {
                runs.append((slug, try start(command + ["--json"] + paths[part..<min(part + 500, paths.count)])))
            }
        }
        var answers: [String: [JSONValue]] = [:]
        var stops: [String] = []
        for (facility, run) in runs {
            let answer = try await run.transcript(within: .seconds(900))
            answers[facility, default: []] += answer.jsonLines
            if answer.code != 0, answer.code != 1 { stops.append("\(facility): \(answer.complaint)") }
        }
        for document in plan.documents {
            guard let index = answers[document.facility]?.firstIndex(where: { $0.text("file") == document.path }),
                let answer = answers[document.facility]?.remove(at: index)
            else { continue }
            if answer["published"]?.bool == true {
                published.append((document, answer.text("id")))
            } else {
                refused.append((document, answer.text("reason")))
            }
        }
        tellPublished()
        for stop in stops { check(false, stop) }
        check(
            published.count + refused.count == plan.documents.count,
            "\(Words.count(plan.documents.count, "file")): \(published.count) published, \(refused.count) refused with the reason"
        )
        check(!published.isEmpty, "published documents are durable at \(Self.names(facilities))")
        if !published.contains(where: { $0.document.person == plan.subject }) {
            throw CommandFailure(.failed, "nothing of the scene's patient was published")
        }
        return "\(published.count) published, \(refused.count) refused with the reason"
    }

    private func tellPublished() {
        teller.line()
        if plan.documents.count <= 12 {
            var table = Table("FACILITY", "FILE", "OUTCOME")
            for (document, _) in published {
                table.add(.init(document.facility), .init(DemoTeller.short(document.name, 44)), "published")
            }
            for (document, reason) in refused {
                table.add(.init(document.facility), .init(DemoTeller.short(document.name, 44)), .init(reason))
            }
            return teller.output(table)
        }
        var table = Table("FACILITY", "PUBLISHED", "REFUSED")
        for slug in Self.inOrder(plan.documents.map(\.facility)) {
            table.add(
                .init(slug), .init(String(published.count { $0.document.facility == slug })),
                .init(String(refused.count { $0.document.facility == slug })))
        }
        teller.output(table)
        guard !refused.isEmpty else { return }
        teller.line()
        teller.output("Refused, by reason (each file with its reason: \(folder)/refused.tsv)", .quiet)
        let text = refused.map { $0.document.path + "\t" + Terminal.clean($0.reason) + "\n" }.joined()
        try? LocalFile.write(Array(text.utf8), to: folder + "/refused.tsv")
        for (reason, names) in Self.grouped(refused.map { (Self.kind($0.reason), $0.document.name) }) {
            let count = String(names.count)
            let filling = String(repeating: " ", count: max(0, 4 - count.count))
            for (index, part) in DemoTeller.wrapped(reason, columns: 80).enumerated() {
                teller.output((index == 0 ? filling + count : "    ") + "  " + part)
            }
            teller.output("      such as " + DemoTeller.short(names[0], 72), .quiet)
        }
    }

    /// A reason without its place in the file, so that alike ones can be counted together.
    private static func kind(_ reason: String) -> String {
        guard let end = reason.lastIndex(of: "("), reason[end...].hasPrefix("(byte ") else { return reason }
        return String(reason[..<end].dropLast())
    }

    private static func grouped(_ rows: [(key: String, value: String)]) -> [(key: String, values: [String])] {
        let groups = Dictionary(grouping: rows, by: \.key)
        return inOrder(rows.map(\.key)).map { ($0, (groups[$0] ?? []).map(\.value)) }
            .sorted { $0.1.count > $1.1.count }
    }

    /// Each text once, as they first come.
    static func inOrder(_ texts: [String]) -> [String] {
        var seen: Set<String> = []
        return texts.filter { seen.insert($0).inserted }
    }
}

import DocumentExchange
import ExchangeCore
import ExchangeNode
import FHIRModel
import JSON

/// The fourth act: a clinician elsewhere finds her patient, the whole record, and the exact bytes.
extension DemoStage {
    /// The clinician of the scene, as `--as` takes her.
    var clinician: String { "\(scene.at)/clients/\(scene.clinician)" }

    /// What a find of the scene's patient is to bring: published about them, and normal to show unasked.
    var expected: Set<String> {
        Set(published.filter { $0.document.person == plan.subject && $0.document.isNormal }.map(\.id))
    }

    func askForRecord() async throws -> String {
        try await matchPatient()
        let answer = try await hie(
            ["document", "find", "--as", clinician, "--patient", patient], json: true, within: .seconds(60))
        record = DemoRecord(answer.json)
        tell(record)
        let sources = Set(record.documents.map(\.home))
        let places = "\(sources.count) \(sources.count == 1 ? "facility" : "facilities")"
        check(
            answer.code == ExitStatus.done.rawValue && record.isComplete && !record.documents.isEmpty,
            "one list of \(Words.count(record.documents.count, "document")) from "
                + "\(places), complete, in \(DemoTeller.time(answer.took))")
        check(
            record.communities.count == nodes.count,
            "a line for each of the \(nodes.count) facilities says what it answered")
        let all = try await hie(
            ["document", "find", "--as", clinician, "--patient", patient, "--superseded"], json: true, telling: .nothing
        )
        let found = DemoRecord(all.json)
        let hidden = published.count { $0.document.person == plan.subject } - expected.count
        let replaced = found.documents.count - record.documents.count
        check(
            found.ids == expected,
            "with --superseded all \(expected.count) that were published about the patient, and no other"
                + (replaced > 0 ? "; \(replaced) replaced by a later version" : "")
                + (hidden > 0 ? "; \(hidden) restricted, which a community's default does not show" : ""))
        let opened = try await openDocuments()
        return "\(Words.count(record.documents.count, "document")) of \(places); bytes of \(opened) compared"
    }

    private func matchPatient() async throws {
        guard let own = plan.registration(of: plan.subject, at: scene.at), let name = own.demographics.names.first
        else {
            throw CommandFailure(.failed, "the scene's patient has no name")
        }
        var arguments = ["patient", "match", "--as", clinician, "--family", name.family]
        if let given = name.given.first { arguments += ["--given", given] }
        if let born = own.demographics.birthDate { arguments += ["--birth-date", String(born.text.prefix(10))] }
        if let sex = own.demographics.sex { arguments += ["--sex", sex.rawValue] }
        let answer = try await hie(arguments, json: true)
        let matches = answer.json["matches"]?.items ?? []
        var table = Table("PATIENT", "GRADE", "SCORE", "NAME", "BORN")
        for match in matches {
            guard let person = match["patient"]?.object else { continue }
            table.add(
                .init(person["id"]?.string ?? ""), .init(match.text("grade")), .init(match.text("score")),
                .init(DemoTeller.short(PatientWords.name(person), 30)),
                .init(PatientMapping.demographics(person).birthDate?.text ?? ""))
        }
        teller.output(table)
        check(
            answer.isDone && matches.first?["patient"]?["id"]?.string == patient,
            answer.isDone
                ? "found by name, birth date and sex: \(matches.first.text("grade")) match"
                : "patient match: \(answer.codeText): \(answer.complaint)")
    }

    /// Prints a list of documents, and what each community said.
    func tell(_ record: DemoRecord) {
        if record.documents.isEmpty {
            teller.output("no documents", .quiet)
        } else {
            var table = Table("DATE", "DOCUMENT", "FACILITY")
            for document in record.documents.prefix(12) {
                table.add(
                    .init(String(document.date.prefix(10))), .init(DemoTeller.short(document.title, 44)),
                    .init(document.source))
            }
            teller.output(table)
            if record.documents.count > 12 { teller.output("... and \(record.documents.count - 12) more") }
        }
        teller.line()
        for community in record.communities {
            let isGap = !["answered", "none", "skipped"].contains(community.answer)
            teller.output((isGap ? "MISSING  " : "ok  ") + community.sentence, isGap ? .bad : .plain)
        }
    }

    /// How a person puts a document's address of the list into a variable of the shell.
    func tellAddress(of document: DemoRecord.Document) {
        guard let index = record.documents.firstIndex(of: document) else { return }
        teller.command(
            ["document", "find", "--as", clinician, "--patient", patient], opening: "url=$(hie",
            remark: "--json | jq -r '.documents[\(index)].url')")
    }

    /// Opens one document of each facility, and compares its bytes with the file that was published; how many.
    private func openDocuments() async throws -> Int {
        try LocalFile.makeFolder(folder + "/opened")
        var opened = 0
        for source in Self.inOrder(record.documents.map(\.home)) {
            guard let document = record.documents.first(where: { $0.home == source }),
                let original = published.first(where: { $0.id == document.id })?.document
            else { continue }
            opened += 1
            let copy = "opened/\(opened).xml"
            tellAddress(of: document)
            let get = ["document", "get", "--as", clinician]
            let answer = try await hie(
                get + [document.url, "--output", copy], telling: .instead(get + ["$url", "--output", copy])
            ).demanded("the document was not fetched")
            teller.output(answer.complaint)
            let mine = try LocalFile.read(folder + "/" + copy)
            let theirs = try LocalFile.read(original.path)
            teller.output("sha256 published  " + Hexadecimal.encode(ContentDigest(theirs).sha256))
            teller.output("sha256 received   " + Hexadecimal.encode(ContentDigest(mine).sha256))
            check(mine == theirs, "byte for byte \(original.name) as \(document.source) published it")
        }
        return opened
    }
}

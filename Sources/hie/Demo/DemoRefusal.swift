import ExchangeCore
import ExchangeNode
import FHIRModel
import JSON

/// The fifth act: a refusal hides documents as if they did not exist, follows the patient to every facility, and its
/// revocation brings them back.
extension DemoStage {
    func refuse() async throws -> String {
        let holder = try node(scene.refusesAt)
        let asking = try node(scene.at)
        guard let registration = plan.registration(of: plan.subject, at: scene.refusesAt),
            let shown = record.documents.first(where: { $0.home == holder.facility.community.urn })
        else {
            throw CommandFailure(
                .failed, "the scene's patient has no documents at \(scene.refusesAt) that could be refused",
                hint: "let the topology's scene name another facility")
        }
        tellAddress(of: shown)
        let recorded = try await hie([
            "consent", "record", "--home", holder.slug, "--identifier", registration.number, "--deny", "--organization",
            asking.facility.community.urn,
        ]).demanded("the refusal was not recorded")
        let directive = recorded.lines.first ?? ""
        teller.output(directive)
        teller.output(recorded.complaint)
        try await follow(directive, from: holder)
        let answer = try await hie(["document", "find", "--as", clinician, "--patient", patient], json: true)
        let without = DemoRecord(answer.json)
        tell(without)
        check(
            answer.isDone && without.documents.isEmpty,
            "the refusal followed the patient: \(Words.count(record.documents.count, "document")) gone, "
                + "wherever they are")
        try await compareWithNothing(holder, refused: without, hidden: shown)
        try await tellOwnReader(holder, registration)
        let revoked = try await hie(["consent", "revoke", directive, "--home", holder.slug])
            .demanded("the refusal was not revoked")
        teller.output(revoked.complaint)
        try await follow(directive, from: holder)
        let again = try await hie(["document", "find", "--as", clinician, "--patient", patient], json: true)
        let back = DemoRecord(again.json)
        tell(back)
        check(
            again.isDone && back.documents == record.documents,
            "revoked: all \(record.documents.count) are back")
        return "hidden as if nothing were there, then back"
    }

    /// Waits until no facility that holds the patient's records is without the directive's newest version, and shows it.
    private func follow(_ directive: String, from holder: DemoNode) async throws {
        let began = world.uptime()
        let show = ["consent", "show", directive, "--home", holder.slug]
        while true {
            let answer = try await hie(show, json: true, telling: .nothing)
            let rows = answer.json["communities"]?.items ?? []
            if !rows.isEmpty, rows.allSatisfy({ $0.text("state") != "pending" }) { break }
            guard world.uptime() - began < .seconds(30) else {
                throw CommandFailure(.failed, "the directive did not reach every facility within 30 seconds")
            }
            try await world.sleep(.milliseconds(50))
        }
        for line in try await hie(show).demanded("the directive cannot be shown").lines { teller.output(line) }
    }

    /// A facility's answer about a refusing patient beside its answer about somebody it has never heard of, and a
    /// hidden document beside one that never was.
    private func compareWithNothing(_ holder: DemoNode, refused: DemoRecord, hidden: DemoRecord.Document) async throws {
        teller.line()
        teller.prose("Beside it: what \(holder.slug) says about somebody it has never heard of.")
        let stranger =
            try await hie([
                "patient", "add", "--home", scene.at, "--identifier",
                "\(try node(scene.at).facility.community.urn).1|ED-000001",
                "--family", "Nowhere-Known", "--given", "Zephyrine", "--birth-date", "1931-12-31", "--sex", "female",
            ]).demanded("the stranger was not registered").lines.first ?? ""
        let asked = try await hie(["document", "find", "--as", clinician, "--patient", stranger], json: true)
        let nothing = DemoRecord(asked.json)
        let left = refused.answer(of: holder.facility)
        let right = nothing.answer(of: holder.facility)
        teller.output("refused   " + (left?.sentence ?? "no line"))
        teller.output("unknown   " + (right?.sentence ?? "no line"))
        check(left != nil && left == right, "the same answer, to the letter")
        teller.line()
        teller.prose("And a hidden document, by the address from before, beside one that never was.")
        let never = Self.otherID(hidden.id)
        let get = ["document", "get", "--as", clinician]
        let output = ["--output", "opened/hidden.xml"]
        let first = try await hie(get + [hidden.url] + output, telling: .instead(get + ["$url"] + output))
        teller.output("\(first.complaint) (\(first.codeText))")
        teller.shell("other=${url/\(hidden.id)/\(never)}")
        let second = try await hie(
            get + [Self.replacing(hidden.id, with: never, in: hidden.url)] + output,
            telling: .instead(get + ["$other"] + output))
        teller.output("\(second.complaint) (\(second.codeText))")
        check(
            first.code == ExitStatus.notFound.rawValue && first.code == second.code && first.errors == second.errors
                && !LocalFile.exists(folder + "/opened/hidden.xml"),
            "a hidden document and one that never was: the same words, the same exit code")
    }

    /// The facility's own physician is not refused: the directive names who is.
    private func tellOwnReader(_ holder: DemoNode, _ registration: DemoPlan.Registration) async throws {
        let answer = try await hie(
            ["document", "find", "--as", holder.reader, "--identifier", registration.number], json: true)
        let own = DemoRecord(answer.json)
        let line = own.answer(of: holder.facility)?.sentence ?? answer.complaint
        teller.output(line)
        check(
            own.documents.contains { $0.home == holder.facility.community.urn },
            "the patient refused the other facility only: \(holder.slug)'s own physician still sees them")
    }

    /// An id of the same form that nothing has.
    private static func otherID(_ id: String) -> String {
        guard let last = id.last else { return id }
        return id.dropLast() + (last == "0" ? "1" : "0")
    }

    private static func replacing(_ old: String, with new: String, in text: String) -> String {
        text.split(separator: old, maxSplits: 1, omittingEmptySubsequences: false).joined(separator: new)
    }
}

import Foundation
import JSON
import Testing

/// For every command its commonest mistake: what is said, and the exit code, as `Tests/transcripts/mistakes.txt` has it.
///
/// `HIE_RECORD=1` writes the file anew; what changed in it is to be read like any other change. DIR stands for the test's folder;
/// `DIR/node` holds a node that does not run.
@Suite struct TranscriptTests {
    private static let golden = Repository.root.appendingPathComponent("Tests/transcripts/mistakes.txt")

    /// One command line each; words with blanks in them stand in single quotes.
    private static let mistakes = """
        hie statsu
        hie init --home DIR/node --name A --community 1.2.3 --consent opt-in
        hie init --home DIR/new --name A --community one.two --consent opt-in
        hie init --home DIR/new --name A --community 1.2.3 --consent maybe
        hie init --home DIR/new --name A --community 1.2.3 --consent opt-in --network DIR/no-network
        hie init --home DIR/new --name A --community 1.2.3
        hie run --home DIR/none
        hie run --set log=loud
        hie status
        hie status --home DIR/none
        hie status --context nowhere
        hie doctor --home DIR/none
        hie limits
        hie config show --home DIR/none
        hie config show --set limits.nestin=9
        hie config check DIR/missing.yaml
        hie config check DIR/wrong.yaml
        hie config reload
        hie config schema --jsn
        hie approve list
        hie approve show
        hie approve accept seventeen
        hie approve reject
        hie context list --home DIR/node
        hie context use nowhere
        hie context add hospital
        hie context remove nowhere
        hie journal rebuild --home DIR/none
        hie journal repair --home DIR/none
        hie journal rotate-key --home DIR/none
        hie journal follow --to DIR/node
        hie journal promote --home DIR/none
        hie upgrade --home DIR/none
        hie upgrade --dry-run
        hie backup key --out DIR/a
        hie backup create --to DIR/backup --recovery DIR/missing.public
        hie backup verify DIR/no-backup
        hie backup restore DIR/no-backup --home DIR/new --key DIR/missing.key
        hie keyring rotate
        hie keyring backup --to DIR/k --recovery DIR/missing.public
        hie keyring restore DIR/missing --key DIR/missing.key
        hie debug bundle
        hie demo --topology DIR/missing.yaml
        hie completion tcsh
        hie manual
        hie version --verbose
        hie certificate init
        hie certificate issue
        hie certificate list --home DIR/none
        hie certificate forecast --home DIR/none
        hie certificate renew --network DIR/no-network
        hie certificate request --use server
        hie certificate sign DIR/missing.csr --network DIR/no-network --community 1.2.3
        hie certificate import DIR/missing.pem --use clients
        hie certificate revoke --client nobody
        hie certificate rotate --network DIR/no-network
        hie certificate show DIR/missing.pem
        hie certificate pins --home DIR/none
        hie token issue --client nobody --user dr.x --role physician --purpose TREAT
        hie access roles --role physician
        hie access explain --do everything
        hie access explain --role clerk --purpose TREAT --do find-documents
        hie invite --network DIR/no-network --request DIR/missing.txt
        hie join
        hie join not-a-token
        hie peer list
        hie peer show 1.2.3
        hie peer approve hospital
        hie peer block hospital
        hie peer revoke 1.2.3
        hie peer ping 1.2.3
        hie directory list
        hie directory show hospital
        hie directory export
        hie directory watch
        hie directory doctor
        hie directory leave
        hie directory adopt
        hie query
        hie query 3f0c5c1e-0000-4000-8000-000000000000
        hie patient add
        hie patient add --identifier MRN-1 --family Example
        hie patient find
        hie patient explain one
        hie patient golden
        hie patient history
        hie patient import DIR/missing.csv
        hie patient match DIR/missing.csv
        hie patient merge one other
        hie patient model activate
        hie patient model diff
        hie patient model learn --home DIR/none
        hie patient model show --home DIR/none
        hie patient review list --home DIR/none
        hie patient review show
        hie patient review link one other
        hie patient review reject one
        hie patient review skip one
        hie patient review recheck --home DIR/none
        hie document import DIR/missing.json --dry-run
        hie document import DIR/wrong.yaml --dry-run
        hie patient show
        hie patient undo one
        hie patient unlink one
        hie document check DIR/missing.xml
        hie document publish DIR/missing.xml
        hie document find
        hie document get not-an-id
        hie document show not-an-id
        hie consent record
        hie consent record --patient 3f0c5c1e-0000-4000-8000-000000000000
        hie consent revoke
        hie consent list
        hie consent show
        hie consent history
        hie consent explain --user dr.x
        hie consent what-if
        hie audit patient
        hie audit search --from yesterday
        hie audit alerts list
        hie audit alerts review 1
        hie audit alerts close 1
        hie audit verify --home DIR/none
        hie audit prove 17
        hie audit check DIR/missing.json
        hie audit keys
        hie audit witness
        hie retention plan
        hie retention apply
        hie retention hold
        hie retention release --patient 3f0c5c1e-0000-4000-8000-000000000000
        hie retention holds
        hie retention erase --ground request
        hie feed status
        hie feed dead-letter list
        hie feed dead-letter show
        hie feed dead-letter retry
        hie feed undelivered list
        hie feed undelivered send
        hie terminology import DIR/missing.txt --system icd-10-cm --release 2026
        hie terminology list DIR/none
        hie terminology lookup I50
        hie terminology validate I50 --system no-system
        """.split(separator: "\n").map(String.init)

    private static func words(_ line: String, _ folder: String) -> [String] {
        line.split(separator: "'", omittingEmptySubsequences: false).enumerated().flatMap { number, part -> [String] in
            number % 2 == 1 ? [String(part)] : part.split(separator: " ").map(String.init)
        }.dropFirst().map { $0.replacingOccurrences(of: "DIR", with: folder) }
    }

    @Test func `every command says what is wrong, what to do, and how it ended, as it did before`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let made = try await Program().run(
            "init", "--home", folder.path + "/node", "--name", "A", "--community", "1.2.3", "--consent", "opt-in")
        try #require(made.code == 0, "\(made.errors)")
        _ = try folder.file("wrong.yaml", text: "name: A\ncommunitty: 1.2.3\nclients: here\nconsent: opt-in\n")
        let program = Program(environment: ["HIE_HOME": folder.path + "/node", "XDG_CONFIG_HOME": folder.path, "COLUMNS": "100"])
        let path = folder.path
        let transcripts = try await withThrowingTaskGroup(of: (Int, String).self) { group in
            var found = [String](repeating: "", count: Self.mistakes.count)
            var next = 0
            func start() {
                guard next < Self.mistakes.count else { return }
                let (number, line) = (next, Self.mistakes[next])
                next += 1
                group.addTask {
                    let transcript = try await program.run(Self.words(line, path))
                    let said = (transcript.text + transcript.errors).replacingOccurrences(of: path, with: "DIR")
                    return (number, "$ \(line)\n\(said)[\(transcript.code)]\n")
                }
            }
            for _ in 0..<4 { start() }
            while let (number, text) = try await group.next() {
                found[number] = text
                start()
            }
            return found
        }
        let text = transcripts.joined(separator: "\n")
        if ProcessInfo.processInfo.environment["HIE_RECORD"] == "1" {
            try text.write(to: Self.golden, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOf: Self.golden, encoding: .utf8).components(separatedBy: "\n\n$ ")
        let now = text.components(separatedBy: "\n\n$ ")
        for (before, after) in zip(kept, now) where before != after {
            Issue.record("it was\n\(before)\nand is\n\(after)\nHIE_RECORD=1 writes Tests/transcripts/mistakes.txt anew")
        }
        #expect(kept.count == now.count)
        for (line, transcript) in zip(Self.mistakes, transcripts) where transcript.hasSuffix("[0]\n") {
            Issue.record("no mistake: \(line)")
        }
    }

    @Test func `no command is without its mistake`() async throws {
        let dump = try await Program().run("--experimental-dump-help")
        func leaves(_ node: JSONValue, _ above: String) -> [String] {
            guard let name = node["commandName"]?.string, name != "help" else { return [] }
            let path = above.isEmpty ? name : above + " " + name
            let below = (node["subcommands"]?.items ?? []).flatMap { leaves($0, path) }
            return below.isEmpty ? [path] : below
        }
        let commands = (dump.json?["command"]).map { leaves($0, "") } ?? []
        #expect(commands.count > 100)
        let missing = commands.filter { command in !Self.mistakes.contains { $0 == command || $0.hasPrefix(command + " ") } }
        #expect(missing.isEmpty)
    }
}

import Foundation
import JSON
import Testing

/// Tables with faults, loaded and asked at rest: what is wrong is named by its line, and the rest is taken.
struct PatientTableFaultsTests {
    private static let header = "rec_id,source,mrn,last_name,first_name,dob,sex,phone"

    /// A node's folder in which nothing runs.
    private static func rest(in folder: Folder, _ name: String = "hospital") async throws -> Program {
        let network = folder.path + "/network"
        let program = Program()
        if !FileManager.default.fileExists(atPath: network) {
            _ = try await program.run("certificate", "init", "--network", network)
        }
        let home = folder.path + "/" + name
        let ports = try Ports.free(2)
        let made = try await program.run(
            "init", "--home", home, "--name", name, "--community", "1.3.6.1.4.1.21367.2026.10", "--consent", "opt-out",
            "--clients", "127.0.0.1:\(ports[0])", "--peers", "127.0.0.1:\(ports[1])", "--network", network)
        try #require(made.code == 0, "\(made.errors)")
        return Program(environment: ["HIE_HOME": home])
    }

    private static func load(_ admin: Program, _ folder: Folder, _ rows: String, _ more: String...) async throws -> Transcript {
        let table = try folder.file("records.csv", text: header + "\n" + rows)
        return try await admin.run(["patient", "import", table] + more)
    }

    private static func text(_ folder: Folder, _ file: String) throws -> String {
        try String(contentsOfFile: folder.path + "/" + file, encoding: .utf8)
    }

    @Test func `a row of too few or too many columns is left out and named, the others are taken`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let admin = try await Self.rest(in: folder)
        let rows = "R1,F1,1,Smythe, Jr,Ann,1960-01-01,F,\nshort,row,only\nR2,F1,2,Mohr,Alice,1958-01-30,F,\n"
        let loaded = try await Self.load(admin, folder, rows)
        #expect(loaded.code == 1)
        #expect(loaded.text.contains("1 rows (0 known before)"))
        #expect(loaded.errors.contains("line 2 was left out: 9 columns, the first line has 8"))
        #expect(loaded.errors.contains("line 3 was left out: 3 columns, the first line has 8"))
        #expect(!loaded.errors.contains("Smythe") && !loaded.errors.contains("short"))
    }

    @Test func `a second row of a rec_id is left out and named, a repeated one stays harmless`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let admin = try await Self.rest(in: folder)
        let rows = "R1,F1,1,Mohr,Alice,1958-01-30,F,\nR1,F1,2,Ruiz,Ben,1971-11-02,M,\nR1,F1,1,Mohr,Alice,1958-01-30,F,\n"
        for known in [1, 2] {
            let loaded = try await Self.load(admin, folder, rows)
            #expect(loaded.code == 1)
            #expect(loaded.text.contains("2 rows (\(known) known before), 1 persons"), "\(loaded.text)")
            #expect(loaded.errors.contains("line 3 was left out: its id is that of line 2, which says something else"))
        }
        #expect(try await admin.run("patient", "explain", "R1", "R1").code == 0)
    }

    @Test func `a table with a byte order mark is loaded and asked, one in another encoding is refused by its line`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let admin = try await Self.rest(in: folder)
        let table = try folder.file("marked.csv", text: "\u{FEFF}\(Self.header)\nR1,F1,1,Müller,Alice,1958-01-30,F,6142314433\n")
        let loaded = try await admin.run("patient", "import", table)
        #expect(loaded.code == 0 && loaded.text.contains("1 rows"), "\(loaded.errors)")
        let question = "q_id,last_name,first_name,dob,phone\nQ1,Müller,Alice,1958-01-30,6142314433\n"
        let (queries, out) = (try folder.file("queries.csv", text: "\u{FEFF}" + question), folder.path + "/answers.csv")
        let asked = try await admin.run("patient", "match", queries, "--out", out)
        #expect(asked.code == 0, "\(asked.errors)")
        #expect(try Self.text(folder, "answers.csv").contains("Q1,R1,"))

        let latin = question.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
        let (foreign, before) = (try folder.file("latin.csv", latin), try Self.text(folder, "answers.csv"))
        for refused in [
            try await admin.run("patient", "import", foreign), try await admin.run("patient", "match", foreign, "--out", out),
        ] {
            #expect(refused.code == 1)
            #expect(refused.errors.contains("the table is not UTF-8: line 2"))
            #expect(refused.errors.contains("CSV UTF-8"))
        }
        #expect(try Self.text(folder, "answers.csv") == before)
    }

    @Test func `a question that the door would refuse is refused by its line, the others are answered`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let admin = try await Self.rest(in: folder)
        _ = try await Self.load(admin, folder, "R1,F1,1,Mohr,Alice,1958-01-30,F,6142314433\n")
        let queries = """
            q_id,last_name,first_name,dob,phone
            Q1,Mo\u{0}hr,Alice,1958-01-30,6142314433
            Q2,Mohr,Alice,1961-02-30,6142314433
            Q3,Mohr,Alice
            Q4,Mohr,Alice,1958-01-30,6142314433
            Q5,,,1958-01-30,6142314433

            """
        let asked = try await admin.run(
            "patient", "match", try folder.file("queries.csv", text: queries), "--out", folder.path + "/answers.csv")
        #expect(asked.code == 1)
        #expect(asked.errors.contains("line 2 was refused: not a valid string (Patient.name[0].family)"))
        #expect(asked.errors.contains("line 3 was refused: not a valid date (Patient.birthDate)"))
        #expect(asked.errors.contains("line 4 was refused: 3 columns, the first line has 5"))
        #expect(asked.text.contains("2 questions: 1 certain"), "\(asked.text)")
        let answers = try Self.text(folder, "answers.csv")
        #expect(answers.contains("Q4,R1,") && !answers.contains("Q1,") && !answers.contains("Q2,"))
    }

    @Test func `a table loaded again writes every open review of its rows, with candidates of other tables by their rows`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let admin = try await Self.rest(in: folder)
        _ = try await Self.load(admin, folder, "A1,F1,100,Mohr,Alice,1958-01-30,F,6142314433\n")
        let review = folder.path + "/review.csv"
        let doubtful = "B1,F2,8,Mohr,Alicia,1958-01-30,F,\n"
        let first = try await Self.load(admin, folder, doubtful, "--review", review)
        #expect(first.text.contains("1 to be reviewed\n"), "\(first.text)")
        let opened = try Self.text(folder, "review.csv")
        #expect(opened.contains("\nB1,A1,"), "\(opened)")
        let again = try await Self.load(admin, folder, doubtful, "--review", review)
        #expect(again.text.contains("0 to be reviewed, 1 open in all"), "\(again.text)")
        #expect(try Self.text(folder, "review.csv") == opened)
        _ = try await admin.run("patient", "review", "skip", "B1", "--reason", "not enough to tell")
        _ = try await Self.load(admin, folder, doubtful, "--review", review)
        #expect(try Self.text(folder, "review.csv") == "rec_id,candidate_rec_id,score\n")
    }

    @Test func `a profile with a setting that is none is told all there are`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let table = try folder.file("records.csv", text: Self.header + "\n")
        let profile = try folder.file("mine.json", text: #"{"certain": 3}"#)
        let refused = try await Program().run(
            "patient", "import", table, "--profile", profile, "--home", folder.path + "/hospital")
        #expect(refused.code != 0)
        for setting in ["certain-bits", "possible-bits", "people-at-risk", "accepts-other-names", "evidence", "--help"] {
            #expect(refused.errors.contains(setting), "\(refused.errors)")
        }
    }

    @Test func `the best of a person is shown by a row's id, running and at rest`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let admin = try await Self.rest(in: folder)
        _ = try await Self.load(admin, folder, "A1,F1,100,Mohr,Alice,1958-01-30,F,6142314433\n")
        let still = try await admin.run("patient", "golden", "A1")
        #expect(still.code == 0 && still.text.contains("Alice Mohr"), "\(still.errors)")
        let node = try await RunningNode(
            folder: folder, home: folder.path + "/hospital", community: "1.3.6.1.4.1.21367.2026.10")
        defer { node.stop() }
        let running = try await node.admin.run("patient", "golden", "A1")
        #expect(running.code == 0 && running.text == still.text, "\(running.errors)")
        #expect(try await node.admin.run("patient", "golden", "A9").code == 4)
        let shown = try await node.admin.run("patient", "show", "A1")
        #expect(shown.code == 0, "\(shown.errors)")
    }

    @Test func `a running node tells the same of a table: who is left out, who is in doubt, by row or by id`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let node = try await RunningNode.start(in: folder, name: "hospital", community: "1.3.6.1.4.1.21367.2026.10")
        defer { node.stop() }
        let added = try await node.admin.run(
            "patient", "add", "--identifier", "urn:oid:1.2.3|4711", "--family", "Mohr", "--given", "Alice",
            "--birth-date", "1958-01-30", "--sex", "female", "--phone", "6142314433")
        let id = added.text.trimmingCharacters(in: .whitespacesAndNewlines)
        let review = folder.path + "/review.csv"
        let rows = "B1,F2,8,Mohr,Alicia,1958-01-30,F,\nB1,F2,9,Ruiz,Ben,1971-11-02,M,\nB2,F2,10\n"
        let first = try await Self.load(node.admin, folder, rows, "--review", review)
        #expect(first.code == 1 && first.text.contains("1 rows (0 known before)"), "\(first.text)")
        #expect(first.text.contains("1 to be reviewed\n"))
        #expect(first.errors.contains("line 3 was left out: its id is that of line 2"))
        #expect(first.errors.contains("line 4 was left out: 3 columns"))
        let opened = try Self.text(folder, "review.csv")
        #expect(opened.contains("\nB1,\(id),"), "\(opened)")
        let again = try await Self.load(node.admin, folder, rows, "--review", review)
        #expect(again.text.contains("0 to be reviewed, 1 open in all"), "\(again.text)")
        #expect(try Self.text(folder, "review.csv") == opened)
    }
}

import Foundation
import JSON
import Testing

/// Tables of registrations and questions, as the administrator loads and asks them: node at rest, node running.
@Suite(.serialized) struct PatientTableTests {
    private static let records = """
        rec_id,source,mrn,last_name,first_name,middle_name,dob,sex,phone,address,city,state,zip
        R1,F1,100,Mohr,Alice,M,1958-01-30,F,6142314433,1 Elm St,Ashford,OH,43215
        R2,F1,101,Ruiz,Benjamin,K,1971-11-02,M,6142310000,9 Oak Ave,Ashford,OH,43215
        R3,F2,7,Mohr,Alice,M,1958-01-30,F,6142314433,1 Elm Street,Ashford,OH,43215

        """

    private static func clusters(_ path: String) throws -> [String: String] {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let lines = text.split(separator: "\n").dropFirst().map { $0.split(separator: ",").map(String.init) }
        return Dictionary(lines.map { ($0[0], $0[1]) }) { first, _ in first }
    }

    @Test(.timeLimit(.minutes(3)))
    func `a table is loaded at rest and while the node runs, known the second time; a bad row is named and left out`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let node = try await RunningNode.start(in: folder, name: "hospital", community: "1.3.6.1.4.1.21367.2026.10")
        defer { node.stop() }
        let (table, out) = (folder.path + "/records.csv", folder.path + "/clusters.csv")
        try Data(Self.records.utf8).write(to: URL(fileURLWithPath: table))
        let first = try await node.admin.run("patient", "import", table, "--out", out)
        #expect(first.code == 0, "\(first.errors)")
        #expect(first.text.contains("3 rows (0 known before), 2 persons, 0 to be reviewed"))
        let running = try Self.clusters(out)
        #expect(running["R1"] != nil && running["R1"] == running["R3"] && running["R1"] != running["R2"])
        let refused = try await node.admin.run("patient", "import", table, "--profile", "balanced")
        #expect(refused.code == 8)
        #expect(refused.errors.contains("links by strict"))

        let answers = folder.path + "/answers.csv"
        let questions = "q_id,last_name,first_name,dob,phone\nQ1,Mohr,Alice,1958-01-30,6142314433\n"
        try Data(questions.utf8).write(to: URL(fileURLWithPath: folder.path + "/queries.csv"))
        let asked = try await node.admin.run("patient", "match", folder.path + "/queries.csv", "--out", answers)
        #expect(asked.code == 0, "\(asked.errors)")
        #expect(try String(contentsOfFile: answers, encoding: .utf8).contains("Q1,R1,"))

        let none = try await node.admin.run("patient", "history", "R3")
        #expect(none.code == 0 && none.out.isEmpty, "\(none.errors)")
        let parted = try await node.admin.run("patient", "unlink", "R3", "--reason", "the sister")
        #expect(parted.code == 0, "\(parted.errors)")
        let history = try await node.admin.run("patient", "history", "R3")
        #expect(history.text.contains("unlink") && history.text.contains("the sister") && history.text.contains("R1"))
        #expect(try await node.admin.run("patient", "history", "R99").code == 4)

        #expect(node.stop() == 0)
        let bad = Self.records + "R4,F1,102,\(String(repeating: "x", count: 10_000)),Ida,,1960-02-02,F,,,,,\n"
            + "R5,F1,103,Kim,Ida,,2999-01-01,F,,,,,\nR6,F1,104,Kim,Ida,,1960-02-02,F,,,,,\n"
        try Data(bad.utf8).write(to: URL(fileURLWithPath: table))
        let resting = try await node.admin.run("patient", "import", table, "--out", out)
        #expect(resting.code == 1)
        #expect(resting.text.contains("4 rows (3 known before)"))
        #expect(resting.errors.contains("line 5 was left out"))
        #expect(resting.errors.contains("Patient.name.family"))
        #expect(resting.errors.contains("line 6 was left out"))
        #expect(resting.errors.contains("Patient.birthDate"))
        #expect(!resting.errors.contains("xxxx"))
        let later = try Self.clusters(out)
        #expect(later["R1"] == running["R1"] && later["R6"] != nil && later["R4"] == nil)
    }
}

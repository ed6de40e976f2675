import Foundation
import JSON
import Testing

@testable import hie

/// What a privacy officer reads off `hie audit` and `hie retention` is what happened.
@Suite(.serialized) struct OfficerTests {
    private static let hospital = "1.3.6.1.4.1.21367.2026.10"

    @Test func `evidence is written into a folder that is made for it, for the owner alone`() throws {
        let folder = try Folder()
        defer { folder.remove() }
        let paths = try AuditWitnessCommand.write([["a": 1], ["b": 2]], into: folder.path + "/new")
        #expect(paths == ["/new/evidence-0.json", "/new/evidence-1.json"].map { folder.path + $0 })
        #expect(try folder.mode("new") == 0o700)
        #expect(try folder.mode("new/evidence-1.json") == 0o600)
        _ = try AuditWitnessCommand.write([["a": 1]], into: folder.path + "/new")
    }

    @Test(.timeLimit(.minutes(5)))
    func `a preview erases nothing, an alert says how much was shown, and a proof too few cosigned is none`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let node = try await RunningNode.start(in: folder, name: "hospital", community: Self.hospital)
        defer { node.stop() }
        let person = try Person.first(at: Self.hospital)
        let id = try await node.register(person)
        let published = try await node.clinician.run(["document", "publish", "--json", "--parallel", "1"] + person.documents)
        #expect(published.code == 0, "\(published.errors)")

        for output in [[], ["--json"]] {
            let preview = try await node.admin.run(["retention", "apply"] + output)
            #expect(preview.code == 0 && preview.errors.contains("nothing was erased"), "\(preview.errors)")
        }

        let place = try #require(person.arguments.firstIndex(of: "--family"))
        let family = person.arguments[place + 1].lowercased().split(separator: " ")[0]
        let token = try await node.admin.run(
            "token", "issue", "--client", "clinician", "--user", "dr.\(family)", "--role", "physician", "--purpose", "TREAT")
        try #require(token.code == 0, "\(token.errors)")
        let found = try await node.clinician.run("document", "find", "--patient", id, "--json")
        #expect(found.code == 0, "\(found.errors)")
        var alert: JSONValue?
        try await node.until("the rule raises its alert") {
            alert = try await node.admin.run("audit", "alerts", "list", "--json").json?["alerts"]?.items.first {
                $0["rule"] == "same-surname"
            }
            return alert != nil
        }
        let shown = alert?["shown"]?.items.compactMap(\.string) ?? []
        #expect(!shown.isEmpty && shown.allSatisfy { found.text.contains($0) }, "\(String(describing: alert))")
        let table = try await node.admin.run("audit", "alerts").text
        let line = table.split(separator: "\n").first { $0.contains("same-surname") } ?? ""
        #expect(line.contains(" \(shown.count) "), "\(table)")

        let proof = folder.path + "/p.json"
        try await node.until("a head covers the first entry") {
            try await node.admin.run("audit", "prove", "0", "-o", proof).code == 0
        }
        let words = try await Program().run("audit", "check", proof, "--witnesses", "5")
        #expect(words.code == 9 && words.out.isEmpty && words.errors.contains("5 are asked for"), "\(words.text)")
        let json = try await Program().run("audit", "check", proof, "--witnesses", "5", "--json")
        #expect(json.code == 9 && json.json?["valid"] == false)
        #expect(json.json?["reason"]?.string?.contains("5 are asked for") == true, "\(json.text)")
    }
}

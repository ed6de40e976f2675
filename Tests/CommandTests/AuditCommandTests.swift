import Foundation
import JSON
import Testing

/// `hie audit` and `hie retention` as a privacy officer uses them, against a real node.
@Suite(.serialized) struct AuditCommandTests {
    private static let hospital = "1.3.6.1.4.1.21367.2026.10"
    private static let spiteful = "=HYPERLINK(\"http://x\";\"y\"),<script>alert(1)</script>"

    /// A node with one patient, some documents, and accesses by a user whose name is an attack.
    private func scene(_ folder: Folder) async throws -> (node: RunningNode, patient: String, documents: [String]) {
        let node = try await RunningNode.start(in: folder, name: "hospital", community: Self.hospital)
        let person = try Person.first(at: Self.hospital)
        let id = try await node.register(person)
        let published = try await node.clinician.run(["document", "publish", "--json"] + person.documents)
        #expect(published.code == 0, "\(published.errors)")
        let documents = published.jsonLines.compactMap { $0["id"]?.string }
        _ = try await node.clinician.run("document", "find", "--patient", id)
        let token = try await node.admin.run(
            "token", "issue", "--client", "clinician", "--user", Self.spiteful, "--role", "physician", "--purpose", "TREAT")
        try #require(token.code == 0, "\(token.errors)")
        let found = try await node.clinician.run("document", "find", "--patient", id, "--json")
        #expect(found.code == 0, "\(found.errors)")
        return (node, id, documents)
    }

    /// The cells of RFC 4180's form.
    private func rows(_ text: String) -> [[String]] {
        var rows: [[String]] = [[""]]
        var isQuoted = false
        var bytes = Array(text.unicodeScalars)[...]
        while let next = bytes.popFirst() {
            switch (next, isQuoted) {
            case ("\"", true) where bytes.first == "\"":
                bytes = bytes.dropFirst()
                rows[rows.count - 1][rows[rows.count - 1].count - 1].unicodeScalars.append("\"")
            case ("\"", _): isQuoted.toggle()
            case (",", false): rows[rows.count - 1].append("")
            case ("\r", false): break
            case ("\n", false): rows.append([""])
            default: rows[rows.count - 1][rows[rows.count - 1].count - 1].unicodeScalars.append(next)
            }
        }
        return rows.dropLast()
    }

    @Test(.timeLimit(.minutes(5)))
    func `the accounting of disclosures is a table, a page and a proof that agree, and no cell is more than text`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let (node, patient, _) = try await scene(folder)
        defer { node.stop() }
        let (csv, html, proof) = (folder.path + "/a.csv", folder.path + "/a.html", folder.path + "/p.json")
        // What no signed head covers yet is left for the next proof: ask until everything is covered.
        var checked: Transcript?
        try await node.until("a head covers the accesses") {
            let made = try await node.admin.run(
                "audit", "patient", "--patient", patient, "--csv", csv, "--html", html, "--proof", proof)
            guard made.code == 0 else { return false }
            let check = try await Program().run("audit", "check", proof, "--json")
            checked = check
            return check.text.contains("HYPERLINK")
        }
        let verdict = try #require(checked?.json)
        #expect(checked?.code == 0 && verdict["valid"] == true)
        let table = rows(try String(contentsOfFile: csv, encoding: .utf8))
        let head = try #require(table.first)
        #expect(head.prefix(3) == ["entry", "date", "recipient"] && table.allSatisfy { $0.count == head.count })
        let shown = table.dropFirst().filter { $0.contains { $0.hasPrefix("documents ") } }
        #expect(shown.count >= 2)
        for row in table.dropFirst() {
            for cell in row { #expect(!["=", "+", "-", "@"].contains(String(cell.prefix(1))), "\(cell)") }
            let entry = try #require((verdict["entries"]?.items ?? []).first { $0.text("position") == row[0] })
            #expect(entry["kind"] == "access")
            let said = try #require(entry["payload"]?.string.flatMap { try? JSONReader.read(Array($0.utf8)) })
            let user = said["user"]?.string ?? ""
            #expect(row.contains { $0.contains(user) }, "the row says what the entry says")
            #expect(entry["time"]?.string == row[1])
        }
        #expect(shown.contains { $0.contains { $0.hasPrefix("'=HYPERLINK(\"http://x\"") } }, "kept as text")
        let page = try String(contentsOfFile: html, encoding: .utf8)
        #expect(!page.contains("<script") && page.contains("&lt;script&gt;") && page.contains("default-src 'none'"))
        #expect(page.contains("\(table.count - 1) disclosures"))
        let file = try FileManager.default.attributesOfItem(atPath: csv)[.posixPermissions] as? Int
        #expect(file == 0o600)
        var bytes = try Data(contentsOf: URL(fileURLWithPath: proof))
        let place = try #require(bytes.range(of: Data("\"entry\":".utf8))).upperBound + 60
        bytes[place] = bytes[place] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        try bytes.write(to: URL(fileURLWithPath: proof))
        #expect(try await Program().run("audit", "check", proof).code == 9)
        let exports = try await node.admin.run("audit", "search", "--type", "110106", "--json")
        #expect(exports.text.contains("written into a file"), "\(exports.text.prefix(300))")
    }

    @Test(.timeLimit(.minutes(5)))
    func `a document and a patient are erased by command, under hold neither, and wrong arguments say what to do`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let (node, patient, documents) = try await scene(folder)
        defer { node.stop() }
        let document = try #require(documents.first)
        func erase(_ arguments: String...) async throws -> Transcript {
            try await node.admin.run(["retention", "erase"] + arguments)
        }
        #expect(try await erase("--document", document, "--ground", "error").code == 2, "not without --yes")
        #expect(try await erase("--document", document, "--patient", patient, "--ground", "error", "--yes").code == 2)
        #expect(try await erase("--ground", "error", "--yes").code == 2)
        let strange = try await erase("--document", "x", "--ground", "error", "--yes")
        #expect(strange.code != 0 && strange.errors.contains("hie document find"), "\(strange.errors)")
        let ground = try await erase("--document", document, "--ground", "whim", "--yes")
        #expect(ground.code != 0 && ground.errors.contains("request, retention, order, error"), "\(ground.errors)")
        let absent = try await erase("--document", "00000000-0000-4000-8000-000000000000", "--ground", "error", "--yes")
        #expect(absent.code == 4)
        #expect(try await node.admin.run("retention", "hold", "--patient", patient, "--reason", "case 2026-114, court").code == 0)
        let held = try await erase("--document", document, "--ground", "error", "--yes")
        #expect(held.code == 8 && held.errors.contains("legal hold"), "\(held.errors)")
        #expect(try await erase("--patient", patient, "--ground", "request", "--yes").code == 8)
        #expect(try await node.admin.run("retention", "release", "--patient", patient, "--reason", "case was settled").code == 0)
        let done = try await erase("--document", document, "--ground", "error", "--yes", "--json")
        #expect(done.code == 0, "\(done.errors)")
        let entry = try #require(done.json?.text("entry"))
        let found = try await node.clinician.run("document", "find", "--patient", patient, "--json")
        #expect(!found.text.contains(document))
        let proof = folder.path + "/erasure.json"
        try await node.until("a head covers the erasure") {
            try await node.admin.run("audit", "prove", entry, "-o", proof).code == 0
        }
        let check = try await Program().run("audit", "check", proof)
        #expect(check.code == 0 && check.text.contains("erasure") && check.text.contains(document), "\(check.text)")
        let events = try await node.admin.run("audit", "search", "--subtype", "delete", "--json")
        #expect(events.text.contains(document), "\(events.text.prefix(400)) \(events.errors)")
        let verified = try await node.admin.run("audit", "verify", "--replay")
        #expect(verified.code == 0, "\(verified.text) \(verified.errors)")
        #expect(try await erase("--patient", patient, "--ground", "request", "--yes").code == 0)
        #expect(try await node.admin.run("audit", "patient", "--patient", patient).code == 4)
        node.stop()
        for command in [["audit", "search"], ["audit", "alerts"], ["audit", "witness"], ["retention", "plan"]] {
            let down = try await node.admin.run(command)
            #expect(down.code == 7 && down.errors.contains("hie run"), "\(command): \(down.code) \(down.errors)")
        }
        #expect(try await node.admin.run("audit", "verify", "--replay").code == 0, "the files are read without the node")
    }
}

extension JSONValue {
    /// A member as text, be it a text or a number; empty when absent.
    fileprivate func text(_ name: String) -> String {
        switch self[name] {
        case .string(let text), .number(let text): text
        default: ""
        }
    }
}

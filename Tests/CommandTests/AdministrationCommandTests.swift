import Foundation
import JSON
import Testing

/// `status --watch`, `debug bundle`, `manual`, `access explain`: run as their users run them.
@Suite struct AdministrationCommandTests {
    @Test(.timeLimit(.minutes(3)))
    func `a bundle tells how the node is, and nothing of a secret, a patient, a client or a user`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let node = try await RunningNode.start(in: folder, name: "hospital", community: "1.3.6.1.4.1.21367.2026.10")
        defer { node.stop() }
        let person = try Person.first(at: "1.3.6.1.4.1.21367.2026.10")
        let id = try await node.register(person)
        #expect(try await node.clinician.run(["document", "publish"] + person.documents).code == 0)
        #expect(try await node.clinician.run("document", "find", "--patient", id).code == 0)
        #expect(try await node.admin.run("consent", "record", "--patient", id, "--deny").code == 0)
        let watched = try await node.admin.run("status", "--watch", "--times", "2", "--interval", "1", "--json")
        #expect(watched.code == 0 && watched.jsonLines.count == 2, "\(watched.errors)")
        let file = folder.path + "/bundle.json"
        let made = try await node.admin.run("debug", "bundle", "--out", file, "--log", node.home + "/test.log")
        #expect(made.code == 0, "\(made.errors)")
        #expect(try folder.mode("bundle.json") == 0o600)
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
        let text = String(decoding: bytes, as: UTF8.self)
        let bundle = try JSONReader.read(bytes)
        #expect(bundle["running"] == true)
        #expect(bundle["status"]?["journal"]?["working"] == true)
        #expect(bundle["configuration"]?["limits.nesting"]?["origin"] == "default")
        #expect((bundle["log"]?.items.count ?? 0) > 5)
        #expect(bundle["files"]?.items.contains { $0["path"] == "keys/node.key" && $0["mode"] == "0600" } == true)
        try expectNothingOf(person, id, node, in: text)
        node.stop()
        let down = try await node.admin.run("debug", "bundle", "--out", "-")
        #expect(down.code == 0 && down.json?["running"] == false, "\(down.errors)")
        let watching = try await node.admin.run("status", "--watch", "--times", "1")
        #expect(watching.code == 7 && watching.errors.contains("no node answers"), "\(watching.errors)")
    }

    private func expectNothingOf(_ person: Person, _ id: String, _ node: RunningNode, in text: String) throws {
        let words = person.arguments.filter { !$0.hasPrefix("--") && $0.utf8.count > 3 && !["female", "male"].contains($0) }
        #expect(words.count > 4)
        for word in words + [id, "clinician", "dr.test"] { #expect(!text.contains(word), "\(word)") }
        let keys = try FileManager.default.contentsOfDirectory(atPath: node.home + "/keys")
        #expect(keys.count > 4)
        for name in keys {
            let secret = try Data(contentsOf: URL(fileURLWithPath: node.home + "/keys/" + name))
            let middle = String(decoding: secret, as: UTF8.self).split(separator: "\n").dropFirst().first.map(String.init)
            for form in [secret.base64EncodedString(), middle ?? ""] where form.utf8.count > 20 {
                #expect(!text.contains(form.prefix(40)), "\(name)")
            }
        }
        let token = try String(contentsOfFile: node.home + "/clients/clinician/token.jwt", encoding: .utf8)
        #expect(!text.contains(token.prefix(60)))
    }

    @Test func `every command has a manual page that mandoc or man reads without a complaint`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let made = try await Program().run("manual", "--to", folder.path + "/man1", "--json")
        #expect(made.code == 0, "\(made.errors)")
        let pages = made.json?["pages"]?.items.compactMap(\.string) ?? []
        #expect(pages.contains("hie.1") && pages.contains("hie-certificate-renew.1"))
        #expect(pages.count > 80)
        let page = try String(contentsOfFile: folder.path + "/man1/hie-certificate-renew.1", encoding: .utf8)
        for words in [".Nm hie certificate renew", ".Op Fl -network Ar dir", ".Sh EXAMPLES", "hie certificate renew --network ./network --due"] {
            #expect(page.contains(words), "\(page)")
        }
        for name in pages {
            let text = try String(contentsOfFile: folder.path + "/man1/" + name, encoding: .utf8)
            let macros = text.split(separator: "\n").filter { $0.hasPrefix(".") }
            for line in macros {
                let word = String(line.dropFirst().prefix { $0 != " " })
                #expect(
                    ["Dd", "Dt", "Os", "Sh", "Nm", "Nd", "Op", "Fl", "Ar", "Bl", "El", "It", "Bd", "Ed", "Pp"].contains(word),
                    "\(name): \(line)")
            }
        }
    }

    @Test func `what a role may do is told from what the doors themselves read`() async throws {
        let registrar = try await Program().run("access", "explain", "--role", "registrar", "--purpose", "PATADMIN", "--json")
        let permitted = (registrar.json?["access"]?.items ?? []).filter { $0["permitted"] == true }.compactMap { $0["do"]?.string }
        #expect(permitted.contains("register-patients") && permitted.contains("record-consent"))
        #expect(!permitted.contains("read-audit"))
        let physician = try await Program().run(
            "access", "explain", "--role", "physician", "--purpose", "TREAT", "--do", "record-consent")
        #expect(physician.code == 5)
        #expect(physician.text.contains("privacy-officer"), "\(physician.text)")
        let nobody = try await Program().run("access", "explain", "--json")
        #expect(nobody.json?["access"]?.items.allSatisfy { $0["permitted"] == false } == true, "default deny: \(nobody.text)")
        #expect(try await Program().run("access", "explain", "--do", "fly").code == 2)
    }
}

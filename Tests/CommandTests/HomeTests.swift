import Foundation
import JSON
import Testing

/// The folder of a node: made, certified, asked while the node is down.
@Suite struct HomeTests {
    /// A node's folder made by the program, with a network's authority beside it.
    private static func home(_ folder: Folder) async throws -> String {
        let program = Program()
        let authority = try await program.run(
            "certificate", "init", "--network", folder.path + "/network", "--name", "Test network")
        try #require(authority.code == 0, "\(authority.errors)")
        let made = try await program.run(
            "init", "--home", folder.path + "/node", "--name", "Eastside \"Clinic\"", "--community",
            "urn:oid:1.3.6.1.4.1.21367.2026.11", "--consent", "opt-out", "--clients", "127.0.0.1:1", "--peers",
            "127.0.0.1:2", "--network", folder.path + "/network")
        try #require(made.code == 0, "\(made.errors)")
        #expect(made.text == folder.path + "/node\n")
        return folder.path + "/node"
    }

    /// Commands of the administrator that need the node's answer.
    static let asking: [[String]] = [
        ["status"], ["peer", "list"], ["peer", "show", "1.2.3"], ["directory", "list"], ["directory", "show", "1.2.3"],
        ["patient", "add", "--identifier", "urn:oid:1.2.3|4711", "--family", "Newman"],
        ["patient", "show", "a"], ["patient", "show", "--identifier", "urn:oid:1.2.3|4711"],
        ["consent", "record", "--patient", "a", "--deny"], ["consent", "revoke", "a"],
        ["consent", "list", "--patient", "a"], ["consent", "show", "a"], ["audit", "patient", "--patient", "a"],
    ]

    @Test(arguments: asking) func `a folder without a node exits 10 and says how to make one`(_ arguments: [String])
        async throws
    {
        let transcript = try await Program().run(arguments)
        #expect(transcript.code == 10)
        #expect(transcript.out.isEmpty)
        #expect(transcript.errors.contains("hie init"))
    }

    @Test(arguments: [["config", "show"], ["audit", "verify"], ["journal", "rebuild"], ["journal", "repair"], ["run"]])
    func `commands on the folder itself exit 10 where no node is`(_ arguments: [String]) async throws {
        let transcript = try await Program().run(arguments)
        #expect(transcript.code == 10)
        #expect(transcript.errors.contains("hie init"))
    }

    @Test func `a node that is down exits 7 and names the command that starts it`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let home = try await Self.home(folder)
        // What is registered is read from the folder of a node that is down.
        for arguments in Self.asking where arguments.prefix(2) != ["patient", "show"] {
            let transcript = try await Program(environment: ["HIE_HOME": home]).run(arguments)
            #expect(transcript.code == 7, "\(arguments)")
            #expect(transcript.out.isEmpty, "\(arguments)")
            #expect(transcript.errors.contains("no node answers at \(home)/admin.sock"), "\(transcript.errors)")
            #expect(transcript.errors.contains("hie run --home \(home)"), "\(transcript.errors)")
            #expect(transcript.errors.split(separator: "\n").count == 1, "one line: \(transcript.errors)")
        }
    }

    @Test func `the folder is its owner's alone, and a second init leaves it as it is`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let home = try await Self.home(folder)
        #expect(try folder.mode("node") == 0o700)
        for key in try FileManager.default.contentsOfDirectory(atPath: home + "/keys") {
            #expect(try folder.mode("node/keys/" + key) == 0o600, "\(key)")
        }
        let again = try await Program().run(
            "init", "--home", home, "--name", "Other", "--community", "1.2.3.4", "--consent", "opt-in")
        #expect(again.code == 8)
        let shown = try await Program().run("config", "show", "--home", home, "--json")
        #expect(shown.json?["name"] == "Eastside \"Clinic\"")
        #expect(shown.json?["community"] == "1.3.6.1.4.1.21367.2026.11")
        #expect(shown.json?.object?.members.contains { $0.name.hasPrefix("limits.") } == true)
    }

    @Test func `init without an authority where one is named leaves nothing behind`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let made = try await Program().run(
            "init", "--home", folder.path + "/node", "--name", "A", "--community", "1.2.3.4", "--consent", "opt-in",
            "--network", folder.path + "/nothing")
        #expect(made.code == 4)
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/node"))
    }

    @Test func `a certificate is shown with its names, its key and its days`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let home = try await Self.home(folder)
        let shown = try await Program().run("certificate", "show", home + "/certificates/node.pem", "--json")
        #expect(shown.code == 0)
        let first = shown.json?["certificates"]?[0]
        #expect(first?["names"]?.items.contains("URI:urn:oid:1.3.6.1.4.1.21367.2026.11") == true)
        #expect(first?["names"]?.items.contains("IP:127.0.0.1") == true)
        #expect(first?["key"]?.string?.utf8.count == 43)
        #expect((1...30).contains(first?["daysLeft"]?.integer ?? -1))
        let text = try await Program().run("certificate", "show", home + "/certificates/node.pem")
        #expect(text.text.contains("URI:urn:oid:1.3.6.1.4.1.21367.2026.11"))
        let wrong = try await Program().run("certificate", "show", home + "/node.yaml")
        #expect(wrong.code == 1)
        let absent = try await Program().run("certificate", "show", home + "/nothing.pem")
        #expect(absent.code == 4)
    }

    @Test func `a client gets a folder, and its user a token only the owner may read`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let home = try await Self.home(folder)
        let program = Program(environment: ["HIE_HOME": home])
        let early = try await program.run("token", "issue", "--client", "dr.brattain", "--user", "dr.brattain")
        #expect(early.code == 4)
        let issued = try await program.run("certificate", "issue", "--client", "dr.brattain")
        #expect(issued.text == home + "/clients/dr.brattain\n", "\(issued.errors)")
        let taken = try await program.run("certificate", "issue", "--client", "dr.brattain")
        #expect(taken.code == 8)
        let without = try await program.run(
            "document", "find", "--as", home + "/clients/dr.brattain", "--patient", "a")
        #expect(without.code == 6)
        #expect(without.errors.contains("hie token issue"))
        let token = try await program.run(
            "token", "issue", "--client", "dr.brattain", "--user", "dr.brattain", "--role", "physician", "--json")
        #expect(token.code == 0, "\(token.errors)")
        #expect(token.json?["file"]?.string == home + "/clients/dr.brattain/token.jwt")
        #expect(try folder.mode("node/clients/dr.brattain/token.jwt") == 0o600)
        #expect(try folder.mode("node/clients/dr.brattain/client.key") == 0o600)
        let path = try await program.run("certificate", "issue", "--client", "../../outside")
        #expect(path.code == 1)
        #expect(!FileManager.default.fileExists(atPath: home + "/../outside"))
    }

    @Test func `a clinician's command names the server that does not answer, and sends its token nowhere else`()
        async throws
    {
        let folder = try Folder()
        defer { folder.remove() }
        let home = try await Self.home(folder)
        let admin = Program(environment: ["HIE_HOME": home])
        _ = try await admin.run("certificate", "issue", "--client", "kiosk")
        _ = try await admin.run("token", "issue", "--client", "kiosk", "--user", "dr.brattain")
        let client = Program(environment: ["HIE_AS": home + "/clients/kiosk"])
        let asking: [[String]] = [
            ["document", "find", "--patient", "a"], ["patient", "find", "--identifier", "urn:oid:1.2.3|4711"],
            ["patient", "match", "--family", "Newman"],
            ["document", "get", "0195b8c1-7a2e-7c11-9d3f-0a1b2c3d4e5f", "-o", folder.path + "/out.xml"],
            ["document", "publish", Repository.samples + "/clinic-okonjo-discharge.xml"],
        ]
        for arguments in asking {
            let transcript = try await client.run(arguments)
            #expect(transcript.code == 7, "\(arguments): \(transcript.errors)")
            #expect(transcript.errors.contains("https://127.0.0.1:1"), "\(transcript.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/out.xml"))
        for address in ["https://127.0.0.1:9/fhir/Binary/1", "https://evil.example/fhir/Binary/1"] {
            let foreign = try await client.run("document", "get", address, "-o", "-")
            #expect(foreign.code == 5, "\(foreign.errors)")
        }
        let nonsense = try await client.run("document", "get", "http://127.0.0.1/x", "-o", "-")
        #expect(nonsense.code == 2)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644], ofItemAtPath: home + "/clients/kiosk/client.key")
        let loose = try await client.run("document", "find", "--patient", "a")
        #expect(loose.code == 5)
        #expect(loose.errors.contains("chmod 600"))
    }

    @Test func `without any client folder the hint says how to get one`() async throws {
        let transcript = try await Program().run("document", "find", "--patient", "a")
        #expect(transcript.code == 2)
        #expect(transcript.errors.contains("--as"))
    }

    @Test func `a client.yaml with a key nobody knows is refused`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        _ = try folder.file("client.yaml", text: "server: https://127.0.0.1:1/fhir\npassword: x\n")
        let transcript = try await Program().run("document", "find", "--patient", "a", "--as", folder.path)
        #expect(transcript.code == 2)
        #expect(transcript.errors.contains("password"))
    }
}

import Foundation
import JSON
import Testing

/// `hie config check`: every problem at once, exit 2.
@Suite struct ConfigurationTests {
    private static let sound = """
        name: Eastside Clinic
        community: 1.3.6.1.4.1.21367.2026.11
        clients: 127.0.0.1:0
        peers: 127.0.0.1:0
        consent: opt-in

        """

    /// A file, and what its refusal must name.
    struct Vector: Sendable, CustomStringConvertible {
        let description: String
        let text: String
        let named: [String]
    }

    static let vectors: [Vector] = [
        Vector(description: "an unknown key", text: sound + "colour: red\n", named: ["colour is not a key of this file\n"]),
        Vector(description: "a misspelt key", text: sound + "limts:\n  nesting: 12\n", named: ["limts is not a key of this file; did you mean limits?"]),
        Vector(
            description: "an unknown limit", text: sound + "limits:\n  request-byte: 2048\n",
            named: ["limits.request-byte is not a key of this file; did you mean request-bytes?"]),
        Vector(
            description: "a limit out of range", text: sound + "limits:\n  locate-seconds: 100000\n",
            named: ["limits.locate-seconds"]),
        Vector(
            description: "a limit that is no number", text: sound + "limits:\n  nesting: deep\n",
            named: ["limits.nesting"]),
        Vector(
            description: "roles that mean nothing, or too much",
            text: sound + "roles:\n  - {name: MD, is: phisician}\n  - {name: nurse, is: physician}\n  - {name: A, is: nurse}\n  - {name: A, is: nurse}\n",
            named: ["roles[0].is names no role of the table (hie access roles); did you mean physician?", "roles[1].name is a role of the table itself", "roles[3].name stands twice"]),
        Vector(
            description: "a system with a role that no row names",
            text: sound + "systems:\n  - {client: bulk, jwks: b.json, role: exporter, scopes: [system/Patient.rs]}\n",
            named: ["systems gives bulk the role exporter, which names no role"]),
        Vector(
            description: "pins that are none, or of no listener",
            text: sound + "pinned:\n  - {listener: clients, certificates: [AA:BB]}\n  - {listener: peers, certificates: []}\n"
                + "  - {listener: backdoor, certificates: ['\(String(repeating: "ab", count: 32))']}\n",
            named: ["pinned[0].certificates holds AA:BB", "pinned[1].certificates must list", "names the listener backdoor"]),
        Vector(description: "no identity", text: "name: A\n", named: ["community", "clients", "peers", "consent"]),
        Vector(
            description: "everything wrong at once",
            text: "name: A\ncommunity: x\nclients: here\npeers: 127.0.0.1:0\nconsent: perhaps\nlog: loud\nextra: 1\n",
            named: ["community", "clients", "consent", "log", "extra"]),
        Vector(description: "an empty file", text: "", named: []),
        Vector(description: "no mapping", text: "- a\n- b\n", named: []),
        Vector(description: "no YAML", text: "name: [\n", named: []),
    ]

    @Test(arguments: vectors) func `a wrong file exits 2 and names every problem`(_ vector: Vector) async throws {
        let transcript = try await Program().run("config", "check", "-", input: Array(vector.text.utf8))
        #expect(transcript.code == 2)
        for name in vector.named { #expect(transcript.errors.contains(name), "\(transcript.errors)") }
        let json = try await Program().run("config", "check", "-", "--json", input: Array(vector.text.utf8))
        #expect(json.code == 2)
        #expect(json.json?["valid"] == false)
        #expect((json.json?["problems"]?.items.count ?? 0) >= max(1, vector.named.count))
    }

    @Test func `a sound file is fine`() async throws {
        let transcript = try await Program().run("config", "check", "-", input: Array(Self.sound.utf8))
        #expect(transcript.code == 0, "\(transcript.errors)")
        let json = try await Program().run("config", "check", "-", "--json", input: Array(Self.sound.utf8))
        #expect(json.json?["valid"] == true)
    }

    @Test func `a file that is not there exits 4`() async throws {
        let transcript = try await Program().run("config", "check", "/nowhere/node.yaml")
        #expect(transcript.code == 4)
    }

    private static func node(in folder: Folder) throws -> String {
        let home = folder.path + "/node"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        _ = try folder.file("node/node.yaml", text: sound + "limits:\n  nesting: 12\n")
        return home
    }

    @Test func `a flag stands before the environment, the environment before the file, the file before the default`()
        async throws
    {
        let folder = try Folder()
        defer { folder.remove() }
        let program = Program(environment: [
            "HIE_HOME": try Self.node(in: folder), "HIE_LOG": "debug", "HIE_LIMITS_NESTING": "20",
            "HIE_SEEDS": "a.example.org:9443, b.example.org:9443", "HIE_ALERTS_ON": "false",
        ])
        let shown = try await program.run("config", "show", "--origin", "--json", "--set", "limits.nesting=30")
        #expect(shown.code == 0, "\(shown.errors)")
        func expect(_ key: String, _ value: String, _ origin: String) {
            #expect(shown.json?[key]?["value"]?.string == value, "\(key)")
            #expect(shown.json?[key]?["origin"]?.string == origin, "\(key)")
        }
        expect("limits.nesting", "30", "flag")
        expect("log", "debug", "environment")
        expect("alerts.on", "false", "environment")
        expect("seeds", "a.example.org:9443, b.example.org:9443", "environment")
        expect("name", "Eastside Clinic", "node.yaml")
        expect("limits.connections", "1024", "default")
        let file = try await program.run("config", "show", "--origin", "--json")
        #expect(file.json?["limits.nesting"]?["value"] == "20")
    }

    @Test func `what a flag or the environment states is checked as the file is, and named by where it stands`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let home = try Self.node(in: folder)
        let program = Program(environment: ["HIE_HOME": home, "HIE_LIMITS_NESTING": "deep", "HIE_CLINETS": "x"])
        let refused = try await program.run(
            "config", "show", "--set", "log=loud", "--set", "limits.nestng=3", "--set", "issuers=x")
        #expect(refused.code == 2)
        for words in [
            "limits.nesting (of HIE_LIMITS_NESTING) must be", "log (of --set) must be one of",
            "limits.nestng (of --set) is not a key", "issuers (of --set) is not a key",
        ] { #expect(refused.errors.contains(words), "\(refused.errors)") }
        #expect(try await program.run("config", "show", "--set", "log").code == 2)
        let warned = try await Program(environment: ["HIE_HOME": home, "HIE_CLINETS": "x"]).run("config", "show")
        #expect(warned.code == 0)
        #expect(warned.errors.contains("HIE_CLINETS states nothing"))
        // The section need not stand in the file, and an empty variable states nothing.
        _ = try folder.file("node/node.yaml", text: Self.sound)
        let section = try await Program(environment: ["HIE_HOME": home, "HIE_LIMITS_FAN_OUT": "7", "HIE_LOG": ""]).run(
            "config", "show", "--json")
        #expect(section.json?["limits.fan-out"] == "7")
        #expect(section.json?["log"] == "info")
    }

    @Test func `the schema lists every key that is shown, and every key it lists is one of the file`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let program = Program(environment: ["HIE_HOME": try Self.node(in: folder)])
        let table = try await program.run("config", "schema")
        let listed = Set(table.text.split(separator: "\n").dropFirst().compactMap { $0.split(separator: " ").first.map(String.init) })
        let shown = try await program.run("config", "show", "--json")
        for key in shown.json?.object?.members.map(\.name) ?? [] {
            #expect(listed.contains(key) || listed.contains { $0.hasPrefix(key + "[]") }, "\(key)")
        }
        let schema = try #require(try await program.run("config", "schema", "--json").json)
        #expect(schema["properties"]?["limits"]?["properties"]?["nesting"]?["maximum"]?.integer == 512)
        #expect(schema["properties"]?["feeds"]?["items"]?["properties"]?["listen"]?["type"] == "string")
        #expect(schema["additionalProperties"] == false)
        #expect(schema["required"]?.items.compactMap(\.string) == ["name", "community", "clients", "peers", "consent"])
        // Each row of the list is known to the reader: stated wrongly it is refused, but not as unknown.
        for name in listed where !name.contains("[") && !name.contains(".") {
            let file = Self.sound + (Self.sound.contains("\n\(name):") || name == "name" ? "" : "\(name): []\n")
            let checked = try await program.run("config", "check", "-", input: Array(file.utf8))
            #expect(!checked.errors.contains("\(name) is not a key"), "\(name)")
        }
    }

    @Test(.timeLimit(.minutes(2)))
    func `a running node takes up what it can by command and by SIGHUP, names what waits, and lets a wrong file be`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let node = try await RunningNode.start(in: folder, name: "hospital", community: "1.3.6.1.4.1.21367.2026.10")
        defer { node.stop() }
        let file = node.home + "/node.yaml"
        let original = try String(contentsOfFile: file, encoding: .utf8)
        func state(_ text: String) throws { try (original + text).write(toFile: file, atomically: true, encoding: .utf8) }
        let nothing = try await node.admin.run("config", "reload")
        #expect(nothing.code == 0 && nothing.text == "nothing to take up\n", "\(nothing.errors)")
        try state("log: debug\nlimits:\n  nesting: 30\n")
        let reloaded = try await node.admin.run("config", "reload", "--json")
        #expect(reloaded.json?["taken"] == ["log"], "\(reloaded.text) \(reloaded.errors)")
        #expect(reloaded.json?["waiting"] == ["limits.nesting"])
        try await node.until("debug lines are written") {
            _ = try await node.admin.run("status")
            return node.logged.contains("\"level\":\"debug\"")
        }
        try state("log: loud\n")
        let wrong = try await node.admin.run("config", "reload")
        #expect(wrong.code == 1 && wrong.errors.contains("must be one of"), "\(wrong.errors)")
        node.signal(SIGHUP)
        try await node.until("the log says that the file is wrong") { node.logged.contains("the configuration is wrong") }
        #expect(try await node.admin.run("status").code == 0)
        try state(
            "log: info\nlimits:\n  nesting: 30\nroles:\n  - {name: MD, is: physician}\n"
                + "pinned:\n  - {listener: clients, certificates: ['\(String(repeating: "ab", count: 32))']}\n")
        node.signal(SIGHUP)
        try await node.until("the log says what was taken") { node.logged.contains("the configuration was read anew") }
        #expect(node.logged.contains("log, pinned, roles"))
        let out = try await node.clinician.run("patient", "find", "--identifier", "urn:oid:1.2.3|none")
        #expect(out.code == 7, "nobody but the pinned is let in: \(out.errors)")
        let pins = try await node.admin.run("certificate", "pins", "--json")
        #expect(pins.json?["listeners"]?[0]?["trusts"] == "pinned" && pins.json?["listeners"]?[1]?["trusts"] == "chain")
        let reopened = try await node.admin.run("config", "reload", "--reopen", "--json")
        #expect(reopened.json?["reopened"] == true, "\(reopened.text) \(reopened.errors)")
        let after = try await node.admin.run("config", "reload", "--json")
        #expect(after.json?["waiting"] == [], "\(after.text)")
    }
}

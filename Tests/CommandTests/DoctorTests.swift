import Foundation
import JSON
import Testing

/// `hie doctor`: what is wrong with a node is named with its next step, whether it runs or not.
@Suite struct DoctorTests {
    /// A node that was made and certified, and does not run.
    private static func folder(_ body: (Folder, String, [UInt16]) async throws -> Void) async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let program = Program()
        let network = folder.path + "/network"
        #expect(try await program.run("certificate", "init", "--network", network).code == 0)
        let ports = try Ports.free(2)
        let home = folder.path + "/node"
        let made = try await program.run(
            "init", "--home", home, "--name", "Clinic", "--community", "1.3.6.1.4.1.21367.2026.77", "--consent", "opt-out",
            "--clients", "127.0.0.1:\(ports[0])", "--peers", "127.0.0.1:\(ports[1])", "--network", network)
        #expect(made.code == 0, "\(made.errors)")
        try await body(folder, home, ports)
    }

    private static func findings(_ home: String) async throws -> (code: Int32, wrong: [JSONValue]) {
        let said = try await Program().run("doctor", "--home", home, "--json")
        let checks = said.json?["checks"]?.items ?? []
        #expect(!checks.isEmpty, "\(said.errors)")
        return (said.code, checks.filter { $0["status"] != "pass" })
    }

    @Test func `a node that only was not started wants nothing but that`() async throws {
        try await Self.folder { _, home, _ in
            let (code, wrong) = try await Self.findings(home)
            #expect(code == 0)
            #expect(wrong.map { $0["component"]?.string } == ["node"])
            let text = try await Program().run("doctor", "--home", home)
            #expect(text.code == 0)
            #expect(text.text.contains("start it with hie run"))
        }
    }

    @Test func `a key that others may read`() async throws {
        try await Self.folder { _, home, _ in
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: home + "/keys/log.key")
            let (code, wrong) = try await Self.findings(home)
            #expect(code == 1)
            #expect(wrong.contains { $0["output"]?.string?.contains("run chmod 600") == true })
        }
    }

    @Test func `a key that is lost`() async throws {
        try await Self.folder { _, home, _ in
            try FileManager.default.removeItem(atPath: home + "/keys/wrapping.key")
            let (code, wrong) = try await Self.findings(home)
            #expect(code == 1)
            #expect(wrong.contains { $0["component"] == "keys" && $0["next"]?.string?.contains("backup restore") == true })
        }
    }

    @Test func `a port that is taken`() async throws {
        try await Self.folder { _, home, ports in
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(file) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            address.sin_port = ports[0].bigEndian
            let isTaken = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(file, 1) == 0
                }
            }
            try #require(isTaken)
            let (code, wrong) = try await Self.findings(home)
            #expect(code == 1)
            #expect(wrong.contains { $0["component"] == "port clients" && $0["next"]?.string?.contains("ss -ltnp") == true })
        }
    }

    @Test func `a configuration that was half written`() async throws {
        try await Self.folder { _, home, _ in
            let path = home + "/node.yaml"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try Data(text.prefix(text.count / 2).utf8).write(to: URL(fileURLWithPath: path))
            let (code, wrong) = try await Self.findings(home)
            #expect(code == 1)
            #expect(wrong.contains { $0["component"] == "configuration" && $0["next"]?.string?.contains("config check") == true })
        }
    }

    private static func administrators(_ home: String, _ text: String) async throws -> [JSONValue] {
        let path = home + "/node.yaml"
        try (String(contentsOfFile: path, encoding: .utf8) + text).write(toFile: path, atomically: true, encoding: .utf8)
        let (code, wrong) = try await findings(home)
        #expect(code == 0, "they are warnings")
        return wrong.filter { $0["component"] == "administrators" }
    }

    @Test func `an administrator whom this machine does not know`() async throws {
        try await Self.folder { folder, home, _ in
            let found = try await Self.administrators(
                home, "administrators: {users: [root, no-such-person-here], socket: \(folder.path)/a.sock}\n")
            #expect(found.count == 1 && found[0]["status"] == "warn", "\(found)")
            #expect(found.first?["output"]?.string == "this machine knows no no-such-person-here")
            #expect(found.first?["next"]?.string?.contains("correct administrators in node.yaml") == true)
        }
    }

    @Test func `changes that wait for a second administrator where there is none`() async throws {
        try await Self.folder { folder, home, _ in
            // One group, of which this machine knows nobody: what waits would wait for ever.
            let found = try await Self.administrators(
                home, "administrators: {group: nogroup, socket: \(folder.path)/a.sock}\napprovals: {on: true}\n")
            #expect(found.count == 1 && found[0]["status"] == "warn", "\(found)")
            #expect(found.first?["output"]?.string == "changes wait for a second one, and there is none")
            #expect(found.first?["next"]?.string?.isEmpty == false)
        }
    }

    @Test func `administrators whom this machine knows are no finding`() async throws {
        try await Self.folder { folder, home, _ in
            let found = try await Self.administrators(
                home, "administrators: {users: [daemon, bin], socket: \(folder.path)/a.sock}\n")
            #expect(found.isEmpty, "\(found)")
        }
    }

    @Test func `a folder without a node exits 10`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        #expect(try await Program().run("doctor", "--home", folder.path).code == 10)
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func `every shell gets its completions`(_ shell: String) async throws {
        let script = try await Program().run("completion", shell)
        #expect(script.code == 0)
        #expect(script.text.contains("doctor") && script.text.contains("retention"))
    }

    @Test func `another shell is refused with those there are`() async throws {
        let refused = try await Program().run("completion", "tcsh")
        #expect(refused.code == 2)
        #expect(refused.errors.contains("fish"))
    }
}

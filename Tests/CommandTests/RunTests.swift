import Foundation
import JSON
import Testing

/// `hie run` that cannot: each ends with its code and one line that says what to do; nothing hangs.
@Suite struct RunTests {
    private static func folder(_ body: (Folder, String, [UInt16]) async throws -> Void) async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let ports = try Ports.free(2)
        let home = folder.path + "/node"
        for arguments in [
            ["certificate", "init", "--network", folder.path + "/network"],
            [
                "init", "--home", home, "--name", "Clinic", "--community", "1.3.6.1.4.1.21367.2026.77", "--consent", "opt-out",
                "--clients", "127.0.0.1:\(ports[0])", "--peers", "127.0.0.1:\(ports[1])", "--network",
                folder.path + "/network",
            ],
        ] { try #require(try await Program().run(arguments).code == 0) }
        try await body(folder, home, ports)
    }

    private static func expect(_ home: String, _ code: Int32, _ words: String...) async throws {
        let ended = try await Program().run("run", "--home", home)
        #expect(ended.code == code, "\(ended.errors)")
        let last = ended.errors.split(separator: "\n").last { $0.hasPrefix("hie:") } ?? ""
        for word in words { #expect(last.contains(word), "\(ended.errors)") }
    }

    @Test(.timeLimit(.minutes(1))) func `a port that is taken`() async throws {
        try await Self.folder { _, home, ports in
            let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            defer { close(file) }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            address.sin_port = ports[1].bigEndian
            let isTaken = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0 && listen(file, 1) == 0
                }
            }
            try #require(isTaken)
            try await Self.expect(home, 1, "a listener cannot be bound", "look at clients, peers and health")
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a lost key, a key that others may read, a lost certificate`() async throws {
        try await Self.folder { folder, home, _ in
            let key = home + "/keys/node.key"
            let bytes = try Data(contentsOf: URL(fileURLWithPath: key))
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: key)
            try await Self.expect(home, 5, "others may read", "chmod 600")
            try FileManager.default.removeItem(atPath: key)
            try await Self.expect(home, 10, "there is no key file", "keys/node.key")
            try bytes.write(to: URL(fileURLWithPath: key))
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: key)
            try FileManager.default.removeItem(atPath: home + "/certificates/node.pem")
            try await Self.expect(home, 10, "no certificate yet", "hie certificate issue")
        }
    }

    @Test(.timeLimit(.minutes(1))) func `a half-written configuration, and a value of the environment that is wrong`() async throws {
        try await Self.folder { _, home, _ in
            let ended = try await Program(environment: ["HIE_LOG": "loud"]).run("run", "--home", home)
            #expect(ended.code == 2 && ended.errors.contains("log (of HIE_LOG) must be one of"), "\(ended.errors)")
            let path = home + "/node.yaml"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            try Data(text.prefix(text.count / 2).utf8).write(to: URL(fileURLWithPath: path))
            try await Self.expect(home, 2, "problem", "correct the file")
        }
    }
}

import Foundation
import Glibc
import JSON
import Testing

/// Two administrators of one machine at a real socket: the kernel says who they are. Needs root, to be two people.
@Suite(.enabled(if: geteuid() == 0, "only root can be two other people")) struct ApproveCommandTests {
    private static let anna: UInt32 = 54_001
    private static let bernd: UInt32 = 54_002

    /// A command as another user of this machine, at the administrators' socket.
    private func run(as account: UInt32, _ folder: Folder, _ arguments: [String]) async throws -> Transcript {
        try await Program(environment: ["HIE_SOCKET": folder.path + "/open/admin.sock"]).run(arguments, as: account)
    }

    private func configure(_ home: String, _ folder: Folder, _ text: String) throws {
        let path = home + "/node.yaml"
        let yaml = try String(contentsOfFile: path, encoding: .utf8)
        let kept = yaml.components(separatedBy: "administrators:")[0]
        try (kept + "administrators:\n  users: [\(Self.anna), \(Self.bernd)]\n  socket: \(folder.path)/open/admin.sock\n" + text)
            .write(toFile: path, atomically: true, encoding: .utf8)
    }

    @Test func `a hold is released by two, never by one, and what waits is there after a restart`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        // They may pass through, and see nothing but the socket's own folder.
        chmod(folder.path, 0o711)
        try FileManager.default.createDirectory(atPath: folder.path + "/open", withIntermediateDirectories: true)
        let first = try await RunningNode.start(in: folder, name: "hospital", community: "1.3.6.1.4.1.21367.2026.10")
        let patient = try await first.register(try Person.first(at: "1.3.6.1.4.1.21367.2026.10"))
        let held = ["--patient", patient, "--reason", "case 2026-114, county court"]
        #expect(try await first.admin.run(["retention", "hold"] + held).code == 0)
        first.stop()
        try configure(first.home, folder, "")
        var node = try await RunningNode(folder: folder, home: first.home, community: first.community)
        defer { node.stop() }

        let release = ["retention", "release", "--patient", patient, "--reason", "case 2026-114 was settled"]
        let root = try await node.admin.run(release)
        #expect(root.code == 5)
        #expect(root.errors.contains("nobody in particular"))
        let stranger = try await run(as: 54_003, folder, ["status"])
        #expect(stranger.code == 5, "\(stranger.errors)")
        let short = try await run(as: Self.anna, folder, release.dropLast() + ["no"])
        #expect(short.code == 2 && short.errors.contains("say which case"), "refused when it is asked for, not when it is agreed to: \(short.errors)")
        let asked = try await run(as: Self.anna, folder, release)
        #expect(asked.code == 12, "\(asked.errors)")
        let list = try await run(as: Self.bernd, folder, ["approve", "list", "--json"])
        let change = try #require(list.json?["changes"]?[0])
        let id = String(try #require(change["id"]?.integer))
        #expect(change["change"] == "retention/release")
        #expect(change["account"]?.integer == Int(Self.anna))
        #expect(asked.errors.contains("change \(id)"))
        #expect(try await run(as: Self.anna, folder, ["approve", "accept", id]).code == 5, "the same person")
        #expect(try await node.admin.run("approve", "accept", id).code == 5, "root is nobody in particular")
        #expect(try await run(as: Self.bernd, folder, ["approve", "accept", "99999"]).code == 4)
        #expect(try await node.admin.run("retention", "holds", "--json").json?["holds"]?.items.count == 1)

        node.stop()
        node = try await RunningNode(folder: folder, home: node.home, community: node.community)
        let shown = try await run(as: Self.bernd, folder, ["approve", "show", id])
        #expect(shown.text.contains("case 2026-114, county court"), "what the hold was for: \(shown.text)")
        let done = try await run(as: Self.bernd, folder, ["approve", "accept", id])
        #expect(done.code == 0, "\(done.errors)")
        #expect(try await node.admin.run("retention", "holds", "--json").json?["holds"]?.items.isEmpty == true)
        #expect(try await run(as: Self.bernd, folder, ["approve", "accept", id]).code == 8, "once")
        let events = try await node.admin.run("audit", "search", "--json")
        #expect(events.text.contains("uid-\(Self.anna), approved by uid-\(Self.bernd)"), "both are named where it was done")

        // A configuration that changes between the wish and the word is not what was agreed to.
        let reopening = try await run(as: Self.anna, folder, ["config", "reload", "--reopen"])
        #expect(reopening.code == 12, "\(reopening.errors)")
        let wish = try await run(as: Self.bernd, folder, ["approve", "list", "--json"]).json?["changes"]?[0]?["id"]?.integer ?? 0
        try configure(node.home, folder, "approvals: {hours: 1}\n")
        let changed = try await run(as: Self.bernd, folder, ["approve", "accept", String(wish)])
        #expect(changed.code == 8)
        #expect(changed.errors.contains("has changed since"))
    }

    @Test func `with one administrator nothing waits for ever: the configuration is refused`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let base = "name: A\ncommunity: 1.2.3\nclients: a:1\npeers: a:2\nconsent: opt-in\n"
        for (text, word) in [
            ("administrators: {users: [anna], socket: /run/x}\napprovals: {on: true}\n", "would wait for ever"),
            ("administrators: {users: [anna, bernd]}\n", "administrators.socket"),
            ("administrators: {users: [anna, bernd], socket: run/x}\n", "whole path"),
            ("administrators: {users: [a, b], socket: /run/x}\napprovals: {changes: [patient/add]}\n", "what can wait"),
            ("approvals: {on: true}\n", "would wait for ever"),
        ] {
            let checked = try await Program().run("config", "check", "-", input: Array((base + text).utf8))
            #expect(checked.code == 2, "\(text)")
            #expect(checked.errors.contains(word), "\(checked.errors)")
        }
        for text in [
            "", "administrators: {users: [anna], socket: /run/x}\n", "administrators: {group: adm, socket: /run/x}\n",
            "administrators: {users: [a, b], socket: /run/x}\napprovals: {on: false}\n",
        ] {
            #expect(try await Program().run("config", "check", "-", input: Array((base + text).utf8)).code == 0, "\(text)")
        }
    }
}

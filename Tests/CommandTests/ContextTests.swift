import Foundation
import JSON
import Testing

@testable import hie

/// Nodes by name: `hie context`, `--context`, and what comes before what.
@Suite struct ContextTests {
    @Test func `contexts are added, used, listed and removed, and commands follow them`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let program = Program(environment: ["XDG_CONFIG_HOME": folder.path])
        let (one, other) = (folder.path + "/one", folder.path + "/two: \"quoted\"")
        #expect(try await program.run("context", "list").errors.contains("hie context add"))
        #expect(try await program.run("context", "add", "one", "--home", one).code == 0)
        #expect(try await program.run("context", "add", "one", "--home", one).code == 0, "twice is once")
        let clash = try await program.run("context", "add", "one", "--home", other)
        #expect(clash.code == 8)
        #expect(clash.errors.contains("--replace"))
        #expect(try await program.run("context", "add", "two", "--home", other, "--as", folder.path + "/c").code == 0)
        let listed = try #require(try await program.run("context", "list", "--json").json)
        #expect(listed["current"] == "one", "the first is in use at once")
        #expect(listed["contexts"]?.items.compactMap { $0["home"]?.string } == [one, other])

        // The folders hold no node; what is said names the folder that was taken.
        #expect(try await program.run("status").errors.contains(one))
        #expect(try await program.run("status", "--context", "two").errors.contains(other))
        #expect(try await program.run("context", "use", "two").code == 0)
        #expect(try await program.run("status").errors.contains(other))
        #expect(try await program.run("status", "--home", one).errors.contains(one), "a flag comes before")
        var set = program
        set.environment["HIE_CONTEXT"] = "one"
        #expect(try await set.run("status").errors.contains(one))
        set.environment["HIE_HOME"] = folder.path + "/three"
        #expect(try await set.run("status").errors.contains("/three"), "a folder comes before a context")
        #expect(try await set.run("status", "--context", "two").errors.contains(other), "a flag before the environment")
        #expect(try await program.run("document", "find", "--identifier", "urn:oid:1.2|x").errors.contains(folder.path + "/c"))

        #expect(try await program.run("context", "remove", "two").code == 0)
        #expect(try await program.run("context", "remove", "two").code == 4)
        #expect(try await program.run("status").errors.contains(folder.path + "/one") == false, "none is in use any more")
        #expect(try folder.mode("hie/contexts.yaml") == 0o600)
    }

    @Test func `a name that nobody knows and a file that is wrong are usage, with what to do`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let program = Program(environment: ["XDG_CONFIG_HOME": folder.path])
        let unknown = try await program.run("status", "--context", "nowhere")
        #expect(unknown.code == 2)
        #expect(unknown.errors.contains("hie context list"))
        let both = try await program.run("status", "--context", "a", "--home", "/x")
        #expect(both.code == 2)
        for name in ["", "none", "a b", "../x", "a/b"] {
            #expect(try await program.run("context", "add", name, "--home", "/x").code == 2, "\(name)")
        }
        #expect(try await program.run("context", "add", "x").code == 2)
        try FileManager.default.createDirectory(atPath: folder.path + "/hie", withIntermediateDirectories: true)
        for text in ["[1]", "current: x\ncontexts: {x: {home: relative}}", "contexts: {x: {homes: /x}}", "\u{0}", "a: b"] {
            _ = try folder.file("hie/contexts.yaml", text: text)
            let wrong = try await program.run("status")
            #expect(wrong.code == 2, "\(text)")
            #expect(wrong.errors.contains("contexts.yaml"), "\(wrong.errors)")
            #expect(try await program.run("status", "--home", folder.path).code == 10, "who names a folder needs no contexts")
        }
    }
}

/// `hie init` on a terminal.
@Suite struct InitQuestionsTests {
    private func questions(_ lines: [String]) -> (InitQuestions, shown: () -> String) {
        final class Typing {
            var lines: [String]
            var shown = ""
            init(_ lines: [String]) { self.lines = lines }
        }
        let typing = Typing(lines)
        return (
            InitQuestions(
                read: { typing.lines.isEmpty ? nil : typing.lines.removeFirst() }, show: { typing.shown += $0 }),
            { typing.shown }
        )
    }

    @Test func `a wrong answer is asked again with the reason, and blanks around it are no part of it`() throws {
        let (asked, shown) = questions(["", "  Eastside Clinic ", "1.two", "1.3.6.1.4", "maybe", "opt-in", "nowhere", "", "a:1, b:2"])
        #expect(try asked.name() == "Eastside Clinic")
        #expect(try asked.community() == "1.3.6.1.4")
        #expect(try asked.consent() == "opt-in")
        #expect(try asked.address("Where", otherwise: "here:1") == "here:1")
        #expect(try asked.seeds() == ["a:1", "b:2"])
        #expect(shown().contains("That is no OID"))
        #expect(shown().contains("Write HOST:PORT"))
    }

    @Test func `the end of what is typed ends it, and so does nonsense without end`() {
        #expect(throws: CommandFailure.self) { _ = try questions([]).0.name() }
        #expect(throws: CommandFailure.self) { _ = try questions(Array(repeating: "x", count: 100)).0.community() }
    }

    @Test func `without a terminal nothing is asked`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let refused = try await Program().run("init", "--home", folder.path + "/n", "--name", "A", input: Array("1.2.3\n".utf8))
        #expect(refused.code == 2)
        #expect(refused.errors.contains("--community is missing"))
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/n"))
    }
}

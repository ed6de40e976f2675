import Foundation
import Testing

/// The manual pages and completions, as their readers take them; each of those that this machine has.
@Suite struct ManualTests {
    private static func isThere(_ program: String) -> Bool {
        ["/usr/bin/", "/bin/", "/usr/local/bin/"].contains { FileManager.default.isExecutableFile(atPath: $0 + program) }
    }

    /// What a program says, on both of its outputs, and how it ended.
    private static func said(_ program: String, _ arguments: [String]) async throws -> (text: String, code: Int32) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (String(decoding: bytes, as: UTF8.self), process.terminationStatus)
    }

    private static func pages(_ folder: Folder) async throws -> [String] {
        let written = try await Program().run("manual", "--to", folder.path + "/man")
        try #require(written.code == 0, "\(written.errors)")
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/man").sorted()
        #expect(pages.count > 120)
        return pages.map { folder.path + "/man/" + $0 }
    }

    @Test(.enabled(if: isThere("mandoc"), "apt-get install mandoc")) func `mandoc has nothing to say against any page`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let lint = try await Self.said("mandoc", ["-Tlint", "-W", "warning"] + Self.pages(folder))
        #expect(lint.code == 0 && lint.text.isEmpty, "\(lint.text.prefix(2000))")
    }

    @Test(.enabled(if: isThere("groff"), "apt-get install groff")) func `groff warns of nothing, and every page has its parts`() async throws {
        let folder = try Folder()
        defer { folder.remove() }
        for page in try await Self.pages(folder) {
            let text = try String(contentsOfFile: page, encoding: .utf8)
            for part in [".Sh NAME", ".Sh SYNOPSIS", ".Sh EXIT STATUS"] { #expect(text.contains(part + "\n"), "\(page)") }
        }
        let warned = try await Self.said("groff", ["-mdoc", "-Tutf8", "-ww", "-z"] + Self.pages(folder))
        #expect(warned.code == 0 && warned.text.isEmpty, "\(warned.text.prefix(2000))")
    }

    /// A shell, and a script that loads FILE and asks what `hie certi` and `hie access ` could go on as.
    static let shells: [(name: String, script: String)] = [
        (
            "bash",
            """
            set -eu; set +u; source FILE
            COMP_WORDS=(hie certi); COMP_CWORD=1; COMP_LINE='hie certi'; COMP_POINT=9; _hie hie certi hie; echo "${COMPREPLY[@]}"
            COMP_WORDS=(hie access ''); COMP_CWORD=2; COMP_LINE='hie access '; COMP_POINT=11; _hie hie '' access; echo "${COMPREPLY[@]}"
            complete -p hie
            """
        ),
        ("fish", "source FILE; complete -C 'hie certi'; complete -C 'hie access '"),
        (
            "zsh",
            // Completion itself needs a terminal: what is asked is that it loads, and that it is what completes hie.
            """
            fpath=(FOLDER $fpath); autoload -Uz compinit; compinit -u -d FOLDER/dump; [[ ${_comps[hie]} == _hie ]] || exit 1
            autoload +X -Uz _hie || exit 1; functions _hie | grep -q access && cat FILE
            """
        ),
    ]

    @Test(arguments: shells.map { $0.name }.filter { isThere($0) }) func `a shell loads its completions and asks them`(_ name: String) async throws {
        let folder = try Folder()
        defer { folder.remove() }
        let script = try await Program().run("completion", name)
        try #require(script.code == 0)
        let file = try folder.file("_hie", script.out)
        let text = try #require(Self.shells.first { $0.name == name }?.script)
            .replacingOccurrences(of: "FILE", with: file).replacingOccurrences(of: "FOLDER", with: folder.path)
        let asked = try await Self.said(name, name == "zsh" ? ["-f", "-c", text] : ["-c", text])
        #expect(asked.code == 0, "\(asked.text.suffix(500))")
        for word in ["certificate", "explain", "roles"] { #expect(asked.text.contains(word), "\(word)") }
    }
}

import JSON
import Testing

/// What every command says of itself.
@Suite struct HelpTests {
    private struct Command: Sendable {
        let path: [String]
        let abstract: String
        let options: [String]
        /// It only has commands below it.
        let isGroup: Bool
    }

    /// Every command, as the program itself lists them.
    private static func commands() async throws -> [Command] {
        let dump = try await Program().run("--experimental-dump-help")
        func walk(_ node: JSONValue, _ above: [String]) -> [Command] {
            guard let name = node["commandName"]?.string, name != "help" else { return [] }
            let path = above + [name]
            let options = (node["arguments"]?.items ?? []).compactMap { $0["preferredName"]?["name"]?.string }
            let below = (node["subcommands"]?.items ?? []).flatMap { walk($0, path) }
            let command = Command(
                path: path, abstract: node["abstract"]?.string ?? "", options: options, isGroup: !below.isEmpty)
            return [command] + below
        }
        return (dump.json?["command"]).map { walk($0, []) } ?? []
    }

    @Test func `every command of the issue is there`() async throws {
        let found = Set(try await Self.commands().map { $0.path.dropFirst().joined(separator: " ") })
        let wanted = [
            "init", "run", "status", "doctor", "certificate init", "certificate issue", "certificate show", "certificate list", "certificate revoke",
            "certificate renew", "certificate forecast", "certificate request", "certificate sign", "certificate import",
            "certificate rotate", "token issue",
            "peer list", "peer show", "peer approve", "peer block", "peer revoke", "peer ping", "invite", "join",
            "directory list", "directory show", "directory watch", "directory doctor", "directory leave",
            "directory adopt", "patient add", "patient find",
            "patient match", "patient show", "patient import", "patient explain", "patient review list",
            "patient review show", "patient review link", "patient review reject", "patient review skip", "patient merge",
            "patient unlink", "patient undo", "patient history", "patient golden", "patient model show", "patient model learn",
            "patient model diff", "patient model activate", "document check", "document publish", "document find", "document get", "document show",
            "consent record", "consent revoke", "consent list", "consent show", "consent history", "consent explain",
            "consent what-if", "audit patient", "audit alerts list", "audit alerts review", "audit alerts close",
            "audit verify", "audit search", "audit prove", "audit check", "audit keys", "audit witness",
            "retention plan", "retention apply", "retention hold", "retention release", "retention holds", "retention erase",
            "journal rebuild", "journal follow", "journal promote", "backup key", "backup create", "backup verify",
            "backup restore", "keyring rotate", "keyring backup", "keyring restore", "config show", "config check", "config reload",
            "config schema", "completion", "version", "debug bundle", "manual", "access explain", "access roles",
            "limits", "upgrade", "certificate pins", "approve list", "approve show", "approve accept", "approve reject", "context list", "context use", "context add", "context remove",
            "terminology import", "terminology list", "terminology lookup", "terminology validate", "feed status",
            "feed dead-letter list", "feed dead-letter show", "feed dead-letter retry",
        ]
        #expect(Set(wanted).subtracting(found).isEmpty)
    }

    @Test func `every help has an example that begins with the command, on stdout, in 100 columns`() async throws {
        let commands = try await Self.commands()
        #expect(commands.count > 30)
        for command in commands {
            let help = try await Program().run(Array(command.path.dropFirst()) + ["--help"])
            #expect(help.code == 0, "\(command.path)")
            #expect(help.errors.isEmpty, "\(command.path)")
            #expect(help.text.contains("EXAMPLE"), "\(command.path)")
            #expect(help.text.contains(command.path.joined(separator: " ")), "\(command.path)")
            let example = help.text.components(after: "EXAMPLE")
            #expect(example.contains("hie "), "\(command.path)")
            #expect(!command.abstract.isEmpty, "\(command.path)")
            for line in help.text.split(separator: "\n") where line.count > 100 && !line.hasPrefix("USAGE:") {
                Issue.record("\(command.path): \(line)")
            }
        }
    }

    @Test func `every command that reads has --json`() async throws {
        let silent: Set = ["run", "get", "demo", "completion"]
        for command in try await Self.commands() where !command.isGroup {
            guard let name = command.path.last, !silent.contains(name) else { continue }
            #expect(command.options.contains("json"), "\(command.path)")
        }
    }

    @Test func `the exit codes stand in the program's help`() async throws {
        let help = try await Program().run("--help")
        for code in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "130"] {
            #expect(help.text.contains(" \(code)  "))
        }
    }

    @Test func `no secret can be given in argv`() async throws {
        for command in try await Self.commands() {
            for option in command.options {
                #expect(!["password", "token", "secret", "passphrase"].contains(option), "\(command.path) --\(option)")
            }
        }
    }
}

extension String {
    fileprivate func components(after word: String) -> Substring {
        firstRange(of: word).map { self[$0.upperBound...] } ?? ""
    }
}

import ArgumentParser
import ExchangeCore
import ExchangeNode
import FoundationEssentials
import JSON

/// `hie config`.
struct ConfigCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config",
        abstract: "A node's configuration, every limit included.",
        discussion: """
            A value is taken from --set, else from the environment (limits.nesting is \
            HIE_LIMITS_NESTING), else from node.yaml, else it is the default.

            EXAMPLE
              hie config show --origin
              hie config check
              hie config reload
            """,
        subcommands: [Show.self, Check.self, ConfigReloadCommand.self, ConfigSchemaCommand.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Print the configuration in force, defaults filled in.",
            discussion: """
                EXAMPLE
                  hie config show --origin
                  hie config show --json | jq -r '."limits.request-bytes"'
                """)

        @Flag(help: "Say of each value where it is stated: flag, environment, node.yaml or default.") var origin = false
        @OptionGroup var settings: SettingOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let folder = home.folder()
            try AdminClient(home: folder).demandHome()
            let configuration: NodeConfiguration
            do {
                configuration = try NodeConfiguration(of: NodeHome.here(folder, settings: settings.values))
            } catch {
                throw ConfigCommand.refusal(error, in: folder + "/node.yaml", on: terminal)
            }
            for name in ConfigurationSchema.unknownVariables(of: ProcessInfo.processInfo.environment) {
                terminal.words("\(name) states nothing; hie config schema lists the names")
            }
            func source(_ key: String) -> String { configuration.origin(key).rawValue }
            if output.json {
                return terminal.result(
                    .object(
                        JSONObject(
                            configuration.effective.map { key, value in
                                .init(key, origin ? ["value": .string(value), "origin": .string(source(key))] : .string(value))
                            })))
            }
            if origin {
                var table = Table("KEY", "ORIGIN", "VALUE")
                for (key, value) in configuration.effective {
                    table.add(.init(key), .init(source(key)), .init(value))
                }
                return terminal.result(table)
            }
            var facts = Facts()
            for (key, value) in configuration.effective { facts.add(key, value) }
            facts.show(on: terminal)
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check a configuration file; every problem is named at once.",
            discussion: """
                Exits 2 when anything is wrong, an unknown key included.

                EXAMPLE
                  hie config check --home ~/.hie
                  hie config check node.yaml
                """)

        @Argument(help: "The file; - reads stdin; a node's own, with what stands before it, when not given.") var file: String?
        @OptionGroup var settings: SettingOptions
        @OptionGroup var home: HomeOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let terminal = Terminal()
            let own = home.folder()
            let text = try file.map { path throws(CommandFailure) in try LocalFile.text(path) }
            if text == nil { try AdminClient(home: own).demandHome() }
            let file = file ?? own + "/node.yaml"
            do {
                if let text {
                    let overlay = ConfigurationOverlay(flags: settings.values, environment: [:])
                    _ = try NodeConfiguration(yaml: text, overlay: overlay)
                } else {
                    _ = try NodeConfiguration(of: NodeHome.here(own, settings: settings.values))
                }
            } catch {
                if output.json {
                    terminal.result([
                        "valid": false, "problems": .array(ConfigCommand.problems(error).map { .string($0) }),
                    ])
                    throw ExitStatus.usage.exit
                }
                throw ConfigCommand.refusal(error, in: file, on: terminal)
            }
            if output.json { return terminal.result(["valid": true, "problems": []]) }
            terminal.result("\(file): fine", .good)
        }
    }

    /// The single problems of a refused file.
    static func problems(_ error: ExchangeError) -> [String] {
        error.message.split(separator: "\n").map(String.init)
    }

    /// Names every problem, and gives what ends the command.
    static func refusal(_ error: ExchangeError, in file: String, on terminal: Terminal) -> CommandFailure {
        let problems = problems(error)
        for problem in problems { terminal.words("  " + problem) }
        return CommandFailure(
            .usage, "\(file) has \(Words.count(problems.count, "problem"))",
            hint: "correct the file; the walk-through of the README has an example")
    }
}

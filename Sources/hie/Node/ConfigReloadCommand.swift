import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import JSON

/// `hie config reload`.
struct ConfigReloadCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload",
        abstract: "Have a running node read node.yaml anew.",
        discussion: """
            The log's level, token issuers, admissions and certificates are taken up at once. What else \
            changed is named: it waits for --reopen, which closes connections and shuts the ports for a \
            moment. A file that is wrong changes nothing. Safe to repeat; SIGHUP does the same, \
            unless reading anew waits for a second administrator (approvals).

            EXAMPLE
              hie config reload
              hie config reload --reopen
              hie config reload --json | jq .waiting
            """)

    @Flag(help: "Have the node open itself anew when something waits.") var reopen = false
    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let admin = AdminClient(home)
        if reopen, try await admin.ask(.approveList)["waits"]?.items.contains("config/reload") == true {
            // Two would have to agree twice; a reopening takes up everything, and it is that which they agree to.
            _ = try await admin.ask(.nodeReopen)
            try await NodeReopening(admin).wait(on: terminal)
            if output.json { return terminal.result(["taken": [], "waiting": [], "reopened": true]) }
            return terminal.result("in force, the node opened itself anew")
        }
        let answer = try await admin.ask(.configReload)
        let isWaiting = !(answer["waiting"]?.items ?? []).isEmpty
        let isReopened = reopen && isWaiting
        if isReopened {
            _ = try await admin.ask(.nodeReopen)
            try await NodeReopening(admin).wait(on: terminal)
        }
        if output.json {
            return terminal.result([
                "taken": answer["taken"] ?? [], "waiting": isReopened ? [] : answer["waiting"] ?? [],
                "reopened": .bool(isReopened),
            ])
        }
        let taken = answer.joined("taken")
        terminal.result(taken.isEmpty ? "nothing to take up" : "in force: \(taken)")
        guard isWaiting else { return }
        terminal.result(
            isReopened ? "in force, the node opened itself anew: \(answer.joined("waiting"))"
                : "waits: \(answer.joined("waiting"))")
        if !isReopened { terminal.words("next: hie config reload --reopen, at a quiet moment") }
    }
}

/// `hie config schema`.
struct ConfigSchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "List every key of node.yaml; as JSON Schema for editors.",
        discussion: """
            EXAMPLE
              hie config schema
              hie config schema --json > node.schema.json
            """)

    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        if output.json { return terminal.result(ConfigurationSchema.json) }
        var table = Table("KEY", "FORM", "TAKEN UP BY", "ENVIRONMENT", "MEANING")
        for key in ConfigurationSchema.keys {
            table.add(
                .init(key.name), .init(key.formText), .init(key.isReloadable ? "reload" : "reopening"),
                .init(key.variable ?? "-"), .init(key.meaning + (key.isRequired ? " (required)" : "")))
        }
        terminal.result(table)
    }
}

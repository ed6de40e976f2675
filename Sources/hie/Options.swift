import ArgumentParser
import ExchangeNode
import FoundationEssentials

/// `--json`, on every command that reads.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON with stable field names instead of text.")
    var json = false
}

/// Which node an administrator means.
struct HomeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The node's folder (HIE_HOME; ~/.hie when nothing names another).", valueName: "dir"))
    var home: String?

    @Option(help: ArgumentHelp("Its administrators' socket, where the folder is another's (HIE_SOCKET).", valueName: "path"))
    var socket: String?

    @Option(help: ArgumentHelp("A node by the name it has in hie context list (HIE_CONTEXT).", valueName: "name"))
    var context: String?

    func validate() throws {
        if context != nil, home != nil || socket != nil {
            throw ValidationError("--context names a node by itself; leave --home and --socket out.")
        }
        do { _ = try place() } catch let failure as CommandFailure { throw ValidationError(failure.line) }
    }

    /// The folder: flags, then the environment, then the context in use, then the default. Known to be there by `validate`.
    func folder(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        let home = (try? place(environment: environment))?.home
        return home ?? LocalFile.absolute((environment["HOME"] ?? ".") + "/.hie")
    }

    /// The socket, when it is another than the folder's own.
    func socketPath(environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
        (try? place(environment: environment))?.socket
    }

    /// Where the node is: flags, `--context`, then the environment's variables, then the context in use.
    private func place(environment: [String: String] = ProcessInfo.processInfo.environment) throws -> NodeContext {
        func named(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : LocalFile.absolute($0) } }
        if home != nil || socket != nil {
            return NodeContext(home: home.map(LocalFile.absolute), socket: socket.map(LocalFile.absolute))
        }
        if context == nil, named("HIE_HOME") != nil || named("HIE_SOCKET") != nil {
            return NodeContext(home: named("HIE_HOME"), socket: named("HIE_SOCKET"))
        }
        return try NodeContexts.chosen(context, environment: environment) ?? NodeContext()
    }
}

/// Values before those of `node.yaml`.
struct SettingOptions: ParsableArguments {
    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("A value before node.yaml's and the environment's; repeat for more.", valueName: "key=value"))
    var set: [String] = []

    func validate() throws {
        for text in set where !text.contains("=") {
            throw ValidationError("--set is KEY=VALUE, such as log=debug; hie config schema lists the keys.")
        }
    }

    /// The values by key; of one that stands twice the last.
    var values: [String: String] {
        Dictionary(
            set.map { text in
                let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            }) { $1 }
    }
}

extension NodeHome {
    /// A node's folder, with what flags and this process's environment state before its file.
    static func here(_ path: String, settings: [String: String] = [:]) -> NodeHome {
        NodeHome(
            path, overlay: ConfigurationOverlay(flags: settings, environment: ProcessInfo.processInfo.environment))
    }
}

/// How a clinician's or a facility's system reaches a node: each flag has its twin in the environment.
struct ServerOptions: ParsableArguments {
    @Option(
        name: .customLong("as"),
        help: ArgumentHelp("Folder with client.yaml and its certificate, key and token (HIE_AS).", valueName: "folder"))
    var folder: String?

    @Option(help: ArgumentHelp("FHIR base URL of the node (HIE_SERVER).", valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp("Certificate of the authority the node is checked against (HIE_CACERT).", valueName: "file"))
    var cacert: String?

    @Option(help: ArgumentHelp("Our client certificate (HIE_CERT).", valueName: "file"))
    var cert: String?

    @Option(help: ArgumentHelp("Its private key (HIE_KEY).", valueName: "file"))
    var key: String?

    @Option(help: ArgumentHelp("File with the user's token (HIE_TOKEN_FILE).", valueName: "file"))
    var tokenFile: String?
}

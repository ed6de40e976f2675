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
    @Option(help: ArgumentHelp("The node's folder (HIE_HOME; ~/.hie when neither is given).", valueName: "dir"))
    var home: String?

    /// The folder: the flag, then the environment, then the default.
    func folder(environment: [String: String] = ProcessInfo.processInfo.environment) -> String {
        if let home { return LocalFile.absolute(home) }
        if let named = environment["HIE_HOME"], !named.isEmpty { return LocalFile.absolute(named) }
        return LocalFile.absolute((environment["HOME"] ?? ".") + "/.hie")
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

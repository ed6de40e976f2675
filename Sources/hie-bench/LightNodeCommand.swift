import ArgumentParser
import ExchangeNode

/// `hie-bench node`: one node in this process, for the directory's herd.
struct LightNodeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Run one node; what hie-bench directory starts many of.", shouldDisplay: false)

    @Option(help: "The node's folder.") var home: String
    @Flag(help: "With consent's rounds and the journals' witnesses.") var whole = false

    func run() async throws {
        let folder = NodeHome(home)
        let node = try await Node(folder, logger: NodeLog.logger("hie", level: NodeConfiguration(of: folder).logLevel))
        try await node.run(isDirectoryOnly: !whole)
    }
}

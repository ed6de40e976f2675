import AdminEndpoint
import ArgumentParser
import ExchangeCore
import ExchangeNode
import FoundationEssentials
import JSON
import Journal
import Logging

/// `hie journal rotate-key`.
struct JournalRotateKeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-key",
        abstract: "Give the journal another key to sign its heads with; nothing is written anew.",
        discussion: """
            The log keeps its name: an entry names both keys, signed by the old one. A running \
            node opens itself anew under the new key, within a second or two, and tells the \
            others in its directory record.

            EXAMPLE
              hie journal rotate-key --home /var/lib/hie
            """)

    @OptionGroup var home: HomeOptions
    @OptionGroup var output: OutputOptions

    func run() async throws {
        let terminal = Terminal()
        let client = AdminClient(home)
        try client.demandNode()
        let key: String
        if await client.isRunning() {
            key = try await client.ask(.journalRotateKey, seconds: 60).text("key")
            try await NodeReopening(client).wait(on: terminal)
        } else {
            key = try await rotateStopped(NodeHome.here(client.home))
        }
        if output.json { return terminal.result(["key": .string(key)]) }
        terminal.result(key)
        terminal.words("next: hie backup create, since older backups hold the old key")
    }

    private func rotateStopped(_ node: NodeHome) async throws -> String {
        do throws(ExchangeError) {
            let store = try await NodeStore.open(
                node, configuration: try NodeConfiguration(of: node), world: .system,
                logger: Logger(label: "hie.journal") { _ in SwiftLogNoOpLogHandler() })
            let key = try await LogKeyFile.rotate(node, store: store, user: AdminClient.userName, world: .system)
            try await store.close()
            return key.text
        } catch {
            guard error.code == .conflict else { throw CommandFailure(error) }
            throw CommandFailure(.locked, "another command holds \(node.store.path)", hint: "wait for it")
        }
    }
}

/// Waits for a running node that was told to open itself anew.
struct NodeReopening {
    private let client: AdminClient

    /// Of the node that a client speaks to.
    init(_ client: AdminClient) { self.client = client }

    /// Returns when the node answers under the keys of its folder. Throws `.unreachable` when it does not within 40 s.
    func wait(on terminal: Terminal) async throws {
        let client = client
        try await Progress.during("waiting for the node", world: .system, on: terminal) { _ in
            let began = World.system.uptime()
            while World.system.uptime() - began < .seconds(40) {
                try await World.system.sleep(.milliseconds(100))
                if let status = try? await client.ask(.nodeStatus, seconds: 5), status["reopening"]?.bool != true { return }
            }
            throw CommandFailure(
                .unreachable, "the node does not answer under its new key", hint: "see its log; hie status")
        }
    }
}
